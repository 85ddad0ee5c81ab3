/* proxy/tools/command.h: what a command is called, takes and says of itself.
 *
 * One constant table a command: argv is read by it, --help prints it and
 * shells complete by it, so that the three cannot drift apart. Which commands
 * there are is commands.h's business. */
#ifndef PROXY_TOOLS_COMMAND_H
#define PROXY_TOOLS_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "common/buffer.h"
#include "common/compiler.h"
#include "common/status.h"

/* How a command ends; docs/man/veritee.1. Stable: scripts rely on it. `exec`
 * alone passes on the status of the program that it ran. */
enum command_exit {
    COMMAND_GOOD,    /* done, and the answer is yes */
    COMMAND_BAD,     /* done, and the answer is no: refused, not verified */
    COMMAND_TROUBLE, /* wrong usage, or a file that cannot be read or written */
    COMMAND_NO_ANSWER /* nothing can be said: the network, or no proxy there */
};

/* What an option's value is, and where it goes in the struct of the command. */
enum option_kind {
    OPTION_FLAG,   /* none; a bool becomes true */
    OPTION_TEXT,   /* const char *, borrowed from argv; as those that follow */
    OPTION_FILE,   /* shells complete files */
    OPTION_FOLDER, /* and folders */
    OPTION_WORD,   /* one of those in |value|: "human|json" */
    OPTION_TIME    /* int64_t: unix seconds, or "2026-01-31T00:00:00Z" */
};

struct command_option {
    const char *name; /* "policy"; NULL ends the table */
    char letter;      /* 'p'; '\0' if it has none */
    enum option_kind kind;
    size_t offset;     /* of the field that it fills */
    const char *value; /* "FILE"; NULL for flags */
    const char *help;  /* lines of at most 52 bytes */
};

#define COMMAND_OPERANDS_ANY ((size_t)-1)

/* What stands behind the options. */
struct command_operands {
    enum option_kind kind; /* OPTION_TEXT, _FILE or _WORD, for completion */
    size_t min;
    size_t max;        /* or COMMAND_OPERANDS_ANY */
    bool ends_options; /* all from the first on belongs to somebody else */
    const char *words; /* of OPTION_WORD */
};

struct command {
    const char *name;     /* "check", "audit show" */
    const char *what;     /* one line, for the list of commands */
    const char *synopsis; /* "[--json] [FILE]"; a line each way to use it */
    const char *about;    /* what --help says first; lines of 78 bytes */
    const struct command_option *options; /* NULL: none but --help */
    struct command_operands operands;
    const char *exits;    /* "0 ...; 1 ..." */
    const char *examples; /* a line each */
    /* Commands below this one; ends in NULL. NULL if it has none. */
    const struct command *const *subs;
    /* argv[0] is the last word of |name|. Returns the exit status. NULL if it
     * only has |subs|. */
    int (*main)(int argc, char **argv);
};

/* Read |argv| (argv[0] is skipped; ends in NULL) into |options|, the struct
 * that |self|'s table is about, whose other fields stay. |*operands| is what
 * is left, ending in NULL; borrowed from |argv|, which is reordered.
 * Returns -1 to go on, or the exit status: help was printed, or a complaint. */
MUST_CHECK int command_read(const struct command *self, int argc, char **argv,
                            void *options, char ***operands);

/* The help of |self| to |to|; false if that cannot be written. */
bool command_help(const struct command *self, FILE *to);

/* The last word of its name: "show". */
const char *command_word(const struct command *self);

/* "veritee check: |what|" on standard error. Returns |code|. */
PRINTF_LIKE(3, 4)
int command_fail(const struct command *self, enum command_exit code,
                 const char *what, ...);

/* The same for a reason. */
int command_fail_why(const struct command *self, enum command_exit code,
                     const struct why *why);

/* |out| to standard output, then freed. Returns |code|, or COMMAND_TROUBLE and
 * a complaint if that failed. */
int command_print(const struct command *self, enum command_exit code,
                  struct buffer *out);

#endif
