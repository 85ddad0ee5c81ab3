/* proxy/io/gather.h: many writes of one read, sent as few.
 *
 * One read of a tunnel brings many records, mostly for the same stream. Sent
 * one by one each costs a system call and wakes the reader; gathered, they
 * leave together. While a gathering is on, conn_write_gathered() only notes
 * where the bytes are; they stay there until it ends.
 *
 * One a loop. It never holds bytes between two turns of the loop: whoever
 * begins a gathering ends it in the same callback. */
#ifndef PROXY_IO_GATHER_H
#define PROXY_IO_GATHER_H

#include <stdbool.h>
#include <stddef.h>

#include "common/slice.h"

#define GATHER_RUNS_MAX 64 /* beyond, bytes are sent at once */

struct conn;

struct gather {
    bool on;
    size_t count;
    struct {
        struct conn *conn;
        struct slice data;
    } runs[GATHER_RUNS_MAX]; /* of each connection in the order written */
};

/* Not within another gathering. */
void gather_begin(struct gather *g);

/* Send what was gathered so far: the bytes are about to change. The owners of
 * the connections get on_written() from within. */
void gather_flush(struct gather *g);

/* gather_flush(), and gather no more. */
void gather_end(struct gather *g);

#endif
