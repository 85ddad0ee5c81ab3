#include "proxy/tunnel/frame.h"

#include <assert.h>

#include "common/text.h"
#include "proxy/tunnel/flow.h"
#include "proxy/tunnel/reason.h"
#include "proxy/tunnel/wire_out.h"

#define CLAUSE    "PROTOCOL 5"
#define PARTS_MAX 3 /* of a frame, its type not counted */

/* What can stand in a frame. NOTHING ends the list. */
enum part { NOTHING, ID, LAST_ID, CREDIT, REASON, TARGET, DATA, OPAQUE, TEXT };

/* clang-format off */
static const struct layout {
    const char *name;
    const char *path; /* for people */
    enum part parts[PARTS_MAX];
} layouts[FRAME_TYPE_COUNT] = {
    [FRAME_OPEN]   = { "open",   "frame.open",   { ID, TARGET } },
    [FRAME_OPENED] = { "opened", "frame.opened", { ID } },
    [FRAME_DATA]   = { "data",   "frame.data",   { ID, DATA } },
    [FRAME_CREDIT] = { "credit", "frame.credit", { ID, CREDIT } },
    [FRAME_FIN]    = { "fin",    "frame.fin",    { ID } },
    [FRAME_RESET]  = { "reset",  "frame.reset",  { ID, REASON } },
    [FRAME_PING]   = { "ping",   "frame.ping",   { OPAQUE } },
    [FRAME_PONG]   = { "pong",   "frame.pong",   { OPAQUE } },
    [FRAME_GOAWAY] = { "goaway", "frame.goaway", { LAST_ID, REASON, TEXT } },
};
/* clang-format on */

const char *frame_name(enum frame_type type)
{
    assert(type < FRAME_TYPE_COUNT);
    return layouts[type].name;
}

static size_t parts_of(enum frame_type type)
{
    size_t count = 0;

    while (count < PARTS_MAX && layouts[type].parts[count] != NOTHING)
        count++;
    return count;
}

/* Reading. */

static uint32_t read_number(struct wire_in *in, uint32_t min, uint32_t max)
{
    uint64_t v = wire_in_uint(in, max);

    if (v < min)
        wire_in_fail(in);
    return (uint32_t)v;
}

static struct slice read_target(struct wire_in *in)
{
    struct slice target = wire_in_text(in, TARGET_MAX_BYTES);
    struct slice host;
    uint16_t port;

    if (!text_host_port(target, &host, &port))
        wire_in_fail(in);
    return target;
}

static struct slice read_bytes(struct wire_in *in, size_t min, size_t max)
{
    struct slice bytes = wire_in_bytes(in, max);

    if (bytes.len < min)
        wire_in_fail(in);
    return bytes;
}

static struct slice read_text(struct wire_in *in)
{
    struct slice text = wire_in_text(in, FRAME_TEXT_MAX_BYTES);

    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] < ' ' || text.at[i] > '~')
            wire_in_fail(in);
    return text;
}

static void read_part(struct wire_in *in, enum part part, struct frame *f)
{
    switch (part) {
    case NOTHING:
        break;
    case ID:
        f->id = read_number(in, 1, UINT32_MAX);
        break;
    case LAST_ID:
        f->id = read_number(in, 0, UINT32_MAX);
        break;
    case CREDIT:
        f->number = read_number(in, 1, FLOW_CREDIT_MAX);
        break;
    case REASON:
        f->number = read_number(in, 0, REASON_MAX);
        break;
    case TARGET:
        f->bytes = read_target(in);
        break;
    case DATA:
        f->bytes = read_bytes(in, 1, RECORD_MAX_BYTES);
        break;
    case OPAQUE:
        f->bytes = read_bytes(in, FRAME_OPAQUE_BYTES, FRAME_OPAQUE_BYTES);
        break;
    case TEXT:
        f->bytes = read_text(in);
        break;
    }
}

enum status frame_read(struct wire_in *in, struct frame *out, struct why *why)
{
    struct frame f = { 0 };
    struct wire_list items = wire_in_array(in, 1 + PARTS_MAX);

    *out = f;
    f.type = (enum frame_type)wire_in_uint(in, FRAME_TYPE_COUNT - 1);
    if (!wire_in_ok(in))
        return why_fail(why, STATUS_BAD_FIELD, "frame", CLAUSE,
                        "no array that begins with a type from 0 to %d",
                        FRAME_TYPE_COUNT - 1);
    if (items.left != 1 + parts_of(f.type))
        return why_fail(why, STATUS_BAD_FIELD, layouts[f.type].path, CLAUSE,
                        "%u items", (unsigned)items.left);
    for (size_t i = 0; i < parts_of(f.type); i++)
        read_part(in, layouts[f.type].parts[i], &f);
    if (!wire_in_ok(in))
        return why_fail(why, STATUS_BAD_FIELD, layouts[f.type].path, CLAUSE,
                        "an item of another kind, out of bounds, not in its "
                        "shortest form, or the end");
    *out = f;
    return STATUS_OK;
}

/* Writing. */

static void write_part(const struct frame *f, enum part part,
                       struct builder *out)
{
    switch (part) {
    case NOTHING:
        break;
    case ID:
    case LAST_ID:
        wire_out_uint(out, f->id);
        break;
    case CREDIT:
    case REASON:
        wire_out_uint(out, f->number);
        break;
    case DATA:
    case OPAQUE:
        wire_out_bytes(out, f->bytes);
        break;
    case TARGET:
    case TEXT:
        wire_out_text_slice(out, f->bytes);
        break;
    }
}

void frame_write(const struct frame *f, struct builder *out)
{
    assert(f->type < FRAME_TYPE_COUNT);
    wire_out_array(out, 1 + parts_of(f->type));
    wire_out_uint(out, f->type);
    for (size_t i = 0; i < parts_of(f->type); i++)
        write_part(f, layouts[f->type].parts[i], out);
}

void frame_data_head(uint32_t id, size_t len, struct builder *out)
{
    wire_out_array(out, 1 + parts_of(FRAME_DATA));
    wire_out_uint(out, FRAME_DATA);
    wire_out_uint(out, id);
    wire_out_bytes_head(out, len);
}
