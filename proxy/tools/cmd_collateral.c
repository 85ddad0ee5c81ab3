#include "proxy/tools/cmd_collateral.h"

static const struct command *const subs[] = {
    &cmd_collateral_fetch_command,    &cmd_collateral_show_command,
    &cmd_collateral_export_command,   &cmd_collateral_import_command,
    &cmd_collateral_forecast_command, NULL,
};

const struct command cmd_collateral_command = {
    .name = "collateral",
    .what = "fetch, show, carry and foresee what evidence is judged by",
    .synopsis = "fetch|show|export|import|forecast [options]",
    .about =
        "Collateral is what the makers of TEEs sign and publish: which TCB\n"
        "levels are good, what is revoked. The proxy fetches it by itself;\n"
        "these look after the store it keeps.\n",
    .exits = "as the command says.\n",
    .examples = "veritee collateral show\n"
                "veritee collateral forecast\n",
    .subs = subs,
};
