#include "proxy/server/plain.h"

#include <stdlib.h>

#include "common/http_reason.h"
#include "common/limits.h"
#include "common/purse.h"
#include "common/text.h"
#include "proxy/io/dial.h"
#include "proxy/io/http_chunk.h"
#include "proxy/io/http_reader.h"
#include "proxy/server/teekit_head.h"
#include "proxy/server/teekit_url.h"

#define SPARE_BYTES 64 /* what a chunk's frame takes up */
#define PIECE_BYTES (64 * 1024)
#define IDLE_MS     60000
#define HEAD_BYTES  (4 * SERVER_HEAD_MAX_BYTES)

/* Freed by plain_end() only. */
struct plain {
    struct serve *serve;
    struct serve_member member;
    struct peers_pass pass;
    struct purse purse;
    struct conn *client;
    struct request request; /* the rest of it */
    bool asked;             /* all of it has been passed on */
    struct buffer head;     /* for the backend, until it was dialled */
    struct dial *dial;
    struct conn *backend; /* NULL until it was dialled */
    struct http_reader answer;
    bool answered;      /* its head has been passed on */
    bool chunks;        /* the client gets its body in chunks */
    struct buffer text; /* what is being passed on */
    uint8_t in[PIECE_BYTES];
};

static void plain_end(struct plain *p)
{
    dial_cancel(p->dial);
    conn_close(p->backend);
    http_reader_fini(&p->answer);
    request_fini(&p->request);
    buffer_free(&p->head);
    buffer_free(&p->text);
    purse_close(&p->purse);
    peers_leave(&p->pass);
    serve_leave(p->serve, &p->member);
    free(p);
}

/* It ended before its time: nobody may take what there was for the whole. */
static void plain_close(struct plain *p)
{
    conn_reset(p->client);
    plain_end(p);
}

/* --- judging ------------------------------------------------------------- */

static void write_head(const struct request *r, struct slice target,
                       struct buffer *out)
{
    const struct http_fields *f = &r->reader.fields;

    buffer_add(out, r->method);
    buffer_text(out, " ");
    buffer_add(out, target);
    buffer_text(out, " HTTP/1.1\r\nHost: ");
    buffer_add(out, request_field(r, "Host"));
    buffer_text(out, "\r\n");
    for (size_t i = 0; i < f->count; i++)
        if (!http_fields_is_hop(f, i) &&
            !teekit_head_is_ours(http_fields_name(f, i)))
            http_fields_write(f, i, out);
    if (r->reader.chunked)
        buffer_text(out, "Transfer-Encoding: chunked\r\n");
    else if (request_field_count(r, "Content-Length") > 0)
        buffer_printf(out, "Content-Length: %llu\r\n",
                      (unsigned long long)r->reader.length);
    buffer_text(out,
                "Connection: close\r\n" TEEKIT_HEAD_ENCRYPTED ": no\r\n\r\n");
}

static enum status judge(const struct serve *serve, struct slice host,
                         struct slice path, struct rules_backend *to,
                         struct why *why)
{
    enum status st = rules_find_web(serve->config.rules, host, to);

    if (st != STATUS_OK || !to->plain)
        return why_fail(why, STATUS_NOT_SERVICE, "host", NULL,
                        "nothing for \"%.*s\" passes in clear",
                        (int)MIN_OF(host.len, 64), (const char *)host.at);
    if (!rules_allow_plain(to, path))
        return why_fail(why, STATUS_NOT_ALLOWED, "path", NULL,
                        "only through a session");
    return STATUS_OK;
}

/* "//host/path" of a request, to be read as a URL. */
static enum status whole_url(const struct request *r, struct buffer *out,
                             struct why *why)
{
    *out = buffer_with_max(2 * SERVER_HEAD_MAX_BYTES);
    if (request_field_count(r, "Host") != 1 || r->target.len == 0 ||
        r->target.at[0] != '/')
        return why_fail(why, STATUS_BAD_REQUEST, "request", "RFC 9112 3.2",
                        "no path, or not one Host");
    buffer_text(out, "//");
    buffer_add(out, request_field(r, "Host"));
    buffer_add(out, r->target);
    return buffer_ok(out)
               ? STATUS_OK
               : why_fail(why, STATUS_NO_MEMORY, "request", NULL, "no memory");
}

enum status plain_check(const struct serve *serve, const struct request *r,
                        struct plain_way *way, struct why *why)
{
    struct teekit_url url = { 0 };
    struct buffer text;
    enum status st = whole_url(r, &text, why);

