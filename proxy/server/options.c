#include "proxy/server/options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "common/compiler.h"
#include "common/limits.h"
#include "common/suggest.h"
#include "common/text.h"
#include "proxy/io/activation.h"
#include "proxy/io/listener.h"
#include "proxy/server/sim_source.h"
#include "proxy/tunnel/aead.h"

#define EPOCH_DEFAULT_S 3600
#define EPOCH_MAX_S     (30 * 86400)
#define STAPLE_MAX_S    (7 * 86400)

static const char usage[] =
    "Usage: veriteed --listen ADDR --rule RULE [--rule RULE]... SOURCE\n"
    "\n"
    "The server of Veritee: proves to each client what it is, then carries its\n"
    "streams to the backends that the rules name, and nowhere else.\n"
    "\n"
    "  -l, --listen ADDR         HOST:PORT, [V6]:PORT, *:PORT or the path of a\n"
    "                            UNIX socket; port 0: any; repeatable\n"
    "  -r, --rule HOST:PORT=BACKEND\n"
    "                            what is asked for, and where it leads: \"*\",\n"
    "                            \"*.suffix\" and port \"*\" are patterns, the\n"
    "                            backend is host:port or the path of a UNIX\n"
    "                            socket; the most specific wins; repeatable\n"
    "      --rules FILE          the same, one a line, with # comments;\n"
    "                            repeatable, read again on SIGHUP\n"
    "      --epoch-seconds N     a new key every N seconds; default 3600\n"
    "      --workers N           threads, each with its own connections;\n"
    "                            default: one a processor\n"
    "      --teekit on|off       serve clients of teekit too; default on\n"
    "      --drain-seconds N     how long streams may go on after SIGTERM;\n"
    "                            default 10\n"
    "      --limit NAME=N        see below; repeatable\n"
    "      --metrics ADDR        figures for Prometheus, on an address of its\n"
    "                            own: loopback, or the path of a UNIX socket\n"
    "      --log-format FMT      human (default) or json\n"
    "      --log-level LEVEL     error, warn, info (default) or debug\n"
    "      --demo                start a small web site to try, on a port of\n"
    "                            its own; without --rule all names on port 80\n"
    "                            lead there\n"
    "  -h, --help                this text\n"
    "  -V, --version             version, and what was built in\n"
    "\n"
    "Source of quotes; without, what this machine has:\n"
    "      --quote-source NAME[:PATH]\n"
    "                            configfs-tsm (TDX, SEV-SNP), gramine (SGX) or\n"
    "                            command:PROGRAM\n"
    "\n"
    "What clients check the quotes by, sent along with them:\n"
    "      --staple SOURCE[,ca=FILE][,proxy=URL]\n"
    "                            fetch it from pcs (Intel's), pcs:URL, kds\n"
    "                            (AMD's), kds:URL, or the URL of a PCCS;\n"
    "                            repeatable: the next when one fails\n"
    "      --staple-cache DIR    keep it there\n"
    "      --staple-seconds N    look for newer every N seconds; default 28800\n"
    "      --staple-root FILE    PEM: the root it must end at, instead of\n"
    "                            Intel's and AMD's\n";

static const char usage_simulation[] =
    "  -s, --simulate            SIMULATED: made in software; protects nothing\n"
    "\n"
    "With --simulate:\n"
    "      --simulate-dir DIR    write root.pem, accept.yaml, quote.bin and the\n"
    "                            collateral there, for the policy of a client\n"
    "      --simulate-tee TEE    tdx (default), sgx or sev-snp\n"
    "      --simulate-fault NAME lie, for tests; names below\n";

static const char usage_end[] =
    "\n"
    "SIGTERM or SIGINT lets streams end, see --drain-seconds; again ends at\n"
    "once. SIGHUP reads the files of --rules again.\n"
    "\n"
    "Exit status: 0 after a clean stop, 1 on failure, 2 for usage.\n"
    "\n"
    "Examples:\n"
    "  veriteed --listen '*:8443' --rule app.example.com:80=127.0.0.1:8080\n"
    "  veriteed --listen '*:8443' --rules /etc/veritee/veriteed.rules --staple pcs\n";

static const char example_simulation[] =
    "  veriteed --listen 127.0.0.1:8443 --simulate --demo\n";

static void print_version(FILE *to)
{
    (void)fprintf(to,
                  "veriteed " VERITEE_VERSION "\n"
                  "quote sources: configfs-tsm, gramine, command%s\n"
                  "AES-GCM: %s\n",
                  sim_source_built_in() ? ", simulated (--simulate)" : "",
                  aead_aes_maker());
}

