/* proxy/tools/cmd_verify.h: the command `veritee verify`.
 *
 * Verifies a quote from files, without a network: the same engine as the
 * proxy, and the same table of checks. docs/VERIFICATION.md. */
#ifndef PROXY_TOOLS_CMD_VERIFY_H
#define PROXY_TOOLS_CMD_VERIFY_H

#include "proxy/tools/command.h"

extern const struct command cmd_verify_command;

#endif
