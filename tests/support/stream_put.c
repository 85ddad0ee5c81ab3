#include "tests/support/stream_put.h"

#include "common/compiler.h"

size_t stream_put(struct stream *s, struct slice data)
{
    size_t taken = 0, room = 1;

    while (taken < data.len && room > 0) {
        uint8_t *at = stream_reserve(s, &room);

        room = MIN_OF(room, data.len - taken);
        if (room > 0)
            memcpy(at, data.at + taken, room);
        stream_commit(s, room);
        taken += room;
    }
    return taken;
}
