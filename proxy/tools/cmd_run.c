#include "proxy/tools/cmd_run.h"

#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "common/limits.h"
#include "common/log.h"
#include "common/secret.h"
#include "common/text.h"
#include "policy/policy.h"
#include "proxy/local/daemon.h"
#include "proxy/local/paths.h"
#include "proxy/local/policy_file.h"
#include "proxy/tools/command_policy.h"
#include "proxy/tools/terminal.h"

#define LOCAL_CONNS_LIMIT 1000000

struct options {
    const char *policy_path;
    const char *log_format;
    const char *log_level;
    const char *workers; /* these are numbers[] */
    const char *drain_seconds;
    const char *connections;
    const char *keep_alive_seconds;
    const char *stream_idle_seconds;
    const char *session_idle_seconds;
    bool explain;
};

#define FIELD(name) offsetof(struct options, name)

static const struct command_option known[] = {
    { "policy", 'p', OPTION_FILE, FIELD(policy_path), "FILE",
      "the policy; default: $XDG_CONFIG_HOME/veritee/\n"
      "policy.yaml, ~/.config/veritee/policy.yaml or\n"
      "/etc/veritee/policy.yaml" },
    { "explain", 'e', OPTION_FLAG, FIELD(explain), NULL,
      "attest every service at start and print the\n"
      "verdicts before the line that begins \"ready:\"" },
    { "workers", 0, OPTION_TEXT, FIELD(workers), "N",
      "threads, each with its own connections; default:\n"
      "half as many as processors, 1 to 4" },
    { "drain-seconds", 0, OPTION_TEXT, FIELD(drain_seconds), "N",
      "how long requests may go on after SIGTERM; default: 10" },
    { "connections", 0, OPTION_TEXT, FIELD(connections), "N",
      "from programs here, at once; default: 16384" },
    { "keep-alive-seconds", 0, OPTION_TEXT, FIELD(keep_alive_seconds), "N",
      "how long one may wait for a next request;\n"
      "default: 120" },
    { "stream-idle-seconds", 0, OPTION_TEXT, FIELD(stream_idle_seconds), "N",
      "cut a request or tunnel without a byte either way\n"
      "for so long; default: 0, never" },
    { "session-idle-seconds", 0, OPTION_TEXT, FIELD(session_idle_seconds), "N",
      "end a session that nobody uses for so long;\n"
      "default: 1800; 0: never" },
    { "log-format", 0, OPTION_WORD, FIELD(log_format), "human|json",
      "human (default) or json" },
    { "log-level", 0, OPTION_WORD, FIELD(log_level), "error|warn|info|debug",
      "error, warn, info (default) or debug" },
    { .name = NULL },
};

static int run_main(int argc, char **argv);

const struct command cmd_run_command = {
    .name = "run",
    .what = "start the proxy",
    .synopsis = "[--policy FILE] [options]",
    .about =
        "Start the proxy. It listens where the policy says, by default on\n"
        "localhost:8118, for HTTP, CONNECT, SOCKS4, SOCKS4a and SOCKS5.\n"
        "\n"
        "SIGHUP reads the policy again and judges every session by it.\n"
        "SIGINT or SIGTERM stops it: once lets requests end, twice is at once.\n",
    .options = known,
    .exits = "0 after a clean stop; 1 on failure; 2 for usage or a policy\n"
             "that cannot be read.\n",
    .examples = "veritee run\n"
                "veritee run --policy policy.yaml --explain\n",
    .main = run_main,
};

/* The log of decisions, as |policy| asks for it; NULL if it asks for none.
 * Returns -1 to go on, else the exit status. */
static int open_audit(const struct policy *policy, const struct log *log,
                      struct audit **out)
{
    const struct policy_audit *asked = &policy->audit;
    char state[PATHS_ROOM];
    const char *dir = asked->dir;
    struct why why = { 0 };

    *out = NULL;
    if (!asked->keep)
        return -1;
    if (dir == NULL && paths_audit(state))
        dir = state;
    if (dir == NULL)
        (void)why_fail(&why, STATUS_NO_FILE, "audit", NULL,
                       "neither HOME nor XDG_STATE_HOME is set");
    else if (audit_open(dir, asked->max_bytes, log, out, &why) == STATUS_OK)
        return -1;
    if (asked->asked)
        return command_fail_why(&cmd_run_command, COMMAND_TROUBLE, &why);
    log_why(log, LOG_WARN, "audit.off", &why, NULL);
    return -1;
}

/* What the options above say. */
struct numbers {
    uint64_t workers;
    uint64_t drain_s;
    uint64_t connections;
    uint64_t keep_alive_s;
    uint64_t stream_idle_s;
    uint64_t session_idle_s;
};

