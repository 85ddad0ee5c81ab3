#include "proxy/tools/command.h"

#include <assert.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/suggest.h"
#include "common/text.h"

#define OPTIONS_MAX   24
#define LETTERS_ROOM  (2 * OPTIONS_MAX + 4)
#define FIRST_LONG    256 /* what getopt_long() returns for a row of the table */
#define HELP_COLUMN   26
#define COMPLAINT_MAX 1024

/* --- help ------------------------------------------------------------------ */

/* |text|, whose lines after the first begin with |indent| blanks. */
static void put_lines(const char *text, int indent, FILE *to)
{
    for (const char *at = text; *at != '\0'; at++) {
        (void)fputc(*at, to);
        if (*at == '\n' && at[1] != '\0')
            (void)fprintf(to, "%*s", indent, "");
    }
}

static void put_option(const struct command_option *o, FILE *to)
{
    char left[64];
    int n = 0;

    if (o->letter != '\0')
        n = snprintf(left, sizeof(left), "  -%c, --%s", o->letter, o->name);
    else
        n = snprintf(left, sizeof(left), "      --%s", o->name);
    assert(n > 0 && (size_t)n < sizeof(left));
    if (o->value != NULL)
        n += snprintf(left + n, sizeof(left) - (size_t)n, " %s",
                      o->kind == OPTION_WORD ? "WORD" : o->value);
    (void)fputs(left, to);
    if (n > HELP_COLUMN - 2)
        (void)fprintf(to, "\n%*s", HELP_COLUMN, "");
    else
        (void)fprintf(to, "%*s", HELP_COLUMN - n, "");
    put_lines(o->help, HELP_COLUMN, to);
    (void)fputc('\n', to);
}

static void put_usage(const struct command *self, FILE *to)
{
    const char *line = self->synopsis;
    const char *lead = "Usage:";

    for (;;) {
        size_t len = strcspn(line, "\n");

        (void)fprintf(to, "%s veritee %s%s%.*s\n", lead, self->name,
                      len > 0 ? " " : "", (int)len, line);
        if (line[len] == '\0')
            return;
        line += len + 1;
        lead = "      ";
    }
}

static void put_subs(const struct command *const *subs, FILE *to)
{
    (void)fputs("\nCommands:\n", to);
    for (size_t i = 0; subs[i] != NULL; i++)
        (void)fprintf(to, "  %-10s %s\n", command_word(subs[i]), subs[i]->what);
}

bool command_help(const struct command *self, FILE *to)
{
    static const struct command_option help = { .name = "help",
                                                .letter = 'h',
                                                .help = "print this text" };

    put_usage(self, to);
    (void)fprintf(to, "\n%s", self->about);
    if (self->subs != NULL)
        put_subs(self->subs, to);
    (void)fputs("\nOptions:\n", to);
    for (const struct command_option *o = self->options;
         o != NULL && o->name != NULL; o++)
        put_option(o, to);
    put_option(&help, to);
    if (self->exits != NULL) {
        (void)fputs("\nExit status: ", to);
        put_lines(self->exits, 0, to);
    }
    if (self->examples != NULL) {
        (void)fputs("\nExamples:\n  ", to);
        put_lines(self->examples, 2, to);
    }
    return fflush(to) == 0 && ferror(to) == 0;
}

const char *command_word(const struct command *self)
{
    const char *blank = strrchr(self->name, ' ');

    return blank == NULL ? self->name : blank + 1;
}

/* --- complaints ------------------------------------------------------------ */

int command_fail(const struct command *self, enum command_exit code,
                 const char *what, ...)
{
    char text[COMPLAINT_MAX];
    va_list args;

    va_start(args, what);
    (void)vsnprintf(text, sizeof(text), what, args); /* cut is good enough */
    va_end(args);
    (void)fprintf(stderr, "veritee %s: %s\n", self->name, text);
    return (int)code;
}

int command_fail_why(const struct command *self, enum command_exit code,
                     const struct why *why)
{
    char line[COMPLAINT_MAX];

    why_line(why, line, sizeof(line));
    return command_fail(self, code, "%s", line);
}

static int bad_usage(const struct command *self, const char *what,
                     const char *about)
{
    return command_fail(self, COMMAND_TROUBLE,
                        "%s '%.200s'; try 'veritee %s --help'", what, about,
                        self->name);
}

int command_print(const struct command *self, enum command_exit code,
                  struct buffer *out)
{
    struct slice text = buffer_view(out);
    bool ok = buffer_ok(out);

    if (ok && text.len > 0)
        ok = fwrite(text.at, 1, text.len, stdout) == text.len;
    ok = ok && fflush(stdout) == 0;
    buffer_free(out);
    if (!ok)
        return command_fail(self, COMMAND_TROUBLE,
                            "the output cannot be written");
    return (int)code;
}

/* --- reading --------------------------------------------------------------- */

/* The table in getopt's words; |letters| begins with ':', for a missing value
 * to be told from an unknown option. */
