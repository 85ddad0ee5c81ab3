/* proxy/local/refusal.h: why a request was not carried, as an HTTP answer.
 *
 * One complete response: status code from the status table, `Proxy-Status`
 * (RFC 9209), and a body for whoever asked: a page for browsers, JSON for
 * tools that ask for it, else one plain line. The page stands alone, runs no
 * script and loads nothing. Text from outside is escaped; no secret is ever
 * in a struct why. */
#ifndef PROXY_LOCAL_REFUSAL_H
#define PROXY_LOCAL_REFUSAL_H

#include <stdbool.h>

#include "common/buffer.h"
#include "common/slice.h"
#include "proxy/local/far.h"
#include "proxy/local/target.h"

#define REFUSAL_MAX_BYTES (320 * 1024) /* an answer with 90 checks: near 100 */

enum refusal_form { REFUSAL_PLAIN, REFUSAL_JSON, REFUSAL_PAGE };

struct refusal {
    const struct far_failure *failure; /* borrowed; why.status is not OK */
    const struct target *target;       /* borrowed; NULL if none was read */
    enum refusal_form form;
    bool head_only; /* the answer to HEAD: no body */
    bool close;     /* the connection ends after this answer */
    bool ask_user;  /* 407: say how to give credentials */
};

/* The form that the value of an Accept field asks for (RFC 9110 section
 * 12.5.1): the page or JSON when named, the one of greater weight, else
 * plain text. Several fields: joined with commas. */
enum refusal_form refusal_form_of(struct slice accept);

/* The check that failed first, of the verifier's and then of the policy's; NULL
 * if none did. */
const struct check_result *refusal_failed_check(const struct far_failure *f);

/* Append the whole response to |out|, whose failure is the only error. */
void refusal_write(const struct refusal *r, struct buffer *out);

#endif