static void print_usage(FILE *to)
{
    (void)fputs(usage, to);
    if (sim_source_built_in())
        (void)fputs(usage_simulation, to);
    (void)fputs("\nLimits, with their defaults:\n", to);
    caps_print(to);
    if (sim_source_built_in()) {
        (void)fputs("\nFaults, which clients must refuse:\n", to);
        fault_print_all(to);
    }
    (void)fputs(usage_end, to);
    if (sim_source_built_in())
        (void)fputs(example_simulation, to);
}

/* --- reading ------------------------------------------------------------- */

enum {
    OPT_RULES = 256,
    OPT_EPOCH,
    OPT_WORKERS,
    OPT_DRAIN,
    OPT_QUOTES,
    OPT_STAPLE,
    OPT_STAPLE_CACHE,
    OPT_STAPLE_SECONDS,
    OPT_STAPLE_ROOT,
    OPT_LIMIT,
    OPT_METRICS,
    OPT_TEEKIT,
    OPT_LOG_FORMAT,
    OPT_LOG_LEVEL,
    OPT_SIM_DIR,
    OPT_SIM_TEE,
    OPT_SIM_FAULT,
    OPT_DEMO
};

/* ":": for a missing value to be told from an unknown option. */
static const char short_options[] = ":l:r:shV";
static const struct option long_options[] = {
    { "listen", required_argument, NULL, 'l' },
    { "rule", required_argument, NULL, 'r' },
    { "rules", required_argument, NULL, OPT_RULES },
    { "epoch-seconds", required_argument, NULL, OPT_EPOCH },
    { "workers", required_argument, NULL, OPT_WORKERS },
    { "drain-seconds", required_argument, NULL, OPT_DRAIN },
    { "teekit", required_argument, NULL, OPT_TEEKIT },
    { "limit", required_argument, NULL, OPT_LIMIT },
    { "metrics", required_argument, NULL, OPT_METRICS },
    { "log-format", required_argument, NULL, OPT_LOG_FORMAT },
    { "log-level", required_argument, NULL, OPT_LOG_LEVEL },
    { "quote-source", required_argument, NULL, OPT_QUOTES },
    { "staple", required_argument, NULL, OPT_STAPLE },
    { "staple-cache", required_argument, NULL, OPT_STAPLE_CACHE },
    { "staple-seconds", required_argument, NULL, OPT_STAPLE_SECONDS },
    { "staple-root", required_argument, NULL, OPT_STAPLE_ROOT },
    { "simulate", no_argument, NULL, 's' },
    { "simulate-dir", required_argument, NULL, OPT_SIM_DIR },
    { "simulate-tee", required_argument, NULL, OPT_SIM_TEE },
    { "simulate-fault", required_argument, NULL, OPT_SIM_FAULT },
    { "demo", no_argument, NULL, OPT_DEMO },
    { "help", no_argument, NULL, 'h' },
    { "version", no_argument, NULL, 'V' },
    { NULL, 0, NULL, 0 },
};

static int complain(FILE *err, const char *what, const char *value)
{
    (void)fprintf(err, "veriteed: %s%s%.128s\nTry 'veriteed --help'.\n", what,
                  value[0] != '\0' ? ": " : "", value);
    return OPTIONS_EXIT_USAGE;
}

static int bad_option(FILE *err, const char *typed)
{
    struct suggest meant = suggest_for_option(typed);

    for (size_t i = 0; long_options[i].name != NULL; i++)
        suggest_offer(&meant, long_options[i].name);
    if (suggest_found(&meant) == NULL)
        return complain(err, "unknown option", typed);
    (void)fprintf(err,
                  "veriteed: unknown option '%.128s', did you mean '--%s'?\n"
                  "Try 'veriteed --help'.\n",
                  typed, suggest_found(&meant));
    return OPTIONS_EXIT_USAGE;
}

/* -1 to go on when |st| is OK, else |why| is the complaint. */
static int take_outcome(enum status st, const struct why *why, FILE *err)
{
    char line[512];

    if (st == STATUS_OK)
        return -1;
    why_line(why, line, sizeof(line));
    return complain(err, line, "");
}

static int take_rules_file(struct options *o, const char *path, FILE *err)
{
    if (o->book.file_count == RULEBOOK_FILES_MAX)
        return complain(err, "too many --rules", path);
    o->book.files[o->book.file_count++] = path;
    return -1;
}

