/* proxy/tools/cmd_audit.h: the command `veritee audit`.
 *
 * Reads what the proxy has written down of its decisions: lists it, shows one,
 * and says whether it was altered. Judging one again is cmd_audit_judge.h's. */
#ifndef PROXY_TOOLS_CMD_AUDIT_H
#define PROXY_TOOLS_CMD_AUDIT_H

#include "proxy/tools/command.h"

extern const struct command cmd_audit_command;

#endif
