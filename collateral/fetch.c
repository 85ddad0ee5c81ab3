#include "collateral/fetch.h"

#include <assert.h>
#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "collateral/url.h"
#include "common/buffer.h"
#include "common/limits.h"

/* names: fetcher_ the loop's side of transfers */

#define AGAIN_MS 1000 /* until it is tried again what lacked memory */

/* libcurl asks for sockets to be watched (on_socket) and for one timer
 * (on_timeout); the loop reports both (on_poll, on_timer) to
 * curl_multi_socket_action(). Transfers that ended are collected after it
 * returned, so that done() may call anything here.
 *
 * The fetcher is freed by one line, when its timer and the last of its polls
 * have closed. */
struct fetcher {
    uv_loop_t *loop;
    CURLM *multi; /* NULL until the first transfer, and once closing */
    bool library; /* libcurl is initialised */
    bool closing;
    uv_timer_t timer;
    struct fetch *active; /* owned, a list */
    unsigned open;        /* handles libuv knows of: timer and polls */
    void (*on_closed)(void *ctx);
    void *ctx;
};

/* A socket of libcurl's that is watched. Freed when its handle has closed. */
struct watch {
    uv_poll_t poll;
    struct fetcher *fetcher;
    curl_socket_t socket;
};

struct fetch {
    struct fetch *next;
    struct fetcher *fetcher;
    CURL *easy;
    struct fetch_request request; /* |url| and |purpose| point into this */
    char url[URL_MAX_BYTES];
    char purpose[FETCH_PURPOSE_ROOM];
    char error[CURL_ERROR_SIZE]; /* libcurl's words; may stay empty */
    struct buffer body;
    size_t head_bytes;
};

/* --- the end of a transfer ------------------------------------------------ */

static enum status status_of_connect(CURL *easy)
{
    long error = 0;

    (void)curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &error); /* 0 is fine */
    if (error == ECONNREFUSED)
        return STATUS_REFUSED;
    return error == ETIMEDOUT ? STATUS_TIMED_OUT : STATUS_UNREACHABLE;
}

static enum status status_of_curl(CURL *easy, CURLcode code)
{
    static const struct {
        CURLcode code;
        enum status status;
    } known[] = {
        /* clang-format off */
        { CURLE_COULDNT_RESOLVE_HOST,     STATUS_NO_NAME },
        { CURLE_COULDNT_RESOLVE_PROXY,    STATUS_NO_NAME },
        { CURLE_OPERATION_TIMEDOUT,       STATUS_TIMED_OUT },
        { CURLE_SSL_CONNECT_ERROR,        STATUS_TLS },
        { CURLE_SSL_CIPHER,               STATUS_TLS },
        { CURLE_SSL_CERTPROBLEM,          STATUS_TLS },
        { CURLE_PEER_FAILED_VERIFICATION, STATUS_TLS },
        { CURLE_SSL_CACERT_BADFILE,       STATUS_NO_FILE },
        { CURLE_PARTIAL_FILE,             STATUS_CUT },
        { CURLE_GOT_NOTHING,              STATUS_CUT },
        { CURLE_RECV_ERROR,               STATUS_CUT },
        { CURLE_SEND_ERROR,               STATUS_CUT },
        { CURLE_FILESIZE_EXCEEDED,        STATUS_LIMIT },
        { CURLE_WRITE_ERROR,              STATUS_LIMIT }, /* on_body(), _head() */
        { CURLE_OUT_OF_MEMORY,            STATUS_NO_MEMORY },
        { CURLE_URL_MALFORMAT,            STATUS_BAD_CONFIG },
        { CURLE_UNSUPPORTED_PROTOCOL,     STATUS_BAD_CONFIG },
        /* clang-format on */
    };

    if (code == CURLE_COULDNT_CONNECT)
        return status_of_connect(easy);
    for (size_t i = 0; i < COUNT_OF(known); i++)
        if (known[i].code == code)
            return known[i].status;
    return STATUS_NETWORK;
}

static const char *words_of(const struct fetch *t, CURLcode code)
{
    if (code == CURLE_WRITE_ERROR || code == CURLE_FILESIZE_EXCEEDED)
        return "the answer is too long";
    return t->error[0] != '\0' ? t->error : curl_easy_strerror(code);
}

