/* collateral/fetch.h: HTTPS GET on the loop, by libcurl's multi interface.
 *
 * Strict and small: https with TLS 1.2 or later (http to loopback addresses
 * only, as url.h has it), HTTP/1.1, no redirects, no cookies, no proxies from
 * the environment, answers with a maximum length, one deadline over all. Says
 * what happened; what an answer is worth is the caller's question. */
#ifndef COLLATERAL_FETCH_H
#define COLLATERAL_FETCH_H

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "common/compiler.h"
#include "common/slice.h"
#include "common/status.h"

struct fetcher; /* a libcurl multi handle on a loop */
struct fetch;   /* one transfer */

#define FETCH_HEADERS_MAX  2
#define FETCH_PURPOSE_ROOM 96

struct fetch_result {
    /* All zero when the answer was 200, and then |body| is all of it. Else:
     * STATUS_NO_COLLATERAL (another answer), STATUS_NO_NAME,
     * STATUS_UNREACHABLE, STATUS_REFUSED, STATUS_TLS, STATUS_TIMED_OUT,
     * STATUS_CUT, STATUS_LIMIT (too long), STATUS_NO_FILE (the CA file),
     * STATUS_BAD_CONFIG, STATUS_NO_MEMORY or STATUS_NETWORK. |found| holds the
     * URL and what happened, |expected| the purpose. */
    struct why why;
    long http_status;      /* 0: no answer */
    int64_t retry_after_s; /* what the server asked for; 0 if nothing */
    struct slice body;
    struct slice header; /* value of the first that is there; else empty */
};

/* |result| and all it points to are borrowed during the call. */
typedef void fetch_done(void *ctx, const struct fetch_result *result);

struct fetch_request {
    const char *url;                        /* must be what url_parse() takes */
    const char *ca_file;                    /* PEM; NULL: the system's */
    const char *proxy;                      /* URL; NULL: none */
    const char *headers[FETCH_HEADERS_MAX]; /* wanted, best first; NULL: none.
                                             * Static */
    const char *field;                      /* of |why|; static */
    const char *purpose; /* up to FETCH_PURPOSE_ROOM with its NUL */
    size_t body_max_bytes;
    int64_t deadline_ms; /* from start to the last byte */
    fetch_done *done;
    void *ctx;
};

/* A fetcher on |loop|. While no transfer is under way it does not keep the
 * loop alive. Returns STATUS_OK, or STATUS_NO_MEMORY; |*out| is NULL unless
 * OK. */
MUST_CHECK enum status fetcher_open(uv_loop_t *loop, struct fetcher **out);

/* End it and what is under way, without further done(). |on_closed| is called
 * on the loop, then it is gone. */
void fetcher_close(struct fetcher *f, void (*on_closed)(void *ctx), void *ctx);

/* Start a transfer; |request| is copied. done() is called once, from the loop
 * and never from within this call, unless cancelled. |*out| is good until
 * then; NULL unless OK.
 * Returns STATUS_OK, STATUS_NO_MEMORY, or STATUS_BAD_CONFIG with |why| filled
 * (a URL that is not allowed). */
MUST_CHECK enum status fetch_start(struct fetcher *f,
                                   const struct fetch_request *request,
                                   struct fetch **out, struct why *why);

/* Give a transfer up; done() is not called. Not from within its done(). */
void fetch_cancel(struct fetch *t);

#endif
