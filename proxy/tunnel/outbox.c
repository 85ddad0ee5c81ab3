#include "proxy/tunnel/outbox.h"

#include <assert.h>
#include <stdlib.h>

#define FULL_BYTES 64 /* too few to begin another frame for */

#define RECORD_BUFFER_BYTES                                                    \
    (SESSION_HEADROOM + RECORD_PLAIN_BYTES + AEAD_TAG_BYTES)

void outbox_init(struct outbox *o)
{
    *o = (struct outbox){ .records_max = SESSION_OUT_RECORDS };
}

void outbox_trim(struct outbox *o)
{
    while (o->spares > 0)
        free(o->spare[--o->spares]);
    if (o->open_len == 0) {
        free(o->open);
        o->open = NULL;
    }
}

void outbox_fini(struct outbox *o)
{
    outbox_trim(o);
    for (size_t i = 0; i < o->count; i++)
        free(o->slots[(o->first + i) % OUTBOX_SLOTS].buffer);
    free(o->open);
    record_fini(&o->record);
    *o = (struct outbox){ 0 };
}

enum status outbox_begin(struct outbox *o, enum aead_suite suite,
                         const uint8_t key[static AEAD_KEY_BYTES])
{
    return record_init(&o->record, suite, key);
}

void outbox_last(struct outbox *o)
{
    o->records_max = SESSION_OUT_RECORDS + 1;
}

static void push(struct outbox *o, struct outbox_slot slot)
{
    assert(o->count < OUTBOX_SLOTS);
    o->slots[(o->first + o->count) % OUTBOX_SLOTS] = slot;
    o->count++;
}

uint8_t *outbox_new_message(size_t room)
{
    uint8_t *buffer = malloc(SESSION_HEADROOM + room);

    return buffer == NULL ? NULL : buffer + SESSION_HEADROOM;
}

void outbox_free_message(uint8_t *message)
{
    free(message - SESSION_HEADROOM);
}

void outbox_add(struct outbox *o, uint8_t *message, size_t len)
{
    push(o, (struct outbox_slot){ .buffer = message - SESSION_HEADROOM,
                                  .len = len });
}

static size_t open_room(const struct outbox *o)
{
    return o->open == NULL ? 0 : RECORD_PLAIN_BYTES - o->open_len;
}

/* Records that may still be begun. */
static size_t free_records(const struct outbox *o)
{
    size_t used = o->count + (o->open != NULL);

    return used < o->records_max ? o->records_max - used : 0;
}

size_t outbox_room(const struct outbox *o, size_t head)
{
    size_t open = open_room(o);

    if (o->failed != STATUS_OK)
        return 0;
    return (open > head ? open - head : 0) +
           free_records(o) * (RECORD_PLAIN_BYTES - head);
}

void outbox_seal(struct outbox *o)
{
    if (o->open == NULL || o->open_len == 0 || o->failed != STATUS_OK)
        return;
    o->failed =
        record_seal(&o->record, o->open + SESSION_HEADROOM, o->open_len);
    if (o->failed != STATUS_OK)
        return;
    push(o, (struct outbox_slot){ .buffer = o->open,
                                  .len = o->open_len + AEAD_TAG_BYTES,
                                  .record = true });
    o->open = NULL;
    o->open_len = 0;
}

/* Begin the next record. */
static void begin(struct outbox *o)
{
    assert(o->open == NULL && o->open_len == 0);
    o->open =
        o->spares > 0 ? o->spare[--o->spares] : malloc(RECORD_BUFFER_BYTES);
    if (o->open == NULL)
        o->failed = STATUS_NO_MEMORY;
}

uint8_t *outbox_place(struct outbox *o, size_t least, size_t *room)
{
    assert(least > 0 && least <= RECORD_PLAIN_BYTES);
    *room = 0;
    if (open_room(o) < least) {
        if (free_records(o) == 0)
            return NULL;
        outbox_seal(o);
        if (o->failed == STATUS_OK)
            begin(o);
    }
    if (o->failed != STATUS_OK)
        return NULL;
    *room = open_room(o);
    return o->open + SESSION_HEADROOM + o->open_len;
}

void outbox_commit(struct outbox *o, size_t len)
{
    assert(len <= open_room(o));
    o->open_len += len;
    if (open_room(o) < FULL_BYTES)
        outbox_seal(o);
}

size_t outbox_take(struct outbox *o, struct session_out *out, size_t max)
{
    size_t given = 0;

    while (given < max && o->taken < o->count) {
        struct outbox_slot *slot =
            &o->slots[(o->first + o->taken) % OUTBOX_SLOTS];

        out[given++] =
            (struct session_out){ slot->buffer + SESSION_HEADROOM, slot->len };
        o->taken++;
    }
    return given;
}

bool outbox_waiting(const struct outbox *o)
{
    return o->taken < o->count || o->open_len > 0;
}

void outbox_end(struct outbox *o)
{
    outbox_seal(o);
    o->failed = STATUS_SHUTTING_DOWN;
    o->open_len = 0; /* of what could not be sealed */
    record_fini(&o->record);
    outbox_trim(o);
}

static void give_back(struct outbox *o, struct outbox_slot *slot)
{
    if (slot->record && o->spares < COUNT_OF(o->spare))
        o->spare[o->spares++] = slot->buffer;
    else
        free(slot->buffer);
    *slot = (struct outbox_slot){ 0 };
}

void outbox_done(struct outbox *o, size_t count)
{
    assert(count <= o->taken);
    for (size_t i = 0; i < count; i++) {
        give_back(o, &o->slots[o->first]);
        o->first = (o->first + 1) % OUTBOX_SLOTS;
    }
    o->count -= count;
    o->taken -= count;
}
