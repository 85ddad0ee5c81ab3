/* proxy/tools/cmd_doctor.h: the command `veritee doctor`.
 *
 * Looks at all that the proxy needs, one by one, and says what to do. */
#ifndef PROXY_TOOLS_CMD_DOCTOR_H
#define PROXY_TOOLS_CMD_DOCTOR_H

#include "proxy/tools/command.h"

extern const struct command cmd_doctor_command;

#endif
