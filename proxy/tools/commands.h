/* proxy/tools/commands.h: the commands of `veritee`. */
#ifndef PROXY_TOOLS_COMMANDS_H
#define PROXY_TOOLS_COMMANDS_H

#include "proxy/tools/command.h"

/* All, in the order of the help; ends in NULL. */
extern const struct command *const commands_all[];

/* Run the command that argv[1] names, and, if that has commands below it, the
 * one that argv[2] names. Returns the exit status. */
int commands_run(int argc, char **argv);

#endif
