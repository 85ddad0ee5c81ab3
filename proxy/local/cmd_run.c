#include "proxy/local/cmd_run.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/secret.h"
#include "policy/policy.h"
#include "proxy/local/daemon.h"
#include "proxy/local/paths.h"
#include "proxy/local/policy_file.h"

#define EXIT_USAGE 2

static const char usage[] =
    "Usage: veritee run [--policy FILE] [options]\n"
    "\n"
    "Start the proxy. It listens where the policy says, by default on\n"
    "localhost:8118, for HTTP, CONNECT, SOCKS4, SOCKS4a and SOCKS5.\n"
    "\n"
    "  -p, --policy FILE      the policy; default: $XDG_CONFIG_HOME/veritee/\n"
    "                         policy.yaml, ~/.config/veritee/policy.yaml or\n"
    "                         /etc/veritee/policy.yaml\n"
    "  -e, --explain          attest every service at start and print the\n"
    "                         verdicts before the line that begins \"ready:\"\n"
    "      --log-format FMT   human (default) or json\n"
    "      --log-level LEVEL  error, warn, info (default) or debug\n"
    "  -h, --help             this text\n"
    "\n"
    "SIGHUP reads the policy again and judges every session by it.\n"
    "SIGINT or SIGTERM stops it: once lets requests end, twice is at once.\n"
    "Exit status: 0 after a clean stop, 1 on failure, 2 for usage or a policy\n"
    "that cannot be read.\n";

struct run_options {
    const char *policy_path; /* NULL: the default places */
    bool explain;
    struct log log;
};

static int bad_usage(const char *what)
{
    (void)fprintf(stderr, "veritee run: %s\nTry 'veritee run --help'.\n", what);
    return EXIT_USAGE;
}

enum { OPT_LOG_FORMAT = 256, OPT_LOG_LEVEL };

/* Returns -1 to go on, else the exit status. */
static int take_option(struct run_options *o, int c)
{
    switch (c) {
    case 'p':
        o->policy_path = optarg;
        return -1;
    case 'e':
        o->explain = true;
        return -1;
    case OPT_LOG_FORMAT:
        o->log.json = strcmp(optarg, "json") == 0;
        if (o->log.json || strcmp(optarg, "human") == 0)
            return -1;
        return bad_usage("--log-format is human or json");
    case OPT_LOG_LEVEL:
        if (log_level_parse(optarg, &o->log.level))
            return -1;
        return bad_usage("--log-level is error, warn, info or debug");
    case 'h':
        (void)fputs(usage, stdout);
        return EXIT_SUCCESS;
    default:
        return bad_usage("unknown option");
    }
}

static int read_options(struct run_options *o, int argc, char **argv)
{
    static const struct option known[] = {
        { "policy", required_argument, NULL, 'p' },
        { "explain", no_argument, NULL, 'e' },
        { "log-format", required_argument, NULL, OPT_LOG_FORMAT },
        { "log-level", required_argument, NULL, OPT_LOG_LEVEL },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    int c = getopt_long(argc, argv, "p:eh", known, NULL);

    while (c != -1) {
        int exit_status = take_option(o, c);

        if (exit_status != -1)
            return exit_status;
        c = getopt_long(argc, argv, "p:eh", known, NULL);
    }
    if (optind < argc)
        return bad_usage("takes no arguments besides options");
    return -1;
}

static int run(const struct run_options *o, const struct policy *policy)
{
    char cache_dir[PATHS_ROOM];
    const struct daemon_options daemon = {
        .policy = policy,
        .policy_path = o->policy_path,
        .cache_dir = policy->collateral.cache_dir != NULL
                         ? policy->collateral.cache_dir
                     : paths_cache(cache_dir) ? cache_dir
                                              : NULL,
        .log = &o->log,
        .out = stdout,
        .explain = o->explain,
        .colour = isatty(STDOUT_FILENO) == 1,
    };
    struct why why = { 0 };
    char line[512];

    if (daemon_run(&daemon, &why) == STATUS_OK)
        return EXIT_SUCCESS;
    why_line(&why, line, sizeof(line));
    (void)fprintf(stderr, "veritee run: %s\n", line);
    return EXIT_FAILURE;
}

int cmd_run_main(int argc, char **argv)
{
    const bool terminal = isatty(STDERR_FILENO) == 1;
    struct run_options o = { .log = { .to = stderr,
                                      .level = LOG_INFO,
                                      .colour = terminal,
                                      .now_ms = log_wall_ms } };
    char found[PATHS_ROOM];
    struct policy *policy = NULL;
    struct policy_error error;
    char line[512];
    int status = read_options(&o, argc, argv);

    if (status != -1)
        return status;
    if (o.policy_path == NULL && !paths_policy(found))
        return bad_usage("no policy at ~/.config/veritee/policy.yaml or "
                         "/etc/veritee/policy.yaml: name one by --policy");
    if (o.policy_path == NULL)
        o.policy_path = found;
    if (policy_file_load(o.policy_path, &policy, &error) != STATUS_OK) {
        policy_error_line(&error, line, sizeof(line));
        (void)fprintf(stderr, "veritee run: %s\n", line);
        return EXIT_USAGE;
    }
    secret_no_dump();
    status = run(&o, policy);
    policy_free(policy);
    return status;
}
