#include "proxy/local/far.h"

#include "common/compiler.h"

size_t far_write(struct far *f, struct slice data)
{
    size_t done = 0;

    while (done < data.len) {
        size_t room;
        uint8_t *at = far_reserve(f, &room);
        size_t len = MIN_OF(room, data.len - done);

        if (len == 0)
            break;
        memcpy(at, data.at + done, len);
        far_commit(f, len);
        done += len;
    }
    return done;
}
