#include "proxy/tools/cmd_status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "common/utf8.h"
#include "proxy/tools/running.h"

struct options {
    const char *proxy;
    bool json;
};

#define FIELD(name) offsetof(struct options, name)

static const struct command_option known[] = {
    { "json", 0, OPTION_FLAG, FIELD(json), NULL,
      "print /status.json as it is" },
    { "proxy", 0, OPTION_TEXT, FIELD(proxy), "HOST:PORT",
      "where it listens;\n"
      "default: as the policy says, else localhost:8118" },
    { .name = NULL },
};

static int status_main(int argc, char **argv);

const struct command cmd_status_command = {
    .name = "status",
    .what = "say what the running proxy trusts",
    .synopsis = "[--json] [--proxy HOST:PORT]",
    .about =
        "Say what the proxy that runs on this machine trusts, and why not.\n",
    .options = known,
    .exits = "0 when it answered; 1 when it did not; 2 for usage.\n",
    .examples = "veritee status\n"
                "veritee status --json\n",
    .main = status_main,
};

/* Whether a terminal shows |c|, and does nothing else: C1 controls are two
 * bytes of UTF-8. */
static bool is_harmless(struct slice c)
{
    if (c.len == 1)
        return (c.at[0] >= ' ' && c.at[0] < 0x7f) || c.at[0] == '\n';
    return c.len > 2 || (c.len == 2 && (c.at[0] != 0xc2 || c.at[1] > 0x9f));
}

/* To a terminal, perhaps: whoever listens there may be another program. */
static bool print(struct slice body)
{
    while (body.len > 0) {
        size_t len = utf8_length(body);
        struct slice c = slice_of(body.at, len);

        if (!is_harmless(c))
            c = slice_text("?");
        if (fwrite(c.at, 1, c.len, stdout) != c.len)
            return false;
        len = MAX_OF(len, 1u);
        body = slice_of(body.at + len, body.len - len);
    }
    return fflush(stdout) == 0;
}

static int status_main(int argc, char **argv)
{
    struct options o = { .proxy = NULL };
    struct buffer answer;
    struct slice body;
    struct running proxy;
    struct why why;
    enum status st;
    char **operands;
    int code = command_read(&cmd_status_command, argc, argv, &o, &operands);

    if (code != -1)
        return code;
    if (running_address(o.proxy, &proxy, &why) != STATUS_OK)
        return command_fail_why(&cmd_status_command, COMMAND_TROUBLE, &why);
    st = running_ask(&proxy, o.json ? "/status.json" : "/status.txt", &answer,
                     &body, &why);
    running_forget(&proxy);
    if (st != STATUS_OK)
        return command_fail_why(&cmd_status_command, COMMAND_BAD, &why);
    code = print(body) ? COMMAND_GOOD : COMMAND_TROUBLE;
    buffer_free(&answer);
    return code;
}
