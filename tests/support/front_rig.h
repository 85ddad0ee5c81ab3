/* tests/support/front_rig.h: a front with fake far sides, and applications.
 *
 * An application is the other end of a socket pair, and the loop is turned by
 * hand: nothing depends on time. */
#ifndef TESTS_SUPPORT_FRONT_RIG_H
#define TESTS_SUPPORT_FRONT_RIG_H

#include <stdbool.h>
#include <stddef.h>

#include <uv.h>

#include "common/buffer.h"
#include "proxy/local/front.h"
#include "tests/support/fake_far.h"

#define FRONT_RIG_PORT     8118
#define FRONT_RIG_FARS_MAX 8

struct front_rig {
    uv_loop_t loop;
    struct front *front;
    struct fake_far fars[FRONT_RIG_FARS_MAX];
    size_t far_count;
    enum status refuse;     /* what the owner says; OK opens a far side */
    struct verdict verdict; /* of a refusal */
    size_t room;            /* of each new far side; much at first */
    bool closed;            /* the front is gone */
};

/* Messages that many cases use. */
#define GET    "GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n"
#define GET_UP "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"
#define OK2    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define TUNNEL "CONNECT a.example:443 HTTP/1.1\r\nHost: a\r\n\r\n"
#define SOCKS5                                                                 \
    "\x05\x01\x00\x05\x01\x00\x03\x09"                                         \
    "a.example\x01\xbb"
#define SOCKS4A "\x04\x01\x01\xbb\0\0\0\x01\0a.example\0"

/* Start with front_defaults(), or with |config|, whose owner and ctx are set
 * here if the owner is NULL. */
void front_rig_start(struct front_rig *r);
void front_rig_start_with(struct front_rig *r, struct front_config config);

/* The owner of the rig, for configs that add to it; its ctx is the rig. */
enum status front_rig_route(void *ctx, const struct target *target,
                            const struct far_events *events, void *far_ctx,
                            struct far **out, struct far_failure *refusal);

/* Let the loop do all it has to do now. */
void front_rig_turn(struct front_rig *r);

/* Begin to close the front, without or with an end of what goes on. */
void front_rig_close(struct front_rig *r, bool abort);

/* End the front at once, prove the loop empty and each far side closed. */
void front_rig_stop(struct front_rig *r);

/* A new connection to the front; the descriptor is the application's end, for
 * the caller to close(2). */
int front_rig_dial(struct front_rig *r);

/* The application writes, and the loop turns. */
void front_rig_say(struct front_rig *r, int fd, struct slice text);
void front_rig_say_text(struct front_rig *r, int fd, const char *text);

/* All that the application hears is added to |heard|; true once the
 * connection is over. */
bool front_rig_hear(struct front_rig *r, int fd, struct buffer *heard);

/* What the application hears is |want|; is that, and the connection is over;
 * or begins with it, and is over, or not, as |end| has it. */
void front_rig_expect(struct front_rig *r, int fd, struct slice want);
void front_rig_expect_end(struct front_rig *r, int fd, struct slice want);
void front_rig_expect_begin(struct front_rig *r, int fd, struct slice want,
                            bool end);

#endif
