/* proxy/local/teekit_parcel.h: one message to a teekit server, from its first
 * byte to the last that is sent.
 *
 * The body is put where it will be sealed and masked, as it comes; what stands
 * before it, the body's kind among it, is known and written at the end. Owns
 * its memory and nothing else. */
#ifndef PROXY_LOCAL_TEEKIT_PARCEL_H
#define PROXY_LOCAL_TEEKIT_PARCEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buffer.h"
#include "common/compiler.h"
#include "common/slice.h"
#include "common/status.h"
#include "common/utf8.h"
#include "proxy/tunnel/teekit_message.h"
#include "proxy/tunnel/teekit_seal.h"

struct teekit_parcel {
    struct teekit_parcel *next; /* of those to be sent */
    struct buffer bytes;        /* room for what stands before, then the body */
    size_t body_at;
    struct utf8 utf8; /* of the body so far */
    bool is_text;     /* it may be text as far as it goes */
    uint8_t *at;      /* once sealed: the message */
    size_t len;
};

/* The longest body that fits a message whose other fields take |head| bytes,
 * as teekit_message_room() says. */
size_t teekit_parcel_body_max(size_t head);

/* A parcel for |m| and a body to come, of |expected| bytes if that is known.
 * Returns STATUS_OK or STATUS_NO_MEMORY; |*out| is NULL unless OK. */
MUST_CHECK enum status teekit_parcel_new(const struct teekit_message *m,
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

/* Seal it as |m|, the one it was made for or one of the same size: with the
 * body, which is text if it is UTF-8 or |kind| says so, unless |kind| is
 * TEEKIT_NOTHING. |p| is ready to be sent then. */
void teekit_parcel_seal(struct teekit_parcel *p, struct teekit_message *m,
                        enum teekit_body kind, const struct teekit_key *key);

/* TEEKIT_TEXT if the body is UTF-8, else TEEKIT_BYTES. */
enum teekit_body teekit_parcel_kind(const struct teekit_parcel *p);

#endif
