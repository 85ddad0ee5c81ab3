#include "proxy/tools/commands.h"

#include <string.h>

#include "common/suggest.h"
#include "proxy/tools/cmd_audit.h"
#include "proxy/tools/cmd_ca.h"
#include "proxy/tools/cmd_check.h"
#include "proxy/tools/cmd_collateral.h"
#include "proxy/tools/cmd_completion.h"
#include "proxy/tools/cmd_doctor.h"
#include "proxy/tools/cmd_env.h"
#include "proxy/tools/cmd_exec.h"
#include "proxy/tools/cmd_init.h"
#include "proxy/tools/cmd_inspect.h"
#include "proxy/tools/cmd_pin.h"
#include "proxy/tools/cmd_run.h"
#include "proxy/tools/cmd_status.h"
#include "proxy/tools/cmd_verify.h"

/* clang-format off */
const struct command *const commands_all[] = {
    &cmd_init_command,
    &cmd_run_command,
    &cmd_status_command,
    &cmd_exec_command,
    &cmd_env_command,
    &cmd_pin_command,
    &cmd_ca_command,
    &cmd_check_command,
    &cmd_verify_command,
    &cmd_inspect_command,
    &cmd_doctor_command,
    &cmd_audit_command,
    &cmd_collateral_command,
    &cmd_completion_command,
    NULL,
};
/* clang-format on */

/* False if it cannot be written. */
static bool help(FILE *to)
{
    (void)fputs("Usage: veritee COMMAND [options]\n"
                "\n"
                "A local proxy that lets nothing through until the far end has "
                "proved what it is.\n\n",
                to);
    for (size_t i = 0; commands_all[i] != NULL; i++)
        (void)fprintf(to, "  %-11s %s\n", commands_all[i]->name,
                      commands_all[i]->what);
    (void)fputs("\n'veritee COMMAND --help' says more of each; 'veritee "
                "--version' which this is.\n",
                to);
    return fflush(to) == 0 && ferror(to) == 0;
}

static const struct command *find(const struct command *const *list,
                                  const char *word)
{
    for (size_t i = 0; list[i] != NULL; i++)
        if (strcmp(command_word(list[i]), word) == 0)
            return list[i];
    return NULL;
}

static bool is_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

/* There is no |typed| in |list|, which is what |self| has, "veritee" or
 * "veritee ca". */
static int bad_word(const char *self, const struct command *const *list,
                    const char *typed)
{
    struct suggest meant = suggest_for_option(typed);

    for (size_t i = 0; list[i] != NULL; i++)
        suggest_offer(&meant, command_word(list[i]));
    if (suggest_found(&meant) != NULL)
        (void)fprintf(stderr,
                      "%s: unknown command '%.64s', did you mean "
                      "'%s'?\n",
                      self, typed, suggest_found(&meant));
    else
        (void)fprintf(stderr, "%s: unknown command '%.64s'; try '%s --help'\n",
                      self, typed, self);
    return COMMAND_TROUBLE;
}

static int bad_sub(const struct command *command, const char *typed)
{
    char self[64];

    (void)snprintf(self, sizeof(self), "veritee %s", command->name);
    return bad_word(self, command->subs, typed);
}

/* |argv| begins with |command|'s last word. */
static int run(const struct command *command, int argc, char **argv)
{
    const struct command *sub = NULL;

    if (command->subs != NULL && argc > 1)
        sub = find(command->subs, argv[1]);
    if (sub != NULL)
        return run(sub, argc - 1, argv + 1);
    if (command->main != NULL)
        return command->main(argc, argv);
    if (argc > 1 && is_help(argv[1]))
        return command_help(command, stdout) ? COMMAND_GOOD : COMMAND_TROUBLE;
    if (argc > 1)
        return bad_sub(command, argv[1]);
    (void)command_help(command, stderr);
    return COMMAND_TROUBLE;
}

int commands_run(int argc, char **argv)
{
    const struct command *command;

    if (argc < 2) {
        (void)help(stderr);
        return COMMAND_TROUBLE;
    }
    if (is_help(argv[1]))
        return help(stdout) ? COMMAND_GOOD : COMMAND_TROUBLE;
    command = find(commands_all, argv[1]);
    if (command != NULL)
        return run(command, argc - 1, argv + 1);
    return bad_word("veritee", commands_all, argv[1]);
}
