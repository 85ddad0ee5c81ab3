/* What a file says as `veritee inspect` tells it: text from certificates must
 * stay text, for a terminal and in JSON. */
#include <stdlib.h>

#include "common/json_out.h"
#include "common/limits.h"
#include "common/utf8.h"
#include "proxy/tools/inspect.h"

#define OUTPUT_MAX_BYTES (4 * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const struct buffer *text, bool with_lines)
{
    if (!buffer_ok(text))
        abort(); /* more than a quote can say */
    for (size_t i = 0; i < text->len; i++)
        if ((text->at[i] < 0x20 && !(with_lines && text->at[i] == '\n')) ||
            text->at[i] == 0x7f)
            abort(); /* a terminal would obey it */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buffer text = buffer_with_max(OUTPUT_MAX_BYTES);
    struct buffer json = buffer_with_max(OUTPUT_MAX_BYTES);
    struct json_out j = json_out_to(&json);
    struct inspect in;
    enum status st = inspect_read(slice_of(data, size), &in);

    if (st != in.why.status)
        abort();
    inspect_text(&in, &text);
    check_text(&text, true);
    json_out_object(&j, NULL);
    inspect_json(&in, &j);
    json_out_end_object(&j);
    check_text(&json, false);
    buffer_free(&text);
    buffer_free(&json);
    return 0;
}
