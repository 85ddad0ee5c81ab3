/* veriteed: argv to a running server. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/file.h"
#include "common/secret.h"
#include "proxy/server/options.h"
#include "proxy/server/server.h"

int main(int argc, char **argv)
{
    struct options options;
    struct why why = { 0 };
    char line[512];
    int status;

    if (!secret_init()) {
        (void)fputs("veriteed: the system gives no random bytes\n", stderr);
        return EXIT_FAILURE;
    }
    status = options_read(&options, argc, argv, stdout, stderr);
    if (status != -1)
        return status;
    options.log.colour = isatty(STDERR_FILENO) == 1;
    secret_no_dump();
    file_limit_raise();
    status = server_run(&options, stdout, &why) == STATUS_OK ? EXIT_SUCCESS
                                                             : EXIT_FAILURE;
    if (status != EXIT_SUCCESS) {
        why_line(&why, line, sizeof(line));
        (void)fprintf(stderr, "veriteed: %s\n", line);
    }
    options_free(&options);
    return status;
}