    *way = (struct plain_way){ .head = buffer_with_max(HEAD_BYTES) };
    if (st == STATUS_OK)
        st = teekit_url_read(buffer_view(&text), &url, why);
    if (st == STATUS_OK &&
        !slice_equal(url.authority, request_field(r, "Host")))
        st = why_fail(why, STATUS_BAD_REQUEST, "host", "RFC 9110 7.2",
                      "not a host and port");
    if (st == STATUS_OK)
        st = judge(serve, url.host, buffer_view(&url.target), &way->to, why);
    if (st == STATUS_OK)
        write_head(r, buffer_view(&url.target), &way->head);
    else
        *way = (struct plain_way){ 0 };
    teekit_url_fini(&url);
    buffer_free(&text);
    return st;
}

/* --- to the backend ------------------------------------------------------ */

/* Pass |text| on to |conn|. False when |p| is gone. */
static bool pass_text(struct plain *p, struct conn *conn)
{
    bool ok = buffer_ok(&p->text) &&
              conn_write(conn, buffer_view(&p->text)) == STATUS_OK;

    buffer_clear(&p->text);
    if (!ok)
        plain_close(p);
    return ok;
}

static void put_piece(struct plain *p)
{
    if (p->request.reader.chunked)
        http_chunk_write(p->request.reader.piece, &p->text);
    else
        buffer_add(&p->text, p->request.reader.piece);
}

/* Pass on what |in| has of the request's body; the rest is dropped. */
static void read_request(struct plain *p, struct slice in)
{
    for (;;) {
        switch (request_read(&p->request, &in)) {
        case HTTP_GOT_BODY:
            put_piece(p);
            continue;
        case HTTP_GOT_END:
            if (p->request.reader.chunked)
                http_chunk_end(NULL, &p->text);
            p->asked = true;
            conn_pause(p->client); /* for good: one request a connection */
            (void)pass_text(p, p->backend);
            return;
        case HTTP_WANT_MORE:
            (void)pass_text(p, p->backend);
            return;
        case HTTP_GOT_HEAD:
        case HTTP_BAD:
            plain_close(p);
            return;
        }
    }
}

static uint8_t *client_on_alloc(void *ctx, size_t *room)
{
    struct plain *p = ctx;
    size_t free_room = p->backend == NULL ? 0 : conn_room(p->backend);

    /* No room pauses: on_dialled() and backend_on_written() resume. */
    *room = free_room > SPARE_BYTES
                ? MIN_OF(free_room - SPARE_BYTES, sizeof(p->in))
                : 0;
    return p->in;
}

static void client_on_read(void *ctx, uint8_t *at, size_t len)
{
    read_request(ctx, slice_of(at, len));
}

static void client_on_eof(void *ctx)
{
    (void)ctx; /* it may still read: the backend's answer decides */
}

/* --- to the client ------------------------------------------------------- */

static void write_answer_head(struct plain *p)
{
    const struct http_reader *r = &p->answer;
    const struct http_fields *f = &r->fields;

    p->chunks = r->may_have_body && !r->has_length && !p->request.reader.http10;
    buffer_printf(&p->text, "HTTP/1.1 %d %s\r\n", r->code,
                  http_reason(r->code));
    for (size_t i = 0; i < f->count; i++)
        if (!http_fields_is_hop(f, i))
            http_fields_write(f, i, &p->text);
    if (p->chunks)
        buffer_text(&p->text, "Transfer-Encoding: chunked\r\n");
    else if (r->has_length)
        buffer_printf(&p->text, "Content-Length: %llu\r\n",
                      (unsigned long long)r->length);
    buffer_text(&p->text, "Connection: close\r\n\r\n");
    p->answered = true;
}

/* All has been said. */
static void finish(struct plain *p)
{
    if (p->answered && p->chunks)
        http_chunk_end(NULL, &p->text);
    if (!pass_text(p, p->client))
        return;
    conn_linger(p->client);
    plain_end(p);
}

static void put_answer_piece(struct plain *p)
{
    if (!p->answered)
        return; /* of an interim answer */
    if (p->chunks)
        http_chunk_write(p->answer.piece, &p->text);
    else
        buffer_add(&p->text, p->answer.piece);
}

static void read_answer(struct plain *p, struct slice in)
{
    const bool head = slice_equal(p->request.method, slice_text("HEAD"));

    for (;;) {
        switch (http_reader_read(&p->answer, &in)) {
        case HTTP_WANT_MORE:
            (void)pass_text(p, p->client);
            return;
        case HTTP_GOT_HEAD:
            if (p->answer.code >= 200)
                write_answer_head(p);
            else if (p->answer.code == 101) {
                plain_close(p); /* it was not asked */
                return;
            }
            break;
        case HTTP_GOT_BODY:
            put_answer_piece(p);
            break;
        case HTTP_GOT_END:
            if (p->answered) {
                finish(p);
                return;
            }
            http_reader_next(&p->answer, head);
            break;
        case HTTP_BAD:
            plain_close(p);
            return;
        }
    }
}

