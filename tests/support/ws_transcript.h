/* tests/support/ws_transcript.h: what a WebSocket reader said, as a text that
 * can be compared. */
#ifndef TESTS_SUPPORT_WS_TRANSCRIPT_H
#define TESTS_SUPPORT_WS_TRANSCRIPT_H

#include "common/buffer.h"
#include "proxy/io/ws_reader.h"

#define TRANSCRIPT_MESSAGE_MAX_BYTES 70000

/* "1:68656c6c6f " for each whole message or control frame: opcode and
 * payload. */
struct transcript {
    struct buffer said;
    struct buffer message; /* being put together */
    enum status status;
    uint16_t close_code;
};

struct transcript transcript_new(void);
void transcript_fini(struct transcript *t);

void transcript_say(struct transcript *t, unsigned opcode,
                    struct slice payload);

/* Read |bytes|, at most |step| at a time, on blocks of exactly that size. */
struct transcript transcript_read(enum ws_role role, struct slice bytes,
                                  size_t step);

bool transcript_same(const struct transcript *a, const struct transcript *b);

#endif
