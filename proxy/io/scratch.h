/* proxy/io/scratch.h: memory that the connections of one loop share.
 *
 * A loop runs one callback at a time, so that one large read buffer serves
 * all: an idle connection then costs no buffer. Also keeps one spare block
 * for messages that arrive in parts, so that a steady flow of them allocates
 * nothing. */
#ifndef PROXY_IO_SCRATCH_H
#define PROXY_IO_SCRATCH_H

#include <stddef.h>
#include <stdint.h>

#include "common/buffer.h"
#include "common/status.h"

#define SCRATCH_READ_BYTES (256 * 1024)

struct scratch {
    uint8_t *read;       /* SCRATCH_READ_BYTES; content lives for one read */
    struct buffer spare; /* empty, or memory for the next partial message */
};

/* Returns STATUS_OK or STATUS_NO_MEMORY; |*out| is NULL unless OK. */
MUST_CHECK enum status scratch_new(struct scratch **out);
void scratch_free(struct scratch *s); /* NULL is allowed */

#endif
