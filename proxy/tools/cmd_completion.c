#include "proxy/tools/cmd_completion.h"

#include <string.h>

#include "proxy/tools/commands.h"

#define OUTPUT_MAX_BYTES (256 * 1024)

static int completion_main(int argc, char **argv);

const struct command cmd_completion_command = {
    .name = "completion",
    .what = "print completions for bash, zsh or fish",
    .synopsis = "bash|zsh|fish",
    .about = "Print what a shell needs to complete commands, options and "
             "files.\n",
    .operands = { .kind = OPTION_WORD,
                  .min = 1,
                  .max = 1,
                  .words = "bash|zsh|fish" },
    .exits = "0 printed; 2 wrong usage.\n",
    .examples = "eval \"$(veritee completion bash)\"\n"
                "veritee completion zsh >~/.zfunc/_veritee\n"
                "veritee completion fish "
                ">~/.config/fish/completions/veritee.fish\n",
    .main = completion_main,
};

/* Told of each command that can be run, in order. */
typedef void each_fn(const struct command *c, struct buffer *out);

static void each(const struct command *const *list, each_fn *fn,
                 struct buffer *out)
{
    for (size_t i = 0; list[i] != NULL; i++) {
        if (list[i]->main != NULL)
            fn(list[i], out);
        if (list[i]->subs != NULL)
            each(list[i]->subs, fn, out);
    }
}

/* The first clause of |text| within single quotes of any of the shells; the
 * bytes of |special| behind a backslash. */
static void put_clause(const char *text, const char *special,
                       struct buffer *out)
{
    for (; *text != '\0' && *text != '\n' && *text != ';'; text++) {
        if (*text == '\'') {
            buffer_text(out, "'\\''");
            continue;
        }
        if (strchr(special, *text) != NULL)
            buffer_byte(out, '\\');
        buffer_byte(out, (uint8_t)*text);
    }
}

/* "one|two" as "one two". */
static void put_words(const char *words, struct buffer *out)
{
    for (; *words != '\0'; words++)
        buffer_byte(out, *words == '|' ? ' ' : (uint8_t)*words);
}

static void put_names(const struct command *const *list, struct buffer *out)
{
    for (size_t i = 0; list[i] != NULL; i++)
        buffer_printf(out, "%s%s", i > 0 ? " " : "", command_word(list[i]));
}

#define EACH_OPTION(o, c)                                                      \
    for (const struct command_option *o = (c)->options;                        \
         o != NULL && o->name != NULL; o++)

/* --- bash ------------------------------------------------------------------ */

static void bash_values(const struct command *c, struct buffer *out)
{
    EACH_OPTION(o, c)
    {
        if (o->kind == OPTION_FLAG)
            continue;
        buffer_printf(out, "        '%s --%s'", c->name, o->name);
        if (o->letter != '\0')
            buffer_printf(out, "|'%s -%c'", c->name, o->letter);
        buffer_text(out, ") ");
        if (o->kind == OPTION_WORD) {
            buffer_text(out, "words='");
            put_words(o->value, out);
            buffer_text(out, "' ;;\n");
        } else if (o->kind == OPTION_FOLDER) {
            buffer_text(out, "kind=-d ;;\n");
        } else {
            buffer_printf(out, "%s ;;\n",
                          o->kind == OPTION_FILE ? "kind=-f" : "return");
        }
    }
}

static void bash_options(const struct command *c, struct buffer *out)
{
    const struct command_operands *operands = &c->operands;

    buffer_printf(out, "        '%s') words='--help", c->name);
    EACH_OPTION(o, c)
    {
        buffer_printf(out, " --%s", o->name);
    }
    if (operands->kind == OPTION_WORD && operands->max > 0) {
        buffer_byte(out, ' ');
        put_words(operands->words, out);
    }
    if (c->subs != NULL) {
        buffer_byte(out, ' ');
        put_names(c->subs, out);
    }
    buffer_printf(out, "'%s ;;\n",
                  operands->kind == OPTION_FILE && operands->max > 0
                      ? " kind=-f"
                      : "");
}

/* A command that only leads to others. */
static void bash_groups(struct buffer *out)
{
    for (size_t i = 0; commands_all[i] != NULL; i++) {
        const struct command *c = commands_all[i];

        if (c->subs == NULL || c->main != NULL)
            continue;
        buffer_printf(out, "        '%s') words='--help ", c->name);
        put_names(c->subs, out);
        buffer_text(out, "' ;;\n");
    }
}

