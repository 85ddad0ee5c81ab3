/* proxy/tunnel/teekit_opening.h: a message "enc" that is opened while it comes.
 *
 * As soon as its beginning is there and says all that must be known (three
 * pairs, the ciphertext last and up to the end of the message), its bytes are
 * opened in place as they arrive. A message that begins otherwise is left
 * alone, for teekit_envelope_parse() and teekit_seal_open(); which of the two
 * it was makes no difference to anybody. Nothing of it may be used before
 * teekit_opening_end() has said STATUS_OK. */
#ifndef PROXY_TUNNEL_TEEKIT_OPENING_H
#define PROXY_TUNNEL_TEEKIT_OPENING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/status.h"
#include "proxy/tunnel/teekit_stream.h"

/* A plain struct, all zero between two messages; only teekit_opening.c writes
 * it. */
struct teekit_opening {
    bool looked;    /* at how the message begins */
    bool on;        /* it can be opened as it comes */
    size_t text_at; /* in the message; the tag stands before it */
    size_t done;    /* bytes of the message that were gone through */
    struct teekit_stream stream;
};

/* |len| bytes of a message of |total| are at |message| now, those of earlier
 * calls as they were left. The first call should have 256 bytes or all. */
void teekit_opening_more(struct teekit_opening *o, const struct teekit_key *key,
                         uint8_t *message, size_t len, size_t total);

/* The message is complete, and teekit_opening_is_on(): open the rest. Returns
 * STATUS_OK and where the plain text lies; or STATUS_BAD_RECORD as
 * teekit_seal_open(). |o| is all zero then. */
MUST_CHECK enum status teekit_opening_end(struct teekit_opening *o,
                                          uint8_t *message, size_t total,
                                          uint8_t **text, size_t *len);

static inline bool teekit_opening_is_on(const struct teekit_opening *o)
{
    return o->on;
}

/* Forget it: the message is another's, or will not come. */
void teekit_opening_reset(struct teekit_opening *o);

#endif
