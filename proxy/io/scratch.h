/* proxy/io/scratch.h: memory that the connections of one loop share.
 *
 * A loop runs one callback at a time, so that one large read buffer serves
 * all: an idle connection then costs no buffer. Also keeps one spare block
 * for messages that arrive in parts, so that a steady flow of them allocates
 * nothing, counts what such messages take up together, so that many peers
 * cannot fill the memory with beginnings, and draws masking keys many at a
 * time. */
#ifndef PROXY_IO_SCRATCH_H
#define PROXY_IO_SCRATCH_H

#include <stddef.h>
#include <stdint.h>

#include "common/buffer.h"
#include "common/compiler.h"
#include "common/status.h"
#include "proxy/io/blocks.h"
#include "proxy/io/gather.h"

#define SCRATCH_READ_BYTES      (256 * 1024)
#define SCRATCH_SPARE_MAX_BYTES (128 * 1024) /* a larger block is not kept */
#define SCRATCH_KEY_BYTES       4
#define SCRATCH_PARTS_MAX_BYTES (1024 * 1024 * 1024)

struct scratch {
    uint8_t *read;       /* SCRATCH_READ_BYTES; content lives for one read */
    struct buffer spare; /* empty, or memory for the next partial message */
    size_t parts;        /* bytes of all messages that have come in part */
    size_t parts_max;    /* SCRATCH_PARTS_MAX_BYTES, but in tests */
    uint8_t keys[64 * SCRATCH_KEY_BYTES];
    size_t key_at; /* first byte of |keys| not used yet */
    struct gather gather;
    struct blocks blocks; /* keeps nothing but in a carrier_hub */
};

/* Returns STATUS_OK or STATUS_NO_MEMORY; |*out| is NULL unless OK. */
MUST_CHECK enum status scratch_new(struct scratch **out);
void scratch_free(struct scratch *s); /* NULL is allowed */

/* Four unpredictable bytes, never given before. Borrowed until the next
 * call. */
const uint8_t *scratch_mask_key(struct scratch *s);

#endif
