/* proxy/tools/cmd_exec.h: the command `veritee exec`.
 *
 * Runs a program that is led to the proxy, and nothing else. */
#ifndef PROXY_TOOLS_CMD_EXEC_H
#define PROXY_TOOLS_CMD_EXEC_H

#include "proxy/tools/command.h"

/* As env(1) and timeout(1) end. */
enum {
    CMD_EXEC_FAILED = 125,   /* wrong usage, or no proxy */
    CMD_EXEC_NOT_RUN = 126,  /* the program is there and cannot be run */
    CMD_EXEC_NOT_FOUND = 127 /* there is no such program */
};

extern const struct command cmd_exec_command;

#endif
