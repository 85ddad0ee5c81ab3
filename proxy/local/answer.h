/* proxy/local/answer.h: an HTTP answer of this program's own.
 *
 * Never stored by a cache, never guessed at by a browser. A page may not run
 * scripts, load anything or be framed. */
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
};

/* Append the whole answer to |out|, whose failure is the only error. */
void answer_write(const struct answer *a, struct buffer *out);

#endif
