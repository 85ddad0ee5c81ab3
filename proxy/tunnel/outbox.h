/* proxy/tunnel/outbox.h: messages on their way out, and the record that is
 * being filled.
 *
 * Frames are written straight to where they will be sealed; a record is sealed
 * in place when it is full or when output is taken. The buffers are a few, all
 * of one size, used again and given up when the session falls silent: no
 * allocation and no copy a record. Which frames, and whose turn it is, is
 * others' business. */
#ifndef PROXY_TUNNEL_OUTBOX_H
#define PROXY_TUNNEL_OUTBOX_H

#include "common/limits.h"
#include "proxy/tunnel/record.h"
#include "proxy/tunnel/session.h"

/* All records, the last goaway, and the two messages of a handshake. */
#define OUTBOX_SLOTS (SESSION_OUT_RECORDS + 3)

/* A message: SESSION_HEADROOM bytes, then |len|. */
struct outbox_slot {
    uint8_t *buffer; /* owned */
    size_t len;
    bool record; /* the buffer is of a record's size */
};

/* All zero is not ready: outbox_init() first. */
struct outbox {
    struct record record; /* seals; no key until outbox_begin() */
    struct outbox_slot slots[OUTBOX_SLOTS]; /* a ring */
    size_t first;                           /* the oldest message's slot */
    size_t count;                           /* messages in the ring */
    size_t taken;                           /* of them, handed out */
    size_t records_max;                     /* with the one being filled */
    uint8_t *open;   /* owned; the record being filled, NULL if none */
    size_t open_len; /* plain bytes in it */
    uint8_t *spare[SESSION_OUT_RECORDS]; /* owned */
    size_t spares;
    enum status failed; /* why no more can be sealed; STATUS_OK if it can */
};

void outbox_init(struct outbox *o);

/* Free every message and buffer, and wipe the key. */
void outbox_fini(struct outbox *o);

/* From now on records are sealed under |key|. Returns STATUS_OK or
 * STATUS_NO_MEMORY. */
MUST_CHECK enum status outbox_begin(struct outbox *o, enum aead_suite suite,
                                    const uint8_t key[static AEAD_KEY_BYTES]);

/* Allow one record more than SESSION_OUT_RECORDS: for the last word. */
void outbox_last(struct outbox *o);

/* A message that is not a record, of at most |room| bytes: fill it, then add
 * it or free it. NULL when out of memory. At most two are added in the life of
 * an outbox. */
uint8_t *outbox_new_message(size_t room);
void outbox_free_message(uint8_t *message);
void outbox_add(struct outbox *o, uint8_t *message, size_t len);

/* Plain bytes that outbox_place() can still give, in as many places as it
 * takes, when |head| bytes of each place are not counted. */
size_t outbox_room(const struct outbox *o, size_t head);

/* Where the next plain bytes go: |*room| of them, at least |least|, which is
 * at most RECORD_PLAIN_BYTES. NULL and 0 when there is no room, or no memory
 * and then |o->failed| says so. Good until the next call here. */
uint8_t *outbox_place(struct outbox *o, size_t least, size_t *room);

/* |len| bytes were put where outbox_place() said. A record that is as good as
 * full is sealed at once, while it is in the processor's cache. */
void outbox_commit(struct outbox *o, size_t len);

/* Seal the record being filled, if any bytes are in it. */
void outbox_seal(struct outbox *o);

/* Hand out up to |max| sealed messages that were not; returns how many. */
size_t outbox_take(struct outbox *o, struct session_out *out, size_t max);

/* Something is there to be handed out, once sealed. */
bool outbox_waiting(const struct outbox *o);

/* The oldest |count| messages handed out have left. */
void outbox_done(struct outbox *o, size_t count);

/* No more records: seal the one being filled and wipe the key. What is there
 * can still be taken. */
void outbox_end(struct outbox *o);

/* Free buffers that are not in use. */
void outbox_trim(struct outbox *o);

#endif
