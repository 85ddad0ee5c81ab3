/* proxy/io/teekit_parcel.h: one message of a teekit session, from its first byte
 * to the last that is sent.
 *
 * The body is put where it will be sealed and masked, as it comes. When its
 * length is known before, it is also sealed as it comes, by
 * teekit_parcel_begin() and teekit_parcel_end(); else at the end, by
 * teekit_parcel_seal(). Owns its memory and nothing else. */
#ifndef PROXY_IO_TEEKIT_PARCEL_H
#define PROXY_IO_TEEKIT_PARCEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buffer.h"
#include "common/compiler.h"
#include "common/slice.h"
#include "common/status.h"
#include "common/utf8.h"
#include "proxy/io/blocks.h"
#include "proxy/io/ws_queue.h"
#include "proxy/tunnel/teekit_message.h"
#include "proxy/tunnel/teekit_seal.h"
#include "proxy/tunnel/teekit_stream.h"

struct teekit_parcel {
    struct ws_packet packet; /* once sealed: to be queued; frees the parcel */
    struct blocks *blocks;   /* borrowed; where large memory is from; or NULL */
    struct buffer bytes;     /* room for what stands before, then the body */
    size_t body_at;
    struct utf8 utf8; /* of the body so far */
    bool is_text;     /* it may be text as far as it goes */
    /* Of one that is sealed as it comes: */
    bool begun;
    size_t body_len; /* as announced */
    size_t text_at;  /* where its plain text began: the head, then the body */
    size_t kind_at;  /* where the head says which kind the body is of */
    struct teekit_stream stream;
};

/* A shorter body is faster sealed at once. */
#define TEEKIT_PARCEL_BEGIN_BYTES (16 * 1024)

/* The longest body that fits a message whose other fields take |head| bytes,
 * as teekit_message_room() says. */
size_t teekit_parcel_body_max(size_t head);

/* A parcel for |m| and a body to come, of |expected| bytes if that is known.
 * |blocks| may be NULL; else it outlives the parcel. Returns STATUS_OK or
 * STATUS_NO_MEMORY; |*out| is NULL unless OK. */
MUST_CHECK enum status teekit_parcel_new(struct blocks *blocks,
                                         const struct teekit_message *m,
                                         size_t expected,
                                         struct teekit_parcel **out);

void teekit_parcel_free(struct teekit_parcel *p); /* NULL is allowed */

/* Bytes of the body so far. */
static inline size_t teekit_parcel_body(const struct teekit_parcel *p)
{
    return p->bytes.len - p->body_at;
}

/* Where the next |room| bytes of the body go; NULL: no memory, or too many.
 * Then |len| of them are there. */
uint8_t *teekit_parcel_reserve(struct teekit_parcel *p, size_t room);
void teekit_parcel_commit(struct teekit_parcel *p, size_t len);

/* Before any of the body: it will have |len| bytes, more than 0. Seal it as |m|,
 * the one it was made for or one of the same size, while it comes. |kind| is
 * what its type says, or, of a request or response, TEEKIT_TEXT for one that
 * becomes TEEKIT_BYTES if the body is not text. |pool|, here and below, is
 * where the nonce is from, and may be NULL. */
void teekit_parcel_begin(struct teekit_parcel *p, struct teekit_message *m,
                         enum teekit_body kind, size_t len,
                         const struct teekit_key *key,
                         struct secret_pool *pool);

/* All of the body that was begun is there. As after teekit_parcel_seal(). */
void teekit_parcel_end(struct teekit_parcel *p);

/* Seal it as |m|, the one it was made for or one of the same size: with the
 * body as |kind| says, which is TEEKIT_NOTHING for none. p->packet is ready to
 * be sent then, and |p| its queue's. */
void teekit_parcel_seal(struct teekit_parcel *p, struct teekit_message *m,
                        enum teekit_body kind, const struct teekit_key *key,
                        struct secret_pool *pool);

/* TEEKIT_TEXT if the body is UTF-8, else TEEKIT_BYTES. */
enum teekit_body teekit_parcel_kind(const struct teekit_parcel *p);

#endif
