/* proxy/local/answer.h: an HTTP answer of this program's own.
 *
 * Never stored by a cache, never guessed at by a browser, never part of another
 * site's page. Only a page under our own name may run a script, which is
 * ours. */
#ifndef PROXY_LOCAL_ANSWER_H
#define PROXY_LOCAL_ANSWER_H

#include <stdbool.h>

#include "common/buffer.h"
#include "common/slice.h"

struct answer {
    int code;            /* HTTP status, 200 to 599 */
    const char *type;    /* media type */
    struct slice fields; /* more field lines, each with its CR LF */
    struct slice body;
    bool head_only; /* the answer to HEAD: the body is left out */
    bool close;     /* no other answer comes after this one */
    bool own;       /* under our own name, see page_csp() */
    bool stream;    /* the body goes on until the connection ends */
};

/* Append the whole answer to |out|, whose failure is the only error. */
void answer_write(const struct answer *a, struct buffer *out);

#endif
