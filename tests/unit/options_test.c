/* proxy/server/options.h: what is understood, and what is refused how. */
#include "proxy/server/options.h"

#include "common/compiler.h"
#include "common/file.h"
#include "tests/support/check.h"

#define ARGS_MAX 32

/* Read |line|, split at its blanks; |said| gets the complaints. */
static int read_line(const char *line, struct options *o, char *said,
                     size_t room)
{
    static char text[512];
    char *argv[ARGS_MAX + 1] = { "veriteed" };
    FILE *out = fmemopen(said, room, "w");
    int argc = 1, status;

    assert_non_null(out);
    assert_true(strlen(line) < sizeof(text));
    memcpy(text, line, strlen(line) + 1);
    for (char *at = text; *at != '\0' && argc < ARGS_MAX;) {
        size_t len = strcspn(at, " ");

        argv[argc++] = at;
        at += len;
        while (*at == ' ')
            *at++ = '\0';
    }
    assert_true(argc < ARGS_MAX);
    status = options_read(o, argc, argv, out, out);
    assert_int_equal(fclose(out), 0);
    return status;
}

#define BASE "--listen localhost:0 --simulate --demo "

static const struct {
    const char *name;
    const char *line;
    const char *said;
} bad[] = {
    /* clang-format off */
    { "nothing",              "", "no address" },
    { "no address",           "--simulate --demo", "no address" },
    { "a mistyped option",    BASE "--lisen a:1", "did you mean '--listen'?" },
    { "an unknown option",    BASE "--frobnicate", "unknown option: --frobnicate" },
    { "an unknown letter",    BASE "-xs",  "unknown option: -x\n" },
    { "one behind another",   BASE "-sx",  "unknown option: -x\n" },
    { "no value",             BASE "--rule", "a value is missing: --rule" },
    { "two sources",          BASE "--quote-source gramine", "exclude each other" },
    { "an unknown source",    "-l a:1 --demo --quote-source sgx", "configfs-tsm, gramine or" },
    { "no command",           "-l a:1 --demo --quote-source command", "configfs-tsm, gramine or" },
    { "an empty path",        "-l a:1 --demo --quote-source gramine:", "configfs-tsm, gramine or" },
    { "nothing to reach",     "--listen a:1 --simulate", "nothing to reach" },
    { "a directory for nothing", "--listen a:1 --demo --simulate-dir /tmp/x",
      "are for --simulate" },
    { "a fault for nothing",  "--listen a:1 --demo --simulate-fault debug",
      "are for --simulate" },
    { "a rule without backend", BASE "--rule a.test:80", "HOST:PORT=BACKEND" },
    { "figures for everybody", BASE "--metrics 0.0.0.0:0", "--metrics" },
    { "two rules for the same", BASE "-r a.test:80=b:1 -r a.test:80=c:1",
      "a second rule" },
    { "a file that is not there", BASE "--rules /nowhere/rules", "/nowhere" },
    { "no epoch",             BASE "--epoch-seconds 0", "--epoch-seconds" },
    { "an epoch of years",    BASE "--epoch-seconds 2592001",
      "--epoch-seconds" },
    { "no workers",           BASE "--workers 0", "--workers" },
    { "too many workers",     BASE "--workers 65", "--workers" },
    { "a drain of days",      BASE "--drain-seconds 86401",
      "--drain-seconds" },
    { "an epoch in words",    BASE "--epoch-seconds 1h", "--epoch-seconds" },
    { "an unknown limit",     BASE "--limit cats=9", "no such --limit" },
    { "a limit without a number", BASE "--limit pending", "no such --limit" },
    { "a limit of 0",         BASE "--limit pending=0", "no such --limit" },
    { "a limit that is too high", BASE "--limit stream-idle=1000001",
      "no such --limit" },
    { "more streams than a session has", BASE "--limit streams=1025",
      "no such --limit" },
    { "an unknown format",    BASE "--log-format xml", "human or json" },
    { "an unknown level",     BASE "--log-level loud", "--log-level" },
    { "an unknown TEE",       BASE "--simulate-tee sev", "tdx, sgx or sev-snp" },
    { "another TEE's fault",   BASE "--simulate-fault wrong-chip", "not a fault of that" },
    { "a fault not of AMD's",  BASE "--simulate-tee sev-snp --simulate-fault flip-pck", "not a fault of that" },
    { "an unknown fault",     BASE "--simulate-fault all",
      "no such --simulate-fault" },
    { "nothing to staple from", BASE "--staple-cache /tmp/x", "are for --staple" },
    { "a simulation and a source", BASE "--staple pcs", "no --staple" },
    { "an unknown source to staple", "-l a:1 --demo --staple intel", "a PCCS's URL" },
    { "a PCCS without TLS",   "-l a:1 --demo --staple http://a.test", "http://a.test" },
    { "no time between looks", "-l a:1 --demo --staple pcs --staple-seconds 0", "--staple-seconds" },
    { "a word too many",      BASE "more", "only options" },
    /* clang-format on */
};