static void put_bash(struct buffer *out)
{
    buffer_text(out, "_veritee() {\n"
                     "    local cur=$2 prev=$3 words= kind= command="
                     "${COMP_WORDS[1]} i\n"
                     "    COMPREPLY=()\n"
                     "    case $command in\n");
    for (size_t i = 0; commands_all[i] != NULL; i++)
        if (commands_all[i]->subs != NULL) {
            buffer_printf(out, "    %s) for i in ", commands_all[i]->name);
            put_names(commands_all[i]->subs, out);
            buffer_text(out, "; do\n"
                             "        [[ ${COMP_WORDS[2]} != \"$i\" || "
                             "$COMP_CWORD -lt 3 ]] ||"
                             " command+=\" $i\"; done ;;\n");
        }
    buffer_text(out, "    esac\n"
                     "    if [[ $COMP_CWORD -eq 1 ]]; then\n"
                     "        words='--help --version ");
    put_names(commands_all, out);
    buffer_text(out, "'\n"
                     "    else\n"
                     "        case \"$command $prev\" in\n");
    each(commands_all, bash_values, out);
    buffer_text(out, "        *) case $command in\n");
    each(commands_all, bash_options, out);
    bash_groups(out);
    buffer_text(out,
                "        esac ;;\n"
                "        esac\n"
                "    fi\n"
                "    [[ -z $kind ]] || mapfile -t COMPREPLY < <(compgen $kind "
                "-- \"$cur\")\n"
                "    [[ -z $words ]] || COMPREPLY+=($(compgen -W \"$words\" -- "
                "\"$cur\"))\n"
                "}\n"
                "complete -o filenames -F _veritee veritee\n");
}

/* --- zsh ------------------------------------------------------------------- */

static void zsh_list(const struct command *const *list, struct buffer *out)
{
    for (size_t i = 0; list[i] != NULL; i++) {
        buffer_printf(out, " '%s:", command_word(list[i]));
        put_clause(list[i]->what, ":", out);
        buffer_byte(out, '\'');
    }
}

static void zsh_action(enum option_kind kind, const char *words,
                       struct buffer *out)
{
    switch (kind) {
    case OPTION_FILE:
        buffer_text(out, "_files");
        return;
    case OPTION_FOLDER:
        buffer_text(out, "_files -/");
        return;
    case OPTION_WORD:
        buffer_byte(out, '(');
        put_words(words, out);
        buffer_byte(out, ')');
        return;
    case OPTION_FLAG:
    case OPTION_TEXT:
    case OPTION_TIME:
        return;
    }
}

static void zsh_option(const struct command_option *o, const char *dash,
                       const char *name, int len, struct buffer *out)
{
    buffer_printf(out, " \\\n            '%s%.*s[", dash, len, name);
    put_clause(o->help, "[]", out);
    buffer_byte(out, ']');
    if (o->kind != OPTION_FLAG) {
        buffer_byte(out, ':');
        put_clause(o->kind == OPTION_WORD ? "word" : o->value, ":", out);
        buffer_byte(out, ':');
        zsh_action(o->kind, o->value, out);
    }
    buffer_byte(out, '\'');
}

static void zsh_command(const struct command *c, struct buffer *out)
{
    const struct command_operands *operands = &c->operands;

    buffer_printf(out, "    '%s')\n        _arguments '--help[print help]'",
                  c->name);
    EACH_OPTION(o, c)
    {
        zsh_option(o, "--", o->name, (int)strlen(o->name), out);
        if (o->letter != '\0')
            zsh_option(o, "-", &o->letter, 1, out);
    }
    if (operands->ends_options)
        buffer_text(out, " \\\n            '*::program:_normal'");
    else if (operands->max > 0) {
        buffer_text(out, " \\\n            '*:argument:");
        zsh_action(operands->kind, operands->words, out);
        buffer_byte(out, '\'');
    }
    buffer_text(out, " ;;\n");
}

