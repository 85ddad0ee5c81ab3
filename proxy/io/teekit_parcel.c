#include "proxy/io/teekit_parcel.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/builder.h"
#include "proxy/io/ws_frame.h"

/* What stands before the head, and how much longer it gets by id and body. */
#define BEFORE_BYTES (WS_HEADER_MAX_BYTES + TEEKIT_SEAL_ROOM)
#define BODY_BYTES   (TEEKIT_ID_ROOM + 32)

size_t teekit_parcel_body_max(size_t head)
{
    return TEEKIT_MESSAGE_MAX_BYTES - BEFORE_BYTES - BODY_BYTES - head;
}

static void on_done(struct ws_packet *packet)
{
    teekit_parcel_free(CONTAINER_OF(packet, struct teekit_parcel, packet));
}

enum status teekit_parcel_new(const struct teekit_message *m, size_t expected,
                              struct teekit_parcel **out)
{
    size_t before = BEFORE_BYTES + BODY_BYTES + teekit_message_room(m);
    struct teekit_parcel *p = calloc(1, sizeof(*p));

    *out = NULL;
    if (p == NULL)
        return STATUS_NO_MEMORY;
    p->packet = (struct ws_packet){ .opcode = WS_BINARY, .done = on_done };
    p->bytes = buffer_with_max(TEEKIT_MESSAGE_MAX_BYTES);
    p->body_at = before;
    p->is_text = true;
    if (buffer_reserve(&p->bytes, before + expected) == NULL) {
        teekit_parcel_free(p);
        return STATUS_NO_MEMORY;
    }
    memset(p->bytes.at, 0, before);
    buffer_commit(&p->bytes, before);
    *out = p;
    return STATUS_OK;
}

void teekit_parcel_free(struct teekit_parcel *p)
{
    if (p == NULL)
        return;
    buffer_free(&p->bytes);
    free(p);
}

uint8_t *teekit_parcel_reserve(struct teekit_parcel *p, size_t room)
{
    return buffer_reserve(&p->bytes, room);
}

void teekit_parcel_commit(struct teekit_parcel *p, size_t len)
{
    const uint8_t *at = p->bytes.at + p->bytes.len;

    buffer_commit(&p->bytes, len);
    p->is_text = p->is_text && utf8_feed(&p->utf8, slice_of(at, len));
}

enum teekit_body teekit_parcel_kind(const struct teekit_parcel *p)
{
    return p->is_text && utf8_complete(&p->utf8) ? TEEKIT_TEXT : TEEKIT_BYTES;
}

void teekit_parcel_seal(struct teekit_parcel *p, struct teekit_message *m,
                        enum teekit_body kind, const struct teekit_key *key)
{
    uint8_t *head = p->bytes.at + BEFORE_BYTES;
    struct builder b = builder_over(head, p->body_at - BEFORE_BYTES);
    uint8_t *text;
    size_t len;

    m->body_kind = kind;
    m->body = kind == TEEKIT_NOTHING
                  ? (struct slice){ 0 }
                  : slice_of(p->bytes.at + p->body_at, teekit_parcel_body(p));
    teekit_message_encode_head(m, &b);
    assert(builder_ok(&b)); /* teekit_message_room() counted */
    text = p->bytes.at + p->body_at - b.len;
    memmove(text, head, b.len);
    len = b.len + m->body.len;
    p->packet.out.len = teekit_seal_text(key, text, len);
    p->packet.out.at = text + len - p->packet.out.len;
}
