#include "proxy/tools/cmd_inspect.h"

#include <stdbool.h>
#include <stddef.h>

#include "common/file.h"
#include "common/limits.h"
#include "proxy/tools/inspect.h"

/* The version of the object that --json prints: docs/VERIFICATION.md. */
#define JSON_VERSION     1
#define OUTPUT_MAX_BYTES (1024 * 1024)

struct options {
    bool json;
};

static const struct command_option known[] = {
    { "json", 0, OPTION_FLAG, offsetof(struct options, json), NULL,
      "print one JSON object instead of text" },
    { .name = NULL },
};

static int inspect_main(int argc, char **argv);

const struct command cmd_inspect_command = {
    .name = "inspect",
    .what = "tell what is in a quote, unverified",
    .synopsis = "[--json] FILE",
    .about = "Tell what is in the quote FILE. Nothing is verified: 'veritee "
             "verify'\n"
             "tells whether it is true.\n",
    .options = known,
    .operands = { .kind = OPTION_FILE, .min = 1, .max = 1 },
    .exits = "0 all of the quote can be read; 1 it is malformed, or no\n"
             "quote; 2 wrong usage, or a file that cannot be read.\n",
    .examples = "veritee inspect quote.bin\n",
    .main = inspect_main,
};

static void put_json(const struct inspect *in, struct buffer *out)
{
    struct json_out j = json_out_to(out);

    json_out_object(&j, NULL);
    json_out_int(&j, "version", JSON_VERSION);
    inspect_json(in, &j);
    json_out_end_object(&j);
    buffer_byte(out, '\n');
}

static int inspect(const struct options *o, struct slice bytes)
{
    struct buffer out = buffer_with_max(OUTPUT_MAX_BYTES);
    struct inspect in;
    enum status st = inspect_read(bytes, &in);

    if (o->json)
        put_json(&in, &out);
    else
        inspect_text(&in, &out);
    return command_print(&cmd_inspect_command,
                         st == STATUS_OK ? COMMAND_GOOD : COMMAND_BAD, &out);
}

static int inspect_main(int argc, char **argv)
{
    struct options o = { .json = false };
    char **operands;
    struct buffer file;
    struct why why;
    int code = command_read(&cmd_inspect_command, argc, argv, &o, &operands);

    if (code != -1)
        return code;
    if (file_read(operands[0], QUOTE_MAX_BYTES, &file, &why) != STATUS_OK)
        return command_fail_why(&cmd_inspect_command, COMMAND_TROUBLE, &why);
    code = inspect(&o, buffer_view(&file));
    buffer_free(&file);
    return code;
}
