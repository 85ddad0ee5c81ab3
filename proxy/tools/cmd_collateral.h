/* proxy/tools/cmd_collateral.h: `veritee collateral`, and what is below it.
 *
 * The store of items as people and programs see it, and the ways in and out of
 * it. docs/man/veritee.1. */
#ifndef PROXY_TOOLS_CMD_COLLATERAL_H
#define PROXY_TOOLS_CMD_COLLATERAL_H

#include "proxy/tools/command.h"

/* The version of the objects that --json prints. */
#define CMD_COLLATERAL_JSON_VERSION 1
#define CMD_COLLATERAL_OUTPUT_MAX   (16 * 1024 * 1024)

extern const struct command cmd_collateral_command;
extern const struct command cmd_collateral_fetch_command;
extern const struct command cmd_collateral_show_command;
extern const struct command cmd_collateral_export_command;
extern const struct command cmd_collateral_import_command;
extern const struct command cmd_collateral_forecast_command;

#endif
