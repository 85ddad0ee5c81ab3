#include "proxy/tools/explain_text.h"

#include <string.h>

#include "common/compiler.h"
#include "verifier/wolf.h"

void explain_text_keep(void *ctx, const struct explain_row *row)
{
    struct explain_text *e = ctx;
    struct explain_line *line = &e->lines[e->count];

    if (e->count == EXPLAIN_TEXT_LINES)
        return;
    *line = (struct explain_line){ .check = row->check,
                                   .act = row->act,
                                   .what = row->what,
                                   .len = row->bytes.len };
    if (row->whole.len > 0) {
        line->has_place = true;
        line->offset = slice_offset(row->whole, row->bytes);
        line->whole_len = row->whole.len;
    }
    memcpy(line->bytes, row->bytes.at, MIN_OF(line->len, sizeof(line->bytes)));
    line->sha384 = row->sha384;
    if (row->sha384)
        wolf_sha384(row->bytes, (struct slice){ 0 }, line->digest);
    else
        wolf_sha256(row->bytes, (struct slice){ 0 }, line->digest);
    e->count++;
}

static struct slice digest(const struct explain_line *line)
{
    return slice_of(line->digest,
                    line->sha384 ? WOLF_SHA384_BYTES : WOLF_SHA256_BYTES);
}

static struct slice kept(const struct explain_line *line)
{
    return slice_of(line->bytes, MIN_OF(line->len, sizeof(line->bytes)));
}

static void put_line(const struct explain_line *line, struct buffer *out)
{
    struct slice bytes = kept(line);

    buffer_printf(out, "    %-9s  %s", explain_act_name(line->act), line->what);
    if (line->has_place)
        buffer_printf(out, ", from byte %zu of %zu, %zu bytes", line->offset,
                      line->whole_len, line->len);
    if (line->act == EXPLAIN_SIGNED) {
        buffer_printf(out, "\n               SHA-%s ",
                      line->sha384 ? "384" : "256");
        buffer_hex(out, digest(line));
    } else {
        buffer_text(out, "\n               ");
        buffer_hex(out, bytes);
        if (line->len > bytes.len)
            buffer_printf(out, "... (%zu bytes)", line->len);
    }
    buffer_byte(out, '\n');
}

void explain_text_table(const struct explain_text *e, struct buffer *out)
{
    const char *check = "";

    for (size_t i = 0; i < e->count; i++) {
        if (strcmp(check, e->lines[i].check) != 0)
            buffer_printf(out, "%s\n", e->lines[i].check);
        check = e->lines[i].check;
        put_line(&e->lines[i], out);
    }
}

static void put_object(const struct explain_line *line, struct json_out *j)
{
    json_out_object(j, NULL);
    json_out_text(j, "check", line->check);
    json_out_text(j, "act", explain_act_name(line->act));
    json_out_text(j, "what", line->what);
    if (line->has_place)
        json_out_int(j, "offset", (int64_t)line->offset);
    json_out_int(j, "length", (int64_t)line->len);
    json_out_hex(j, "bytes", kept(line));
    json_out_hex(j, line->sha384 ? "sha384" : "sha256", digest(line));
    json_out_end_object(j);
}

void explain_text_json(const struct explain_text *e, struct json_out *j)
{
    json_out_array(j, "explanation");
    for (size_t i = 0; i < e->count; i++)
        put_object(&e->lines[i], j);
    json_out_end_array(j);
}