static void translate(const struct command *self,
                      struct option known[OPTIONS_MAX],
                      char letters[LETTERS_ROOM])
{
    size_t n = 0;
    size_t len = 0;

    if (self->operands.ends_options)
        letters[len++] = '+';
    letters[len++] = ':';
    letters[len++] = 'h';
    for (const struct command_option *o = self->options;
         o != NULL && o->name != NULL; o++) {
        assert(n < OPTIONS_MAX - 2);
        known[n] = (struct option){ .name = o->name,
                                    .has_arg = o->kind != OPTION_FLAG,
                                    .val = FIRST_LONG + (int)n };
        n++;
        if (o->letter == '\0')
            continue;
        letters[len++] = o->letter;
        if (o->kind != OPTION_FLAG)
            letters[len++] = ':';
    }
    letters[len] = '\0';
    known[n++] = (struct option){ .name = "help", .val = 'h' };
    known[n] = (struct option){ .name = NULL };
}

/* The row that getopt_long() means by |c|. */
static const struct command_option *find_row(const struct command *self, int c)
{
    const struct command_option *o = self->options;

    if (c >= FIRST_LONG)
        return &o[c - FIRST_LONG];
    while (o->letter != c)
        o++;
    return o;
}

static bool is_one_of(const char *words, const char *word)
{
    const size_t len = strlen(word);

    for (const char *at = words; len > 0; at++) {
        size_t n = strcspn(at, "|");

        if (n == len && strncmp(at, word, n) == 0)
            return true;
        at += n;
        if (*at == '\0')
            break;
    }
    return false;
}

static bool read_time(const char *text, int64_t *out)
{
    uint64_t seconds = 0;

    if (text_from_time(slice_text(text), out))
        return true;
    if (!text_from_decimal(slice_text(text), INT64_MAX, &seconds))
        return false;
    *out = (int64_t)seconds;
    return true;
}

/* Put |value| where |o| says. Returns NULL, or what it should have been. */
static const char *store(const struct command_option *o, const char *value,
                         void *options)
{
    char *field = (char *)options + o->offset;

    switch (o->kind) {
    case OPTION_FLAG:
        *(bool *)(void *)field = true;
        return NULL;
    case OPTION_WORD:
        if (!is_one_of(o->value, value))
            return o->value;
        break;
    case OPTION_TIME:
        return read_time(value, (int64_t *)(void *)field)
                   ? NULL
                   : "unix seconds or as 2026-01-31T00:00:00Z";
    case OPTION_TEXT:
    case OPTION_FILE:
    case OPTION_FOLDER:
        break;
    }
    *(const char **)(void *)field = value;
    return NULL;
}

static int take(const struct command *self, int c, void *options)
{
    const struct command_option *o = find_row(self, c);
    const char *expected = store(o, optarg, options);

    if (expected == NULL)
        return -1;
    return command_fail(self, COMMAND_TROUBLE,
                        "--%s: found '%.200s', expected %s", o->name, optarg,
                        expected);
}

static int check_operands(const struct command *self, size_t count,
                          char **operands)
{
    const struct command_operands *want = &self->operands;

    if (want->max != COMMAND_OPERANDS_ANY && count > want->max)
        return bad_usage(self, "an argument too many:", operands[want->max]);
    if (count < want->min)
        return command_fail(self, COMMAND_TROUBLE,
                            "an argument is missing; try 'veritee %s --help'",
                            self->name);
    if (want->kind == OPTION_WORD && count > 0 &&
        !is_one_of(want->words, operands[0]))
        return command_fail(self, COMMAND_TROUBLE,
                            "found '%.200s', expected %s", operands[0],
                            want->words);
    return -1;
}

static int bad_option(const struct command *self, const char *typed)
{
    struct suggest meant = suggest_for_option(typed);

    suggest_offer(&meant, "help");
    for (const struct command_option *o = self->options;
         o != NULL && o->name != NULL; o++)
        suggest_offer(&meant, o->name);
    if (suggest_found(&meant) == NULL)
        return bad_usage(self, "unknown option", typed);
    return command_fail(self, COMMAND_TROUBLE,
                        "unknown option '%.200s', did you mean '--%s'?", typed,
                        suggest_found(&meant));
}

int command_read(const struct command *self, int argc, char **argv,
                 void *options, char ***operands)
{
    struct option known[OPTIONS_MAX];
    char letters[LETTERS_ROOM], letter[3];
    int code = -1;

    translate(self, known, letters);
    optind = 0; /* begin anew, also what getopt remembers */
    opterr = 0; /* we say it ourselves */
    while (code == -1) {
        int c = getopt_long(argc, argv, letters, known, NULL);

        if (c == -1)
            break;
        if (c == 'h')
            return command_help(self, stdout) ? COMMAND_GOOD : COMMAND_TROUBLE;
        if (c == '?')
            return bad_option(self, suggest_unknown(argv, letters, letter));
        if (c == ':')
            return bad_usage(self, "a value is missing behind",
                             argv[optind - 1]);
        code = take(self, c, options);
    }
    *operands = argv + optind;
    return code != -1
               ? code
               : check_operands(self, (size_t)(argc - optind), *operands);
}