static void put_zsh(struct buffer *out)
{
    buffer_text(out, "#compdef veritee\n\n"
                     "_veritee() {\n"
                     "    local command=$words[2]\n"
                     "    local -a list\n"
                     "    if (( CURRENT == 2 )); then\n"
                     "        list=(");
    zsh_list(commands_all, out);
    buffer_text(out, ")\n        _describe command list\n        return\n"
                     "    fi\n"
                     "    shift words; (( CURRENT-- ))\n"
                     "    case $command in\n");
    for (size_t i = 0; commands_all[i] != NULL; i++) {
        const struct command *c = commands_all[i];

        if (c->subs == NULL)
            continue;
        buffer_printf(out,
                      "    %s)\n"
                      "        if (( CURRENT == 2 )); then\n"
                      "            list=(",
                      c->name);
        zsh_list(c->subs, out);
        buffer_printf(out,
                      ")\n"
                      "            _describe command list\n"
                      "            return\n"
                      "        fi\n"
                      "        command=\"%s $words[2]\"\n"
                      "        shift words; (( CURRENT-- )) ;;\n",
                      c->name);
    }
    buffer_text(out, "    esac\n    case $command in\n");
    each(commands_all, zsh_command, out);
    buffer_text(out, "    esac\n}\n\n"
                     "if [ \"$funcstack[1]\" = _veritee ]; then\n"
                     "    _veritee \"$@\"\n"
                     "else\n"
                     "    compdef _veritee veritee\n"
                     "fi\n");
}

/* --- fish ------------------------------------------------------------------ */

/* The condition that |c| is what is typed. */
static void fish_condition(const struct command *c, struct buffer *out)
{
    const char *blank = strchr(c->name, ' ');

    buffer_text(out, "complete -c veritee -n '__fish_seen_subcommand_from ");
    if (blank != NULL)
        buffer_printf(out, "%.*s; and __fish_seen_subcommand_from %s'",
                      (int)(blank - c->name), c->name, blank + 1);
    else
        buffer_printf(out, "%s'", c->name);
}

static void fish_command(const struct command *c, struct buffer *out)
{
    const struct command_operands *operands = &c->operands;

    EACH_OPTION(o, c)
    {
        fish_condition(c, out);
        buffer_printf(out, " -l %s", o->name);
        if (o->letter != '\0')
            buffer_printf(out, " -s %c", o->letter);
        if (o->kind == OPTION_FILE || o->kind == OPTION_FOLDER)
            buffer_text(out, " -r -F");
        else if (o->kind != OPTION_FLAG)
            buffer_text(out, " -x");
        if (o->kind == OPTION_WORD) {
            buffer_text(out, " -a '");
            put_words(o->value, out);
            buffer_byte(out, '\'');
        }
        buffer_text(out, " -d '");
        put_clause(o->help, "", out);
        buffer_text(out, "'\n");
    }
    if (operands->max == 0 || operands->kind == OPTION_TEXT)
        return;
    fish_condition(c, out);
    if (operands->kind == OPTION_WORD) {
        buffer_text(out, " -a '");
        put_words(operands->words, out);
        buffer_text(out, "'\n");
    } else {
        buffer_text(out, " -F\n");
    }
}

static void fish_name(const struct command *c, const char *condition,
                      const char *group, struct buffer *out)
{
    buffer_printf(out, "complete -c veritee -n '%s%s' -a %s -d '", condition,
                  group, command_word(c));
    put_clause(c->what, "", out);
    buffer_text(out, "'\n");
}

static void put_fish(struct buffer *out)
{
    buffer_text(out, "complete -c veritee -f\n"
                     "complete -c veritee -l help -d 'print help'\n");
    for (size_t i = 0; commands_all[i] != NULL; i++) {
        const struct command *c = commands_all[i];

        fish_name(c, "__fish_use_subcommand", "", out);
        for (size_t k = 0; c->subs != NULL && c->subs[k] != NULL; k++)
            fish_name(c->subs[k], "__fish_seen_subcommand_from ", c->name, out);
    }
    each(commands_all, fish_command, out);
}

/* --------------------------------------------------------------------------- */

static int completion_main(int argc, char **argv)
{
    struct buffer out = buffer_with_max(OUTPUT_MAX_BYTES);
    char **operands;
    int code =
        command_read(&cmd_completion_command, argc, argv, NULL, &operands);

    if (code != -1)
        return code;
    if (strcmp(operands[0], "bash") == 0)
        put_bash(&out);
    else if (strcmp(operands[0], "zsh") == 0)
        put_zsh(&out);
    else
        put_fish(&out);
    return command_print(&cmd_completion_command, COMMAND_GOOD, &out);
}
