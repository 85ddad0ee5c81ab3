#include "proxy/io/teekit_parcel.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/builder.h"
#include "common/secret.h"
#include "proxy/io/ws_frame.h"
#include "proxy/tunnel/wire_out.h"

/* What stands before the head, and how much longer it gets by id and body. */
#define BEFORE_BYTES (WS_HEADER_MAX_BYTES + TEEKIT_SEAL_ROOM)
#define BODY_BYTES   (TEEKIT_ID_ROOM + 32)

#define TEXT_BIT 0x20 /* between a head of bytes and one of text (RFC 8949) */

size_t teekit_parcel_body_max(size_t head)
{
    return TEEKIT_MESSAGE_MAX_BYTES - BEFORE_BYTES - BODY_BYTES - head;
}

static void on_done(struct ws_packet *packet)
{
    teekit_parcel_free(CONTAINER_OF(packet, struct teekit_parcel, packet));
}

enum status teekit_parcel_new(struct blocks *blocks,
                              const struct teekit_message *m, size_t expected,
                              struct teekit_parcel **out)
{
    size_t before = BEFORE_BYTES + BODY_BYTES + teekit_message_room(m);
    struct teekit_parcel *p = calloc(1, sizeof(*p));

    *out = NULL;
    if (p == NULL)
        return STATUS_NO_MEMORY;
    p->packet = (struct ws_packet){ .opcode = WS_BINARY, .done = on_done };
    p->blocks = blocks;
    p->bytes = blocks != NULL && expected >= BLOCKS_MIN_BYTES
                   ? blocks_take(blocks, TEEKIT_MESSAGE_MAX_BYTES)
                   : buffer_with_max(TEEKIT_MESSAGE_MAX_BYTES);
    p->body_at = before;
    p->is_text = true;
    if (buffer_fit(&p->bytes, before + expected) == NULL) {
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
    if (p->blocks != NULL)
        blocks_give(p->blocks, &p->bytes);
    else
        buffer_free(&p->bytes);
    if (p->begun)
        teekit_stream_wipe(&p->stream);
    free(p);
}

uint8_t *teekit_parcel_reserve(struct teekit_parcel *p, size_t room)
{
    return buffer_reserve(&p->bytes, room);
}

/* The body that was begun as text is none: say so in the head, whose other
 * bytes stay the same, and go over what is sealed already once more. Of the two
 * heads only one is ever sent. */
static void become_bytes(struct teekit_parcel *p, size_t sealed_len)
{
    p->is_text = false;
    p->bytes.at[p->kind_at] ^= TEXT_BIT;
    teekit_stream_again(&p->stream);
    teekit_stream_sealed(&p->stream, p->bytes.at + p->text_at, sealed_len);
}

void teekit_parcel_commit(struct teekit_parcel *p, size_t len)
{
    uint8_t *at = p->bytes.at + p->bytes.len;
    const size_t before = p->bytes.len - p->text_at;
    const bool is_text = p->is_text && utf8_feed(&p->utf8, slice_of(at, len));

    buffer_commit(&p->bytes, len);
    if (p->begun && p->is_text && !is_text)
        become_bytes(p, before);
    p->is_text = is_text;
    if (p->begun)
        teekit_stream_seal(&p->stream, at, len);
}

enum teekit_body teekit_parcel_kind(const struct teekit_parcel *p)
{
    return p->is_text && utf8_complete(&p->utf8) ? TEEKIT_TEXT : TEEKIT_BYTES;
}

/* Write |m| without its body right before where that begins; its length. */
static size_t write_head(struct teekit_parcel *p,
                         const struct teekit_message *m)
{
    uint8_t *head = p->bytes.at + BEFORE_BYTES;
    struct builder b = builder_over(head, p->body_at - BEFORE_BYTES);

    teekit_message_encode_head(m, &b);
    assert(builder_ok(&b)); /* teekit_message_room() counted */
    memmove(p->bytes.at + p->body_at - b.len, head, b.len);
    return b.len;
}

void teekit_parcel_begin(struct teekit_parcel *p, struct teekit_message *m,
                         enum teekit_body kind, size_t len,
                         const struct teekit_key *key, struct secret_pool *pool)
{
    uint8_t nonce[TEEKIT_NONCE_BYTES];

    assert(teekit_parcel_body(p) == 0 && kind != TEEKIT_NOTHING && len > 0);
    m->body_kind = kind;
    m->body = slice_of(NULL, len);
    p->text_at = p->body_at - write_head(p, m);
    m->body = (struct slice){ 0 };
    p->kind_at = p->body_at - wire_out_head_bytes(len);
    p->begun = true;
    p->body_len = len;
    p->is_text = kind == TEEKIT_TEXT;
    secret_draw(pool, nonce, sizeof(nonce));
    teekit_stream_begin(&p->stream, key, nonce);
    teekit_stream_seal(&p->stream, p->bytes.at + p->text_at,
                       p->body_at - p->text_at);
}

static void set_packet(struct teekit_parcel *p, uint8_t *text, size_t text_len,
                       size_t message_len)
{
    p->packet.out.len = message_len;
    p->packet.out.at = text + text_len - message_len;
}

void teekit_parcel_end(struct teekit_parcel *p)
{
    uint8_t *text = p->bytes.at + p->text_at;
    const size_t len = p->bytes.len - p->text_at;

    assert(p->begun && teekit_parcel_body(p) == p->body_len);
    if (p->is_text && !utf8_complete(&p->utf8))
        become_bytes(p, len);
    set_packet(p, text, len, teekit_stream_finish(&p->stream, text, len));
    p->begun = false;
}

void teekit_parcel_seal(struct teekit_parcel *p, struct teekit_message *m,
                        enum teekit_body kind, const struct teekit_key *key,
                        struct secret_pool *pool)
{
    uint8_t *text;
    size_t head, len;

    m->body_kind = kind;
    m->body = kind == TEEKIT_NOTHING
                  ? (struct slice){ 0 }
                  : slice_of(p->bytes.at + p->body_at, teekit_parcel_body(p));
    head = write_head(p, m);
    text = p->bytes.at + p->body_at - head;
    len = head + m->body.len;
    set_packet(p, text, len, teekit_seal_text(key, pool, text, len));
}
