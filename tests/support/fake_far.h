/* tests/support/fake_far.h: a far side that does as a test says. */
#ifndef TESTS_SUPPORT_FAKE_FAR_H
#define TESTS_SUPPORT_FAKE_FAR_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buffer.h"
#include "proxy/local/far.h"
#include "proxy/local/target.h"

/* What is written to it is kept, as far as it has room; calls that the
 * contract forbids fail the test. */
struct fake_far {
    struct far far;
    struct target target;
    struct buffer got;
    size_t room;  /* bytes it takes before it must be given more */
    size_t owed;  /* bytes of data not yet given back */
    bool leaving; /* for the test to say */
    bool fin;     /* no more bytes will come */
    bool closed;
    uint8_t place[4096];
};

/* Not yet open; |room| is for the time after. */
void fake_far_init(struct fake_far *k, const struct target *target,
                   const struct far_events *events, void *ctx, size_t room);
void fake_far_fini(struct fake_far *k);

/* What happens to it. */
void fake_far_opened(struct fake_far *k);
void fake_far_data(struct fake_far *k, const char *text);
void fake_far_ended(struct fake_far *k);
void fake_far_failed(struct fake_far *k, enum status st);
void fake_far_more(struct fake_far *k, size_t room);

/* It got |want| so far, no more and no less. */
void fake_far_expect(const struct fake_far *k, const char *want);

#endif