static void read_status(struct fetch *t, CURLcode code, struct fetch_result *r)
{
    const char *field = t->request.field;
    char url[URL_SHORT_ROOM];

    url_short(t->url, url);
    (void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &r->http_status);
    if (code != CURLE_OK)
        (void)why_fail(&r->why, status_of_curl(t->easy, code), field, NULL,
                       "%s: %s", url, words_of(t, code));
    else if (r->http_status != 200)
        (void)why_fail(&r->why, STATUS_NO_COLLATERAL, field, NULL,
                       "%s: HTTP %ld", url, r->http_status);
    else
        return;
    (void)why_expect(&r->why, "%s", t->purpose);
}

static struct slice header_of(const struct fetch *t)
{
    struct curl_header *h;

    for (size_t i = 0; i < FETCH_HEADERS_MAX; i++)
        if (t->request.headers[i] != NULL &&
            curl_easy_header(t->easy, t->request.headers[i], 0, CURLH_HEADER,
                             -1, &h) == CURLHE_OK)
            return slice_text(h->value);
    return (struct slice){ 0 };
}

static struct fetch_result result_of(struct fetch *t, CURLcode code)
{
    struct fetch_result r = { .http_status = 0 };
    curl_off_t after = 0;

    read_status(t, code, &r);
    (void)curl_easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &after); /* or 0 */
    r.retry_after_s = after;
    r.body = buffer_view(&t->body);
    r.header = header_of(t);
    return r;
}

/* Take |t| out of the list and away from libcurl. */
static void detach(struct fetch *t)
{
    struct fetch **at = &t->fetcher->active;

    while (*at != t)
        at = &(*at)->next;
    *at = t->next;
    (void)curl_multi_remove_handle(t->fetcher->multi, t->easy); /* was added */
}

static void fetch_free(struct fetch *t)
{
    curl_easy_cleanup(t->easy); /* NULL is allowed */
    buffer_free(&t->body);
    free(t);
}

static void finish(CURL *easy, CURLcode code)
{
    struct fetch *t = NULL;
    struct fetch_result result;

    (void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&t);
    assert(t != NULL && t->easy == easy);
    result = result_of(t, code);
    detach(t);
    t->request.done(t->request.ctx, &result);
    fetch_free(t);
}

/* done() may close the fetcher: look again each time. */
static void collect(struct fetcher *f)
{
    while (f->multi != NULL) {
        int left;
        CURLMsg *m = curl_multi_info_read(f->multi, &left);

        if (m == NULL)
            return;
        assert(m->msg == CURLMSG_DONE);
        finish(m->easy_handle, m->data.result);
    }
}

/* --- libcurl and the loop ------------------------------------------------- */

static void on_handle_closed(struct fetcher *f)
{
    assert(f->open > 0);
    if (--f->open > 0)
        return;
    if (f->on_closed != NULL)
        f->on_closed(f->ctx);
    if (f->library)
        curl_global_cleanup();
    free(f);
}

static void on_watch_closed(uv_handle_t *handle)
{
    struct watch *w = CONTAINER_OF(handle, struct watch, poll);
    struct fetcher *f = w->fetcher;

    free(w);
    on_handle_closed(f);
}

static void on_timer_closed(uv_handle_t *handle)
{
    on_handle_closed(CONTAINER_OF(handle, struct fetcher, timer));
}

static void on_timer(uv_timer_t *timer);

static void act(struct fetcher *f, curl_socket_t socket, int flags)
{
    int running;

    /* Without memory it forgets its timer: look again, for the deadlines. Its
     * other errors are about our arguments; transfers report their own. */
    if (curl_multi_socket_action(f->multi, socket, flags, &running) ==
        CURLM_OUT_OF_MEMORY)
        (void)uv_timer_start(&f->timer, on_timer, AGAIN_MS, 0);
    collect(f);
}

static void on_poll(uv_poll_t *poll, int error, int events)
{
    struct watch *w = CONTAINER_OF(poll, struct watch, poll);
    int flags = 0;

    if (error < 0)
        flags |= CURL_CSELECT_ERR;
    if ((events & UV_READABLE) != 0)
        flags |= CURL_CSELECT_IN;
    if ((events & UV_WRITABLE) != 0)
        flags |= CURL_CSELECT_OUT;
    act(w->fetcher, w->socket, flags); /* may close |w| */
}

