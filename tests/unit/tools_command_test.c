/* The options of a command: read, refused, and told of. */
#include "tests/support/check.h"

#include <stddef.h>
#include <stdint.h>

#include "proxy/tools/commands.h"

struct options {
    const char *file;
    const char *word;
    int64_t at_unix;
    bool json;
};

#define FIELD(name) offsetof(struct options, name)

static const struct command_option known[] = {
    { "file", 'f', OPTION_FILE, FIELD(file), "FILE", "a file" },
    { "word", 0, OPTION_WORD, FIELD(word), "one|two", "one or two" },
    { "at", 0, OPTION_TIME, FIELD(at_unix), "TIME", "a time" },
    { "json", 'j', OPTION_FLAG, FIELD(json), NULL, "as JSON" },
    { .name = NULL },
};

static const struct command command = {
    .name = "some thing",
    .synopsis = "",
    .about = "About.\n",
    .options = known,
    .operands = { .kind = OPTION_TEXT, .min = 1, .max = 2 },
};

static const struct command runner = {
    .name = "runner",
    .synopsis = "",
    .about = "About.\n",
    .options = known,
    .operands = { .kind = OPTION_TEXT,
                  .max = COMMAND_OPERANDS_ANY,
                  .ends_options = true },
};

static int read_words(const struct command *c, char **argv,
                      struct options *options, char ***operands)
{
    int argc = 0;

    while (argv[argc] != NULL)
        argc++;
    *options = (struct options){ .word = "default" };
    return command_read(c, argc, argv, options, operands);
}

#define READ(c, options, operands, ...)                                        \
    read_words((c), (char *[]){ "thing", __VA_ARGS__, NULL }, (options),       \
               (operands))

static void options_fill_their_fields(void **state)
{
    struct options o;
    char **operands;

    (void)state;
    assert_int_equal(READ(&command, &o, &operands, "-f", "a", "x", "--word",
                          "two", "--json", "--at=17"),
                     -1);
    assert_string_equal(o.file, "a");
    assert_string_equal(o.word, "two");
    assert_true(o.json);
    assert_int_equal(o.at_unix, 17);
    assert_string_equal(operands[0], "x");
    assert_null(operands[1]);
}

static void what_is_not_given_stays(void **state)
{
    struct options o;
    char **operands;

    (void)state;
    assert_int_equal(READ(&command, &o, &operands, "x"), -1);
    assert_null(o.file);
    assert_string_equal(o.word, "default");
    assert_false(o.json);
}

static void a_time_may_be_a_date(void **state)
{
    struct options o;
    char **operands;

    (void)state;
    assert_int_equal(
        READ(&command, &o, &operands, "--at", "2026-06-01T00:00:00Z", "x"), -1);
    assert_int_equal(o.at_unix, 1780272000);
}

static void mistakes_are_wrong_usage(void **state)
{
    struct options o;
    char **operands;

    (void)state;
    assert_int_equal(READ(&command, &o, &operands, "x", "--other"), 2);
    assert_int_equal(READ(&command, &o, &operands, "x", "-z"), 2);
    assert_int_equal(READ(&command, &o, &operands, "x", "--file"), 2);
    assert_int_equal(READ(&command, &o, &operands, "x", "--json=1"), 2);
    assert_int_equal(READ(&command, &o, &operands, "x", "--word", "on"), 2);
    assert_int_equal(READ(&command, &o, &operands, "x", "--word", "one|two"),
                     2);
    assert_int_equal(READ(&command, &o, &operands, "x", "--word", ""), 2);
    assert_int_equal(READ(&command, &o, &operands, "x", "--at", "soon"), 2);
    assert_int_equal(READ(&command, &o, &operands, "x", "--at", "-1"), 2);
    assert_int_equal(READ(&command, &o, &operands, "--json"), 2);
    assert_int_equal(READ(&command, &o, &operands, "x", "y", "z"), 2);
}

static void options_of_a_program_are_its_own(void **state)
{
    struct options o;
    char **operands;

    (void)state;
    assert_int_equal(READ(&runner, &o, &operands, "-j", "curl", "-f", "--help"),
                     -1);
    assert_true(o.json);
    assert_null(o.file);
    assert_string_equal(operands[0], "curl");
    assert_string_equal(operands[1], "-f");
    assert_string_equal(operands[2], "--help");
    assert_int_equal(READ(&runner, &o, &operands, "--", "--json"), -1);
    assert_false(o.json);
    assert_string_equal(operands[0], "--json");
}

/* --- every command of the program ------------------------------------------ */

static void check_lines(const struct command *c, FILE *text)
{
    char line[256];

    rewind(text);
    while (fgets(line, sizeof(line), text) != NULL)
        if (strlen(line) > 81)
            fail_msg("veritee %s --help: too long: %s", c->name, line);
}

static void check_command(const struct command *c)
{
    FILE *text = tmpfile();

    assert_non_null(text);
    assert_true(command_help(c, text));
    check_lines(c, text);
    assert_int_equal(fclose(text), 0);
    assert_non_null(c->what);
    assert_true(c->main != NULL || c->subs != NULL);
    if (c->main != NULL && (c->exits == NULL || c->examples == NULL))
        fail_msg("veritee %s: tells no exit status, or no example", c->name);
    for (size_t i = 0; c->subs != NULL && c->subs[i] != NULL; i++)
        check_command(c->subs[i]);
}

static void every_command_explains_itself(void **state)
{
    (void)state;
    for (size_t i = 0; commands_all[i] != NULL; i++)
        check_command(commands_all[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_fill_their_fields),
        cmocka_unit_test(what_is_not_given_stays),
        cmocka_unit_test(a_time_may_be_a_date),
        cmocka_unit_test(mistakes_are_wrong_usage),
        cmocka_unit_test(options_of_a_program_are_its_own),
        cmocka_unit_test(every_command_explains_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
