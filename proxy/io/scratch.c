#include "proxy/io/scratch.h"

#include <stdlib.h>

#include "common/secret.h"

enum status scratch_new(struct scratch **out)
{
    struct scratch *s;

    *out = NULL;
    s = calloc(1, sizeof(*s));
    if (s == NULL)
        return STATUS_NO_MEMORY;
    s->read = malloc(SCRATCH_READ_BYTES);
    if (s->read == NULL) {
        free(s);
        return STATUS_NO_MEMORY;
    }
    s->key_at = sizeof(s->keys);
    s->parts_max = SCRATCH_PARTS_MAX_BYTES;
    *out = s;
    return STATUS_OK;
}

void scratch_free(struct scratch *s)
{
    if (s == NULL)
        return;
    blocks_free(&s->blocks);
    buffer_free(&s->spare);
    free(s->read);
    free(s);
}

const uint8_t *scratch_mask_key(struct scratch *s)
{
    if (s->key_at == sizeof(s->keys)) {
        secret_random(s->keys, sizeof(s->keys));
        s->key_at = 0;
    }
    s->key_at += SCRATCH_KEY_BYTES;
    return s->keys + s->key_at - SCRATCH_KEY_BYTES;
}
