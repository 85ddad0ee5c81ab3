/* proxy/tools/cmd_audit_judge.h: the command `veritee audit judge`.
 *
 * Judges a past decision again, from the evidence that was kept, by the same
 * engine. An external check is not asked again: what wants one is refused. */
#ifndef PROXY_TOOLS_CMD_AUDIT_JUDGE_H
#define PROXY_TOOLS_CMD_AUDIT_JUDGE_H

#include "proxy/tools/command.h"

extern const struct command cmd_audit_judge_command;

#endif