static void on_timer(uv_timer_t *timer)
{
    act(CONTAINER_OF(timer, struct fetcher, timer), CURL_SOCKET_TIMEOUT, 0);
}

static struct watch *watch_open(struct fetcher *f, curl_socket_t socket)
{
    struct watch *w = calloc(1, sizeof(*w));

    if (w == NULL)
        return NULL;
    w->fetcher = f;
    w->socket = socket;
    if (uv_poll_init_socket(f->loop, &w->poll, socket) != 0) {
        free(w); /* libuv knows of no handle */
        return NULL;
    }
    f->open++;
    return w;
}

static void watch_events(struct watch *w, int what)
{
    int events = 0;

    if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
        events |= UV_READABLE;
    if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
        events |= UV_WRITABLE;
    (void)uv_poll_start(&w->poll, events, on_poll); /* fails only if closing */
}

/* Never answers with an error, because libcurl would give up all transfers for
 * good: one whose socket cannot be watched ends at its deadline. */
static int on_socket(CURL *easy, curl_socket_t socket, int what, void *ctx,
                     void *socket_ctx)
{
    struct fetcher *f = ctx;
    struct watch *w = socket_ctx;

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        /* The socket is closed next: stop watching now, free it later. */
        if (w != NULL)
            uv_close((uv_handle_t *)&w->poll, on_watch_closed);
        return 0;
    }
    if (w == NULL) {
        w = watch_open(f, socket);
        if (w == NULL)
            return 0;
        (void)curl_multi_assign(f->multi, socket, w); /* it is known */
    }
    watch_events(w, what);
    return 0;
}

static int on_timeout(CURLM *multi, long timeout_ms, void *ctx)
{
    struct fetcher *f = ctx;

    (void)multi;
    if (timeout_ms < 0)
        (void)uv_timer_stop(&f->timer); /* cannot fail */
    else
        (void)uv_timer_start(&f->timer, on_timer, (uint64_t)timeout_ms, 0);
    return 0;
}

static bool set_up(struct fetcher *f)
{
    CURLM *m = f->multi;

    return m != NULL &&
           curl_multi_setopt(m, CURLMOPT_SOCKETFUNCTION, on_socket) ==
               CURLM_OK &&
           curl_multi_setopt(m, CURLMOPT_SOCKETDATA, f) == CURLM_OK &&
           curl_multi_setopt(m, CURLMOPT_TIMERFUNCTION, on_timeout) ==
               CURLM_OK &&
           curl_multi_setopt(m, CURLMOPT_TIMERDATA, f) == CURLM_OK &&
           curl_multi_setopt(m, CURLMOPT_MAXCONNECTS, 8L) == CURLM_OK;
}

/* For the first transfer: libcurl and OpenSSL then take 5 MiB, which a process
 * that fetches nothing need not pay. */
static bool wake(struct fetcher *f)
{
    if (f->multi != NULL)
        return true;
    if (!f->library)
        f->library = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    if (!f->library)
        return false;
    f->multi = curl_multi_init();
    if (set_up(f))
        return true;
    (void)curl_multi_cleanup(f->multi); /* NULL is allowed */
    f->multi = NULL;
    return false;
}

enum status fetcher_open(uv_loop_t *loop, struct fetcher **out)
{
    struct fetcher *f = calloc(1, sizeof(*f));

    *out = NULL;
    if (f == NULL)
        return STATUS_NO_MEMORY;
    f->loop = loop;
    (void)uv_timer_init(loop, &f->timer); /* cannot fail */
    f->open = 1;
    *out = f;
    return STATUS_OK;
}

void fetcher_close(struct fetcher *f, void (*on_closed)(void *ctx), void *ctx)
{
    assert(!f->closing);
    f->closing = true;
    f->on_closed = on_closed;
    f->ctx = ctx;
    while (f->active != NULL)
        fetch_cancel(f->active);
    /* Closes the idle connections; on_socket() hears of each. */
    if (f->multi != NULL)
        (void)curl_multi_cleanup(f->multi);
    f->multi = NULL;
    uv_close((uv_handle_t *)&f->timer, on_timer_closed);
}

/* --- the begin of a transfer ---------------------------------------------- */