static uint8_t *backend_on_alloc(void *ctx, size_t *room)
{
    struct plain *p = ctx;
    size_t free_room = conn_room(p->client);

    /* No room pauses until client_on_written(). */
    *room = free_room > HEAD_BYTES + SPARE_BYTES
                ? MIN_OF(free_room - HEAD_BYTES - SPARE_BYTES, sizeof(p->in))
                : 0;
    return p->in;
}

static void backend_on_read(void *ctx, uint8_t *at, size_t len)
{
    read_answer(ctx, slice_of(at, len));
}

static void backend_on_eof(void *ctx)
{
    struct plain *p = ctx;

    if (p->answered && http_reader_eof(&p->answer) == HTTP_GOT_END)
        finish(p);
    else
        plain_close(p);
}

/* --- connections --------------------------------------------------------- */

static void backend_on_written(void *ctx)
{
    struct plain *p = ctx;

    if (!p->asked)
        conn_resume(p->client);
}

static void client_on_written(void *ctx)
{
    struct plain *p = ctx;

    if (p->backend != NULL)
        conn_resume(p->backend);
}

static void on_failed(void *ctx, const struct why *why)
{
    struct plain *p = ctx;

    log_why(p->serve->config.log, LOG_DEBUG, "plain.failed", why, NULL);
    plain_close(p);
}

/* Before there is an answer, we can say why there is none. */
static void refuse(struct plain *p, const struct why *why)
{
    const int http = status_http(why->status);

    log_why(p->serve->config.log, LOG_WARN, "plain.refused", why, NULL);
    buffer_printf(&p->text,
                  "HTTP/1.1 %d %s\r\nContent-Length: 0\r\n"
                  "Connection: close\r\n\r\n",
                  http, http_reason(http));
    finish(p);
}

static void on_dialled(void *ctx, struct conn *conn, const struct why *why)
{
    static const struct conn_events events = {
        .on_alloc = backend_on_alloc,
        .on_read = backend_on_read,
        .on_eof = backend_on_eof,
        .on_written = backend_on_written,
        .on_failed = on_failed,
    };
    struct plain *p = ctx;
    struct slice expect = request_field(&p->request, "Expect");

    p->dial = NULL;
    if (conn == NULL) {
        refuse(p, why);
        return;
    }
    p->backend = conn;
    conn_start(conn, &events, p, PLAIN_QUEUE_BYTES);
    conn_set_idle(conn, IDLE_MS);
    if (!buffer_ok(&p->head) ||
        conn_write(conn, buffer_view(&p->head)) != STATUS_OK) {
        plain_close(p);
        return;
    }
    if (text_same_word(expect, slice_text("100-continue")))
        buffer_text(&p->text, "HTTP/1.1 100 Continue\r\n\r\n");
    if (pass_text(p, p->client))
        conn_resume(p->client);
}

static void close_now(struct serve_member *m, const struct why *why)
{
    (void)why; /* nobody is told */
    plain_close(CONTAINER_OF(m, struct plain, member));
}

/* One that goes on ends by itself, and so does one that is idle. */
static const struct serve_member_ops member_ops = { .close = close_now };

void plain_open(struct serve *serve, struct conn *conn, struct request *request,
                struct plain_way *way, struct peers_pass *pass)
{
    static const struct conn_events events = {
        .on_alloc = client_on_alloc,
        .on_read = client_on_read,
        .on_eof = client_on_eof,
        .on_written = client_on_written,
        .on_failed = on_failed,
    };
    const struct dial_target target = { .host = way->to.host,
                                        .port = way->to.port };
    struct plain *p = calloc(1, sizeof(*p));

    if (p == NULL) {
        buffer_free(&way->head);
        conn_reset(conn);
        return; /* |request| and |pass| end with their owner */
    }
    p->serve = serve;
    p->client = conn;
    p->request = *request;
    *request = (struct request){ 0 };
    p->pass = *pass;
    *pass = (struct peers_pass){ 0 };
    purse_open(&p->purse, peers_budget(&p->pass));
    purse_force(&p->purse, PLAIN_OWN_BYTES);
    p->head = way->head;
    p->text = buffer_with_max(PLAIN_QUEUE_BYTES);
    http_reader_init(&p->answer, HTTP_RESPONSES);
    http_reader_next(&p->answer,
                     slice_equal(p->request.method, slice_text("HEAD")));
    serve_join(serve, &p->member, &member_ops);
    conn_start(conn, &events, p, PLAIN_QUEUE_BYTES);
    conn_set_idle(conn, IDLE_MS);
    if (dial_open(serve->config.loop, &target, on_dialled, p, &p->dial) !=
        STATUS_OK)
        plain_close(p);
}
