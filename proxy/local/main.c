/* veritee: argv to subcommand. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/compiler.h"
#include "common/secret.h"
#include "proxy/local/cmd_check.h"
#include "proxy/local/cmd_inspect.h"
#include "proxy/local/cmd_run.h"
#include "proxy/local/cmd_status.h"
#include "proxy/local/cmd_verify.h"

static const struct command {
    const char *name;
    int (*main)(int argc, char **argv);
    const char *what;
} commands[] = {
    { "run", cmd_run_main, "start the proxy" },
    { "status", cmd_status_main, "say what the running proxy trusts" },
    { "check", cmd_check_main, "read a policy and say what it accepts" },
    { "verify", cmd_verify_main, "verify a quote from files" },
    { "inspect", cmd_inspect_main, "tell what is in a quote, unverified" },
};

static void print_help(FILE *to)
{
    (void)fputs("Usage: veritee COMMAND [options]\n"
                "\n"
                "A local proxy that lets nothing through until the far end has "
                "proved what it is.\n\n",
                to);
    for (size_t i = 0; i < COUNT_OF(commands); i++)
        (void)fprintf(to, "  %-8s %s\n", commands[i].name, commands[i].what);
    (void)fputs("\n'veritee COMMAND --help' says more of each; 'veritee "
                "--version' which this is.\n",
                to);
}

int main(int argc, char **argv)
{
    if (!secret_init()) {
        (void)fputs("veritee: the system gives no random bytes\n", stderr);
        return EXIT_FAILURE;
    }
    if (argc < 2) {
        print_help(stderr);
        return 2;
    }
    if (strcmp(argv[1], "--version") == 0)
        return puts("veritee " VERITEE_VERSION) < 0;
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_help(stdout);
        return EXIT_SUCCESS;
    }
    for (size_t i = 0; i < COUNT_OF(commands); i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].main(argc - 1, argv + 1);
    (void)fprintf(stderr, "veritee: unknown command '%.64s'\n\n", argv[1]);
    print_help(stderr);
    return 2;
}
