#include "proxy/local/cmd_inspect.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>

#include "common/file.h"
#include "common/limits.h"
#include "proxy/local/inspect.h"

enum { EXIT_READ, EXIT_MALFORMED, EXIT_TROUBLE };

/* The version of the object that --json prints: docs/VERIFICATION.md. */
#define JSON_VERSION     1
#define OUTPUT_MAX_BYTES (1024 * 1024)

static const char usage[] =
    "usage: veritee inspect [--json] FILE\n"
    "\n"
    "Tell what is in the quote FILE. Nothing is verified: 'veritee verify'\n"
    "tells whether it is true.\n"
    "\n"
    "  --json     print one JSON object instead of text\n"
    "\n"
    "Exit status: 0 all of the quote can be read; 1 it is malformed, or no\n"
    "quote; 2 wrong usage, or a file that cannot be read.\n";

struct options {
    const char *path;
    bool json;
    bool help;
};

static void complain(const char *what)
{
    (void)fprintf(stderr, "veritee inspect: %s\n", what);
}

static bool parse_options(int argc, char **argv, struct options *out)
{
    static const struct option names[] = {
        { "json", no_argument, NULL, 'j' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    int c;

    *out = (struct options){ 0 };
    for (c = getopt_long(argc, argv, "h", names, NULL); c != -1;
         c = getopt_long(argc, argv, "h", names, NULL)) {
        if (c == 'j')
            out->json = true;
        else if (c == 'h')
            out->help = true;
        else
            return false;
    }
    if (out->help)
        return true;
    if (argc - optind != 1) {
        complain("takes one file; see --help");
        return false;
    }
    out->path = argv[optind];
    return true;
}

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
    bool ok;

    if (o->json)
        put_json(&in, &out);
    else
        inspect_text(&in, &out);
    ok = buffer_ok(&out) && fwrite(out.at, 1, out.len, stdout) == out.len &&
         fflush(stdout) == 0;
    buffer_free(&out);
    if (!ok) {
        complain("cannot write");
        return EXIT_TROUBLE;
    }
    return st == STATUS_OK ? EXIT_READ : EXIT_MALFORMED;
}

int cmd_inspect_main(int argc, char **argv)
{
    struct options o;
    struct buffer file;
    struct why why;
    int code;

    if (!parse_options(argc, argv, &o))
        return EXIT_TROUBLE;
    if (o.help)
        return fputs(usage, stdout) < 0 ? EXIT_TROUBLE : EXIT_READ;
    if (file_read(o.path, QUOTE_MAX_BYTES, &file, &why) != STATUS_OK) {
        complain(why.found);
        return EXIT_TROUBLE;
    }
    code = inspect(&o, buffer_view(&file));
    buffer_free(&file);
    return code;
}
