#include "tests/support/printed.h"

#include <getopt.h>
#include <stdio.h>
#include <unistd.h>

#include "common/file.h"
#include "tests/support/check.h"

int printed_run(int (*command)(int argc, char **argv), char **args,
                const char *path, struct buffer *out)
{
    int kept = dup(STDOUT_FILENO);
    struct why why;
    int count = 0;
    int code;

    assert_true(kept >= 0);
    while (args[count] != NULL)
        count++;
    (void)fflush(stdout);
    assert_non_null(freopen(path, "w", stdout));
    optind = 1;
    code = command(count, args);
    (void)fflush(stdout);
    assert_true(dup2(kept, STDOUT_FILENO) >= 0);
    (void)close(kept);
    CHECK_STATUS(file_read(path, 1 << 20, out, &why), STATUS_OK);
    return code;
}

bool printed_has(const struct buffer *out, const char *word)
{
    struct slice want = slice_text(word);

    for (size_t i = 0; i + want.len <= out->len; i++)
        if (slice_equal(slice_of(out->at + i, want.len), want))
            return true;
    return false;
}