static size_t on_body(char *bytes, size_t size, size_t count, void *ctx)
{
    struct fetch *t = ctx;

    buffer_add(&t->body, slice_of(bytes, size * count));
    return buffer_ok(&t->body) ? size * count : 0;
}

static size_t on_head(char *bytes, size_t size, size_t count, void *ctx)
{
    struct fetch *t = ctx;

    (void)bytes; /* libcurl keeps them: header_of() asks */
    if (size * count > FETCH_HEAD_MAX_BYTES - t->head_bytes)
        return 0;
    t->head_bytes += size * count;
    return size * count;
}

static bool set_text(CURL *e, CURLoption option, const char *text)
{
    return text == NULL || curl_easy_setopt(e, option, text) == CURLE_OK;
}

static bool set_long(CURL *e, CURLoption option, long number)
{
    return curl_easy_setopt(e, option, number) == CURLE_OK;
}

/* What every transfer has. */
static bool set_manners(CURL *e, const char *scheme)
{
    return set_text(e, CURLOPT_PROTOCOLS_STR, scheme) &&
           set_long(e, CURLOPT_FOLLOWLOCATION, 0) &&
           set_long(e, CURLOPT_NOSIGNAL, 1) &&
           /* A name server that hangs must not hang the loop at the end. */
           set_long(e, CURLOPT_QUICK_EXIT, 1) &&
           set_long(e, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2) &&
           /* Four small answers need no HTTP/2, nor the code behind it. */
           set_long(e, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1) &&
           set_long(e, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1) &&
           /* Empty texts, not absent ones: the environment has no say. */
           set_text(e, CURLOPT_PROXY, "") && set_text(e, CURLOPT_NOPROXY, "") &&
           set_text(e, CURLOPT_USERAGENT, "veritee/" VERITEE_VERSION);
}

static bool set_request(struct fetch *t, const struct fetch_request *r)
{
    CURL *e = t->easy;

    return set_text(e, CURLOPT_URL, r->url) &&
           set_text(e, CURLOPT_CAINFO, r->ca_file) &&
           set_text(e, CURLOPT_PROXY, r->proxy) &&
           set_long(e, CURLOPT_TIMEOUT_MS, (long)r->deadline_ms) &&
           set_long(e, CURLOPT_CONNECTTIMEOUT_MS, (long)r->deadline_ms) &&
           set_long(e, CURLOPT_MAXFILESIZE, (long)r->body_max_bytes) &&
           curl_easy_setopt(e, CURLOPT_ERRORBUFFER, t->error) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_PRIVATE, t) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_WRITEDATA, t) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_head) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_HEADERDATA, t) == CURLE_OK;
}

/* Nothing of |request| is borrowed afterwards. */
static void copy_request(struct fetch *t, const struct fetch_request *request)
{
    (void)snprintf(t->url, sizeof(t->url), "%s", request->url);
    (void)snprintf(t->purpose, sizeof(t->purpose), "%s", request->purpose);
    t->request = *request;
    t->request.url = t->url;
    t->request.purpose = t->purpose;
    t->request.ca_file = NULL; /* libcurl has copies of these two */
    t->request.proxy = NULL;
    t->body = buffer_with_max(request->body_max_bytes);
}

static enum status no_memory(struct fetch *t, struct why *why)
{
    if (t != NULL)
        fetch_free(t);
    return why_fail(why, STATUS_NO_MEMORY, "fetch", NULL, "no memory");
}

enum status fetch_start(struct fetcher *f, const struct fetch_request *request,
                        struct fetch **out, struct why *why)
{
    struct fetch *t;
    struct url url;

    *out = NULL;
    assert(!f->closing);
    if (url_parse(slice_text(request->url), &url, why) != STATUS_OK)
        return why->status;
    t = calloc(1, sizeof(*t));
    if (t == NULL)
        return no_memory(t, why);
    t->fetcher = f;
    t->easy = wake(f) ? curl_easy_init() : NULL;
    copy_request(t, request);
    if (t->easy == NULL ||
        !set_manners(t->easy, url.https ? "https" : "http") ||
        !set_request(t, request) ||
        curl_multi_add_handle(f->multi, t->easy) != CURLM_OK)
        return no_memory(t, why);
    t->next = f->active;
    f->active = t;
    *out = t;
    return STATUS_OK;
}

void fetch_cancel(struct fetch *t)
{
    detach(t);
    fetch_free(t);
}
