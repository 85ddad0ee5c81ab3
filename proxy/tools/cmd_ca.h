/* proxy/tools/cmd_ca.h: the command `veritee ca`.
 *
 * Makes the CA of this computer, says what it is good for and who trusts it,
 * and has browsers trust it, or not any more, when it is asked to. */
#ifndef PROXY_TOOLS_CMD_CA_H
#define PROXY_TOOLS_CMD_CA_H

#include "proxy/tools/command.h"

extern const struct command cmd_ca_command;

#endif
