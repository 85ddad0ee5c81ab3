/* policy/read_url.h: reads the URLs of endpoints and collateral services. */
#ifndef POLICY_READ_URL_H
#define POLICY_READ_URL_H

#include "policy/host.h"
#include "policy/read.h"

/* A scheme that may stand here, and its port. */
struct scheme {
    const char *name; /* "wss" */
    uint16_t port;
};

struct url {
    const struct scheme *scheme;
    char host[HOST_ROOM]; /* spelled */
    uint16_t port;
    struct slice path; /* of the node's text: empty, or begins with '/' */
};

/* Read "scheme://host[:port][/path][?query]": no user, no fragment, printable
 * ASCII. |expected| says what it should be. Results as read.h has them. */
MUST_CHECK enum status read_url_text(struct reader *r, const struct node *node,
                                     const struct scheme *schemes, size_t count,
                                     const char *expected, struct url *out);

#endif