/* Those of the command line and those of files, first read here. */
static int read_rules(struct options *o, FILE *err)
{
    struct why why = { 0 };
    enum status st = rulebook_read(&o->book, &o->rules, &why);

    if (st != STATUS_OK)
        return take_outcome(st, &why, err);
    if (rules_count(o->rules) == 0 && !o->demo)
        return complain(err,
                        "nothing to reach: name it by --rule, or use "
                        "--demo",
                        "");
    return -1;
}

static int take_listen(struct options *o, const char *value, FILE *err)
{
    if (o->listen_count == OPTIONS_LISTEN_MAX)
        return complain(err, "too many --listen", value);
    o->listen[o->listen_count++] = value;
    return -1;
}

static bool read_seconds(const char *value, uint64_t max, int64_t *ms)
{
    uint64_t seconds;

    if (!text_from_decimal(slice_text(value), max, &seconds))
        return false;
    *ms = (int64_t)seconds * 1000;
    return true;
}

static bool read_epoch(struct options *o, const char *value)
{
    return read_seconds(value, EPOCH_MAX_S, &o->epoch_ms) && o->epoch_ms > 0;
}

static bool read_drain(struct options *o, const char *value)
{
    return read_seconds(value, DRAIN_SECONDS_MAX, &o->drain_ms);
}

static bool read_staple_seconds(struct options *o, const char *value)
{
    int64_t ms = 0;

    if (!read_seconds(value, STAPLE_MAX_S, &ms))
        return false;
    o->stapling.refresh_seconds = ms / 1000;
    return ms > 0;
}

static bool read_workers(struct options *o, const char *value)
{
    uint64_t count;

    if (!text_from_decimal(slice_text(value), WORKERS_MAX, &count) ||
        count == 0)
        return false;
    o->workers = (size_t)count;
    return true;
}

static bool read_teekit(struct options *o, const char *value)
{
    o->teekit = strcmp(value, "on") == 0;
    return o->teekit || strcmp(value, "off") == 0;
}

static bool read_limit(struct options *o, const char *value)
{
    return caps_read(&o->limits, value);
}

/* Figures are told to anybody who can connect: not further than this machine
 * unless that is said. */
static bool read_metrics(struct options *o, const char *value)
{
    static const char unsafe[] = "unsafe:";
    const bool anywhere = strncmp(value, unsafe, sizeof(unsafe) - 1) == 0;

    o->metrics = anywhere ? value + sizeof(unsafe) - 1 : value;
    return anywhere || listener_is_loopback(value);
}

static bool read_log_format(struct options *o, const char *value)
{
    o->log.json = strcmp(value, "json") == 0;
    return o->log.json || strcmp(value, "human") == 0;
}

static bool read_log_level(struct options *o, const char *value)
{
    return log_level_parse(value, &o->log.level);
}

static bool read_quotes(struct options *o, const char *value)
{
    return quote_origin_parse(value, &o->quotes);
}

static bool read_tee(struct options *o, const char *value)
{
    static const enum tee_type tees[] = { TEE_TDX, TEE_SGX, TEE_SEV_SNP };

    for (size_t i = 0; i < COUNT_OF(tees); i++) {
        o->simulate_tee = tees[i];
        if (strcmp(value, tee_name(tees[i])) == 0)
            return true;
    }
    return false;
}

static bool read_fault(struct options *o, const char *value)
{
    o->fault = fault_find(value);
    return o->fault != NULL;
}

/* Options whose value is one of what can be said in a line. */
static const struct {
    int c; /* what getopt_long() says */
    bool (*read)(struct options *o, const char *value);
    const char *expected;
} values[] = {
    { OPT_EPOCH, read_epoch, "--epoch-seconds is 1 to 2592000" },
    { OPT_WORKERS, read_workers, "--workers is 1 to 64" },
    { OPT_DRAIN, read_drain, "--drain-seconds is 0 to 86400" },
    { OPT_TEEKIT, read_teekit, "--teekit is on or off" },
    { OPT_LIMIT, read_limit, "no such --limit" },
    { OPT_METRICS, read_metrics,
      "--metrics is an address of this machine's own, a path, or unsafe:ADDR" },
    { OPT_LOG_FORMAT, read_log_format, "--log-format is human or json" },
    { OPT_LOG_LEVEL, read_log_level,
      "--log-level is error, warn, info or debug" },
    { OPT_QUOTES, read_quotes,
      "--quote-source is configfs-tsm, gramine or command:PROGRAM" },
    { OPT_STAPLE_SECONDS, read_staple_seconds,
      "--staple-seconds is 1 to 604800" },
    { OPT_SIM_TEE, read_tee, "--simulate-tee is tdx, sgx or sev-snp" },
    { OPT_SIM_FAULT, read_fault, "no such --simulate-fault" },
};

