/* proxy/tunnel/record.h: one direction of a session, as sealed messages.
 *
 * A message is one Noise transport message: its place in the order is its
 * nonce, so that one that is altered, lost, repeated, moved or turned back
 * does not open. Every RECORD_REKEY_MESSAGES the key is replaced by one that
 * does not lead back to it.
 *
 * Noise specification revision 34, sections 4.2, 5.1 and 11.3. */
#ifndef PROXY_TUNNEL_RECORD_H
#define PROXY_TUNNEL_RECORD_H

#include <stdint.h>

#include "common/limits.h"
#include "proxy/tunnel/aead.h"

#define RECORD_REKEY_MESSAGES 65536 /* 4 GiB of full records */

/* The key of one direction and the number of its next message. Secret. All
 * zero is no key. */
struct record {
    struct aead aead;
    uint64_t next;
    bool broken; /* a message did not open: no other will */
};

/* Begin with |key| at message 0. Returns STATUS_OK, or STATUS_NO_MEMORY and
 * |r| is all zero. */
MUST_CHECK enum status record_init(struct record *r, enum aead_suite suite,
                                   const uint8_t key[static AEAD_KEY_BYTES]);

/* Wipe it; all zero afterwards. */
void record_fini(struct record *r);

/* Seal |len| bytes at |text| in place; AEAD_TAG_BYTES are put behind them.
 * |len| is at most RECORD_MAX_BYTES - AEAD_TAG_BYTES. Returns STATUS_OK, or
 * STATUS_LIMIT when the numbers are used up, and nothing was sealed. */
MUST_CHECK enum status record_seal(struct record *r, uint8_t *text, size_t len);

/* Open the next message in place; |*plain| is in |text|, empty unless OK.
 * Returns STATUS_OK, STATUS_BAD_RECORD with |why| filled, or STATUS_LIMIT when
 * the numbers are used up. After a failure nothing more will open. */
MUST_CHECK enum status record_open(struct record *r, uint8_t *text, size_t len,
                                   struct slice *plain, struct why *why);

#endif