static void what_is_wrong_is_named(void **state)
{
    char said[2048];
    struct options o;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        print_message("  %s\n", bad[i].name);
        assert_int_equal(read_line(bad[i].line, &o, said, sizeof(said)),
                         OPTIONS_EXIT_USAGE);
        assert_non_null(strstr(said, bad[i].said));
        assert_non_null(strstr(said, "--help"));
        assert_null(o.rules);
    }
}

static void there_are_defaults(void **state)
{
    char said[2048] = "";
    struct options o;

    (void)state;
    assert_int_equal(read_line(BASE, &o, said, sizeof(said)), -1);
    assert_string_equal(said, "");
    assert_int_equal(o.listen_count, 1);
    assert_string_equal(o.listen[0], "localhost:0");
    assert_int_equal(rules_count(o.rules), 0);
    assert_true(o.simulate && o.demo);
    assert_null(o.simulate_dir);
    assert_null(o.fault);
    assert_int_equal(o.simulate_tee, TEE_TDX);
    assert_int_equal(o.epoch_ms, 3600 * 1000);
    assert_int_equal(o.drain_ms, 10000);
    assert_true(o.workers > 0);
    assert_int_equal(o.limits.peers.all, 4096);
    assert_int_equal(o.limits.peers.pending, 2048);
    assert_int_equal(o.limits.peers.peer_all, 512);
    assert_int_equal(o.limits.peers.peer_pending, 128);
    assert_int_equal(o.limits.streams, 1024);
    assert_int_equal(o.limits.peers.quotes, 256);
    assert_int_equal(o.limits.peers.peer_quotes, 32);
    assert_int_equal(o.limits.peers.peer_quote_rate, 100);
    assert_int_equal(o.limits.session_idle_s, 3600);
    assert_int_equal(o.limits.stream_idle_s, 86400);
    assert_null(o.metrics);
    assert_int_equal(o.book.file_count, 0);
    assert_int_equal(o.log.level, LOG_INFO);
    assert_false(o.log.json);
    options_free(&o);
}

static void every_option_is_taken(void **state)
{
    char said[2048] = "";
    struct options o;

    (void)state;
    assert_int_equal(read_line("-l a:1 --listen=b:2 -s --simulate-tee sgx "
                               "--simulate-dir /tmp/x --simulate-fault debug "
                               "-r a.test:80=b:1 --workers 3 --epoch-seconds=2 "
                               "--drain-seconds 0",
                               &o, said, sizeof(said)),
                     -1);
    assert_int_equal(o.listen_count, 2);
    assert_string_equal(o.listen[1], "b:2");
    assert_int_equal(o.simulate_tee, TEE_SGX);
    assert_string_equal(o.simulate_dir, "/tmp/x");
    assert_string_equal(o.fault->name, "debug");
    assert_int_equal(rules_count(o.rules), 1);
    assert_int_equal(o.epoch_ms, 2000);
    assert_int_equal(o.drain_ms, 0);
    assert_int_equal(o.workers, 3);
    assert_false(o.demo);
    options_free(&o);
    assert_int_equal(read_line("-l a:1 --demo --staple https://a.test,ca=/c "
                               "--staple pcs --staple-cache /x --staple-root "
                               "/r --staple-seconds 9",
                               &o, said, sizeof(said)),
                     -1);
    assert_int_equal(o.stapling.sources.count, 2);
    assert_string_equal(o.stapling.sources.at[0].ca_file, "/c");
    assert_string_equal(o.stapling.cache_dir, "/x");
    assert_string_equal(o.stapling.root_file, "/r");
    assert_int_equal(o.stapling.refresh_seconds, 9);
    options_free(&o);
    assert_int_equal(read_line(BASE "--limit quotes=1 --limit streams=2 "
                                    "--limit session-idle=0 "
                                    "--limit stream-idle=1000000 "
                                    "--metrics unsafe:0.0.0.0:9 "
                                    "--log-format json --log-level debug",
                               &o, said, sizeof(said)),
                     -1);
    assert_int_equal(o.limits.peers.quotes, 1);
    assert_int_equal(o.limits.streams, 2);
    assert_int_equal(o.limits.session_idle_s, 0);
    assert_int_equal(o.limits.stream_idle_s, 1000000);
    assert_string_equal(o.metrics, "0.0.0.0:9");
    assert_true(o.log.json);
    assert_int_equal(o.log.level, LOG_DEBUG);
    options_free(&o);
}