static int take_value(struct options *o, int c, const char *value, FILE *err)
{
    for (size_t i = 0; i < COUNT_OF(values); i++)
        if (values[i].c == c)
            return values[i].read(o, value)
                       ? -1
                       : complain(err, values[i].expected, value);
    return OPTIONS_EXIT_USAGE; /* all options are here or in take_option() */
}

/* -1 to go on, else the exit status. */
static int take_option(struct options *o, int c, FILE *out, FILE *err)
{
    const char *value = optarg;
    struct why why = { 0 };
    enum status st;

    switch (c) {
    case 'l':
        return take_listen(o, value, err);
    case 'r':
        st = rules_add(o->book.fixed, slice_text(value), &why);
        return take_outcome(st, &why, err);
    case OPT_RULES:
        return take_rules_file(o, value, err);
    case OPT_STAPLE:
        st = staple_choice_add(&o->stapling, value, &why);
        return take_outcome(st, &why, err);
    case OPT_STAPLE_CACHE:
        o->stapling.cache_dir = value;
        return -1;
    case OPT_STAPLE_ROOT:
        o->stapling.root_file = value;
        return -1;
    case 's':
        o->simulate = true;
        return -1;
    case OPT_SIM_DIR:
        o->simulate_dir = value;
        return -1;
    case OPT_DEMO:
        o->demo = true;
        return -1;
    case 'h':
        print_usage(out);
        return EXIT_SUCCESS;
    case 'V':
        print_version(out);
        return EXIT_SUCCESS;
    default:
        return take_value(o, c, value, err);
    }
}

static int check_whole(struct options *o, FILE *err)
{
    if (o->listen_count == 0 && !activation_expected())
        return complain(err, "no address: name one by --listen", "");
    if (!o->simulate && (o->simulate_dir != NULL || o->fault != NULL))
        return complain(err,
                        "--simulate-dir and --simulate-fault are for "
                        "--simulate",
                        "");
    if (o->simulate && !sim_source_built_in())
        return complain(err, "this program was built without --simulate", "");
    if (o->simulate && o->quotes.kind != ORIGIN_FIND)
        return complain(err, "--simulate and --quote-source exclude each other",
                        "");
    if (o->simulate && o->stapling.sources.count > 0)
        return complain(err, "--simulate staples what it has made: no --staple",
                        "");
    if (o->stapling.sources.count == 0 &&
        (o->stapling.cache_dir != NULL || o->stapling.root_file != NULL ||
         o->stapling.refresh_seconds != 0))
        return complain(err,
                        "--staple-cache, --staple-seconds and --staple-root "
                        "are for --staple",
                        "");
    if (o->fault != NULL && !fault_fits(o->fault, o->simulate_tee))
        return complain(err, "not a fault of that --simulate-tee",
                        o->fault->name);
    return read_rules(o, err);
}

static int read_all(struct options *o, int argc, char **argv, FILE *out,
                    FILE *err)
{
    int status = -1, c = 0;
    char letter[3];

    optind = 0; /* begin anew, also what getopt remembers */
    opterr = 0; /* we say it ourselves */
    while (status == -1) {
        c = getopt_long(argc, argv, short_options, long_options, NULL);
        if (c == -1)
            break;
        if (c == '?')
            return bad_option(err,
                              suggest_unknown(argv, short_options, letter));
        if (c == ':')
            return complain(err, "a value is missing", argv[optind - 1]);
        status = take_option(o, c, out, err);
    }
    if (status != -1)
        return status;
    if (optind < argc)
        return complain(err, "only options are known", argv[optind]);
    return check_whole(o, err);
}

int options_read(struct options *options, int argc, char **argv, FILE *out,
                 FILE *err)
{
    int status;

    *options = (struct options){
        .simulate_tee = TEE_TDX,
        .epoch_ms = EPOCH_DEFAULT_S * 1000,
        .drain_ms = DRAIN_DEADLINE_MS,
        .teekit = true,
        .limits = caps_defaults(),
        .workers = MIN_OF(uv_available_parallelism(), WORKERS_MAX),
        .log = { .to = err, .level = LOG_INFO, .now_ms = log_wall_ms },
    };
    if (rules_new(&options->book.fixed) != STATUS_OK)
        status = complain(err, "out of memory", "");
    else
        status = read_all(options, argc, argv, out, err);
    if (status != -1)
        options_free(options);
    return status;
}

void options_free(struct options *options)
{
    rules_let_go(options->book.fixed);
    rules_let_go(options->rules);
    staple_choice_free(&options->stapling);
    *options = (struct options){ 0 };
}