static const struct {
    const char *name;
    size_t text;   /* in struct options */
    size_t number; /* in struct numbers */
    uint64_t min, max;
} numbers[] = {
#define NUMBER(name) offsetof(struct numbers, name)
    /* clang-format off */
    { "workers",              FIELD(workers),              NUMBER(workers),
      1, WORKERS_MAX },
    { "drain-seconds",        FIELD(drain_seconds),        NUMBER(drain_s),
      1, DRAIN_SECONDS_MAX },
    { "connections",          FIELD(connections),          NUMBER(connections),
      1, LOCAL_CONNS_LIMIT },
    { "keep-alive-seconds",   FIELD(keep_alive_seconds),   NUMBER(keep_alive_s),
      1, IDLE_SECONDS_MAX },
    { "stream-idle-seconds",  FIELD(stream_idle_seconds),  NUMBER(stream_idle_s),
      0, IDLE_SECONDS_MAX },
    { "session-idle-seconds", FIELD(session_idle_seconds), NUMBER(session_idle_s),
      0, IDLE_SECONDS_MAX },
/* clang-format on */
#undef NUMBER
};

/* Those that are not given are |out|'s already. Returns -1 to go on, else the
 * exit status. */
static int read_numbers(const struct options *o, struct numbers *out)
{
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        const char *text =
            *(const char *const *)(const void *)((const char *)o +
                                                 numbers[i].text);
        uint64_t *to = (uint64_t *)(void *)((char *)out + numbers[i].number);

        if (text == NULL)
            continue;
        if (!text_from_decimal(slice_text(text), numbers[i].max, to) ||
            *to < numbers[i].min)
            return command_fail(&cmd_run_command, COMMAND_TROUBLE,
                                "--%s is %llu to %llu", numbers[i].name,
                                (unsigned long long)numbers[i].min,
                                (unsigned long long)numbers[i].max);
    }
    return -1;
}

static int run(const struct options *o, const struct numbers *n,
               const struct log *log, const struct policy *policy)
{
    char cache_dir[PATHS_ROOM];
    struct daemon_options daemon = {
        .policy = policy,
        .policy_path = o->policy_path,
        .cache_dir = command_policy_cache(policy, cache_dir),
        .workers = (size_t)n->workers,
        .conns_max = (size_t)n->connections,
        .idle = { .keep_alive_ms = n->keep_alive_s * 1000,
                  .stream_ms = n->stream_idle_s * 1000,
                  .session_ms = n->session_idle_s * 1000 },
        .drain_ms = (int64_t)n->drain_s * 1000,
        .log = log,
        .out = stdout,
        .explain = o->explain,
        .colour = terminal_colour(STDOUT_FILENO),
    };
    struct why why = { 0 };
    enum status st;
    int code = open_audit(policy, log, &daemon.audit);

    if (code != -1)
        return code;
    st = daemon_run(&daemon, &why);
    audit_close(daemon.audit);
    if (st == STATUS_OK)
        return COMMAND_GOOD;
    return command_fail_why(&cmd_run_command, COMMAND_BAD, &why);
}

static int tell_first_steps(void)
{
    (void)command_fail(&cmd_run_command, COMMAND_TROUBLE,
                       "no policy at ~/.config/veritee/policy.yaml or "
                       "/etc/veritee/policy.yaml");
    (void)fputs("  veritee init                 writes one to start from\n"
                "  veritee pin HOST             makes one of what a server "
                "proves now\n"
                "  veritee run --policy FILE    uses another\n",
                stderr);
    return COMMAND_TROUBLE;
}

static int run_main(int argc, char **argv)
{
    struct options o = { .log_format = "human", .log_level = "info" };
    struct numbers n = { .workers = daemon_default_workers(),
                         .drain_s = DRAIN_DEADLINE_MS / 1000,
                         .connections = LOCAL_CONNS_MAX,
                         .keep_alive_s = KEEP_ALIVE_IDLE_MS / 1000,
                         .session_idle_s = SESSION_IDLE_MS / 1000 };
    struct log log = { .to = stderr,
                       .colour = terminal_colour(STDERR_FILENO),
                       .now_ms = log_wall_ms };
    char found[PATHS_ROOM];
    char **operands;
    struct policy *policy = NULL;
    struct policy_error error;
    char line[512];
    int code = command_read(&cmd_run_command, argc, argv, &o, &operands);

    if (code != -1)
        return code;
    log.json = strcmp(o.log_format, "json") == 0;
    if (!log_level_parse(o.log_level, &log.level))
        return COMMAND_TROUBLE; /* the table lets no such word in */
    code = read_numbers(&o, &n);
    if (code != -1)
        return code;
    if (o.policy_path == NULL && !paths_policy(found))
        return tell_first_steps();
    if (o.policy_path == NULL)
        o.policy_path = found;
    if (policy_file_load(o.policy_path, &policy, &error) != STATUS_OK) {
        policy_error_line(&error, line, sizeof(line));
        return command_fail(&cmd_run_command, COMMAND_TROUBLE, "%s", line);
    }
    secret_no_dump();
    file_limit_raise();
    code = run(&o, &n, &log, policy);
    policy_free(policy);
    return code;
}
