/* proxy/tunnel/teekit_stream.h: seal or open one message as its bytes come.
 *
 * Byte for byte what crypto_secretbox of libsodium does with the whole
 * message: XSalsa20, and Poly1305 over what is sealed with a key from the
 * first 32 bytes of the stream. In pieces the bytes are still in the cache of
 * the processor, and when the last one is there only the tag is left to do.
 *
 * What teekit_stream_open() makes is nobody's until teekit_stream_check() has
 * said true: whoever opens keeps it to himself until then. */
#ifndef PROXY_TUNNEL_TEEKIT_STREAM_H
#define PROXY_TUNNEL_TEEKIT_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "proxy/tunnel/teekit_seal.h"

#define TEEKIT_STREAM_MAC_BYTES 256 /* the state of libsodium's Poly1305 */

/* Secret; its owner wipes it when it is not ended. */
struct teekit_stream {
    _Alignas(16) uint8_t mac[TEEKIT_STREAM_MAC_BYTES];
    struct teekit_key key;
    uint8_t nonce[TEEKIT_NONCE_BYTES];
    uint64_t at; /* bytes of text gone by */
};

/* Begin a message with |nonce|. */
void teekit_stream_begin(struct teekit_stream *s, const struct teekit_key *key,
                         const uint8_t nonce[static TEEKIT_NONCE_BYTES]);

/* From the start again, with the same nonce: of all that is sealed with it
 * only the last may be sent. */
void teekit_stream_again(struct teekit_stream *s);

/* Seal the next |len| bytes in place. */
void teekit_stream_seal(struct teekit_stream *s, uint8_t *text, size_t len);

/* The next |len| bytes are sealed already, with this key, nonce and place. */
void teekit_stream_sealed(struct teekit_stream *s, const uint8_t *sealed,
                          size_t len);

/* Open the next |len| bytes in place. */
void teekit_stream_open(struct teekit_stream *s, uint8_t *sealed, size_t len);

/* The message ends here, and all of its |len| bytes of text lie sealed at
 * |text|: write tag and head before it, in the TEEKIT_SEAL_ROOM bytes there.
 * Returns the length of the whole message "enc", which ends with the text; |s|
 * is wiped. */
MUST_CHECK size_t teekit_stream_finish(struct teekit_stream *s, uint8_t *text,
                                       size_t len);

/* The message ends here: is |tag| its tag? In constant time; |s| is wiped. */
MUST_CHECK bool teekit_stream_check(struct teekit_stream *s,
                                    const uint8_t tag[static TEEKIT_TAG_BYTES]);

void teekit_stream_wipe(struct teekit_stream *s);

#endif