static void a_source_may_have_a_path(void **state)
{
    static const struct {
        const char *line;
        enum quote_origin_kind kind;
        const char *path;
    } cases[] = {
        { "-l a:1 --demo", ORIGIN_FIND, NULL },
        { "-l a:1 --demo --quote-source auto", ORIGIN_FIND, NULL },
        { "-l a:1 --demo --quote-source gramine", ORIGIN_GRAMINE, NULL },
        { "-l a:1 --demo --quote-source configfs-tsm:/a:b", ORIGIN_TSM,
          "/a:b" },
        { "-l a:1 --demo --quote-source command:./q", ORIGIN_COMMAND, "./q" },
    };
    char said[2048];
    struct options o;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        said[0] = '\0';
        assert_int_equal(read_line(cases[i].line, &o, said, sizeof(said)), -1);
        assert_int_equal(o.quotes.kind, cases[i].kind);
        if (cases[i].path == NULL)
            assert_null(o.quotes.path);
        else
            assert_string_equal(o.quotes.path, cases[i].path);
        options_free(&o);
    }
}

static void addresses_have_a_most(void **state)
{
    char *argv[2 * OPTIONS_LISTEN_MAX + 5] = { "veriteed", "-s", "--demo" };
    struct options o;
    FILE *none = fopen("/dev/null", "w");

    (void)state;
    assert_non_null(none);
    for (int i = 0; i < 2 * OPTIONS_LISTEN_MAX + 2; i += 2) {
        argv[3 + i] = "-l";
        argv[4 + i] = "a:1";
    }
    assert_int_equal(
        options_read(&o, 3 + 2 * OPTIONS_LISTEN_MAX, argv, none, none), -1);
    assert_int_equal(o.listen_count, OPTIONS_LISTEN_MAX);
    options_free(&o);
    assert_int_equal(options_read(&o, 5 + 2 * OPTIONS_LISTEN_MAX, argv, none,
                                  none),
                     OPTIONS_EXIT_USAGE);
    assert_int_equal(fclose(none), 0);
}

static void help_and_version_end_well(void **state)
{
    char said[8192];
    struct options o;

    (void)state;
    assert_int_equal(read_line("--help", &o, said, sizeof(said)), 0);
    assert_non_null(strstr(said, "--simulate-fault"));
    assert_non_null(strstr(said, "wrong-measurement"));
    assert_non_null(strstr(said, "peer-pending"));
    assert_int_equal(read_line("--version", &o, said, sizeof(said)), 0);
    assert_non_null(strstr(said, "veriteed " VERITEE_VERSION));
    assert_non_null(strstr(said, "simulated"));
}

/* The next word that begins with "--" in |text|, without that. */
static struct slice next_option(const char **text)
{
    const char *at = strstr(*text, " --");
    size_t len;

    if (at == NULL)
        return (struct slice){ 0 };
    at += 3;
    len = strspn(at, "abcdefghijklmnopqrstuvwxyz-");
    *text = at + len;
    return slice_of(at, len);
}

static void the_manual_knows_all_that_help_does(void **state)
{
    char help[8192], in_manual[64];
    struct buffer manual;
    struct options o;
    struct why why;
    size_t count = 0;
    const char *at = help;
    struct slice option;

    (void)state;
    assert_int_equal(read_line("--help", &o, help, sizeof(help)), 0);
    CHECK_STATUS(file_read(TEST_SOURCE_DIR "/docs/man/veriteed.8", 65536,
                           &manual, &why),
                 STATUS_OK);
    buffer_byte(&manual, '\0');
    for (option = next_option(&at); option.len > 0;
         option = next_option(&at), count++) {
        (void)snprintf(in_manual, sizeof(in_manual), "-%.*s", (int)option.len,
                       (const char *)option.at);
        if (strstr((const char *)manual.at, in_manual) == NULL)
            fail_msg("the manual does not have -%s", in_manual);
    }
    assert_true(count > 12);
    buffer_free(&manual);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(there_are_defaults),
        cmocka_unit_test(every_option_is_taken),
        cmocka_unit_test(a_source_may_have_a_path),
        cmocka_unit_test(addresses_have_a_most),
        cmocka_unit_test(help_and_version_end_well),
        cmocka_unit_test(the_manual_knows_all_that_help_does),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
