#include "tests/support/policy_folder.h"

#include "tests/support/check.h"

static enum status read_file(void *ctx, const char *path, size_t max,
                             struct buffer *out, struct why *why)
{
    const struct policy_folder_file *f = ctx;

    *out = buffer_with_max(max);
    while (f->path != NULL && strcmp(f->path, path) != 0)
        f++;
    if (f->path == NULL)
        return why_fail(why, STATUS_NO_FILE, NULL, NULL,
                        "%s: No such file or directory", path);
    buffer_text(out, f->text);
    if (buffer_ok(out))
        return STATUS_OK;
    buffer_free(out);
    return why_fail(why, STATUS_NO_MEMORY, NULL, NULL, "no memory");
}

enum status policy_folder_load(const struct policy_folder_file *files,
                               struct policy **out, struct policy_error *err)
{
    const struct policy_files folder = { .read = read_file,
                                         .ctx = (void *)(uintptr_t)files };

    return policy_load(files[0].path, &folder, out, err);
}

struct policy *policy_folder_parse(const struct policy_folder_file *files)
{
    struct policy_error err;
    struct policy *p;
    char line[512];

    if (policy_folder_load(files, &p, &err) != STATUS_OK) {
        policy_error_line(&err, line, sizeof(line));
        fail_msg("%s", line);
    }
    return p;
}
