#include "proxy/server/ask.h"

#include <stdlib.h>

#include "common/compiler.h"
#include "proxy/io/dial.h"

/* Freed by ask_free() only. */
struct ask {
    struct ask_config config;
    char host[RULES_HOST_ROOM];
    struct rules_backend to;    /* borrowed from |host| */
    struct ask_request request; /* owned */
    struct dial *dial;          /* until a connection stands */
    struct conn *conn;          /* from then on */
    bool reused;                /* |conn| was kept */
    bool heard;                 /* anything at all was answered */
    struct http_reader reader;
    bool in_body;    /* of the answer itself */
    bool closes;     /* the backend ends the connection with it */
    uint8_t *direct; /* body bytes are being read to where they belong */
};

static void request_free(const struct ask_config *config,
                         struct ask_request *request)
{
    buffer_free(&request->head);
    blocks_give(&config->scratch->blocks, &request->memory);
    request->body = (struct slice){ 0 };
}

static void ask_free(struct ask *a)
{
    http_reader_fini(&a->reader);
    request_free(&a->config, &a->request);
    free(a);
}

void ask_cancel(struct ask *a)
{
    if (a == NULL)
        return;
    dial_cancel(a->dial);
    conn_reset(a->conn); /* in the middle of things, if at all */
    ask_free(a);
}

static void end(struct ask *a, const struct why *why)
{
    const struct ask_events *events = a->config.events;
    void *ctx = a->config.ctx;
    const struct why copy = why == NULL ? (struct why){ 0 } : *why;

    ask_cancel(a); /* |why| may have been in it */
    events->on_end(ctx, why == NULL ? NULL : &copy);
}

static void fail(struct ask *a, enum status st, const char *found)
{
    struct why why;

    (void)why_fail(&why, st, "backend", NULL, "%s", found);
    end(a, &why);
}

/* --- the answer ---------------------------------------------------------- */

/* Will the backend take another request on this connection? */
static bool is_reusable(const struct ask *a, struct slice rest)
{
    const struct http_reader *r = &a->reader;

    return rest.len == 0 && !r->http10 && !a->closes &&
           r->left != HTTP_UNTIL_EOF && conn_pending(a->conn) == 0;
}

static void complete(struct ask *a, bool reusable)
{
    struct conn *conn = a->conn;

    if (reusable && conn_detach(conn, (struct slice){ 0 }) == STATUS_OK) {
        a->conn = NULL;
        ask_pool_keep(a->config.pool, &a->to, a->config.sealed, conn);
    }
    end(a, NULL);
}

/* False when the ask is over, here and below. */
static bool take_head(struct ask *a)
{
    enum status st;

    if (a->reader.code < 200 && a->reader.code != 101)
        return true; /* interim: passed over */
    a->in_body = true;
    a->closes = http_fields_has(&a->reader.fields, "Connection", "close");
    st = a->reader.code == 101
             ? STATUS_BAD_FIELD
             : a->config.events->on_head(a->config.ctx, &a->reader);
    if (st == STATUS_OK)
        return true;
    fail(a, st, a->reader.code == 101 ? "101, not asked for" : status_text(st));
    return false;
}

static bool take_piece(struct ask *a)
{
    const struct ask_events *events = a->config.events;
    struct slice piece = a->reader.piece;
    uint8_t *at;

    if (!a->in_body || piece.len == 0)
        return true;
    at = events->on_room(a->config.ctx, piece.len);
    if (at == NULL) {
        fail(a, STATUS_LIMIT, "an answer that is larger than the limit");
        return false;
    }
    memcpy(at, piece.at, piece.len);
    events->on_body(a->config.ctx, piece.len);
    return true;
}

/* The end of the answer, or of one that comes before it. */
static bool take_end(struct ask *a, struct slice rest)
{
    if (!a->in_body) {
        http_reader_next(&a->reader, a->config.is_head);
        return true;
    }
    complete(a, is_reusable(a, rest));
    return false;
}

static void read_answer(struct ask *a, struct slice in)
{
    bool going_on = true;

    while (going_on) {
        switch (http_reader_read(&a->reader, &in)) {
        case HTTP_WANT_MORE:
            return;
        case HTTP_GOT_HEAD:
            going_on = take_head(a);
            break;
        case HTTP_GOT_BODY:
            going_on = take_piece(a);
            break;
        case HTTP_GOT_END:
            going_on = take_end(a, in);
            break;
        case HTTP_BAD:
            end(a, &a->reader.why);
            return;
        }
    }
}

/* --- the connection ------------------------------------------------------ */

static uint8_t *on_alloc(void *ctx, size_t *room)
{
    struct ask *a = ctx;
    uint64_t left = a->in_body ? http_reader_skippable(&a->reader) : 0;

    *room = SCRATCH_READ_BYTES;
    a->direct = NULL;
    if (left > 0) {
        size_t want = (size_t)MIN_OF(left, (uint64_t)SCRATCH_READ_BYTES);

        a->direct = a->config.events->on_room(a->config.ctx, want);
        if (a->direct != NULL) {
            *room = want;
            return a->direct;
        }
    }
    return a->config.scratch->read;
}

static void on_read(void *ctx, uint8_t *at, size_t len)
{
    struct ask *a = ctx;

    a->heard = true;
    if (a->direct != NULL) {
        http_reader_skip(&a->reader, len);
        a->config.events->on_body(a->config.ctx, len);
        read_answer(a, (struct slice){ 0 });
    } else {
        read_answer(a, slice_of(at, len));
    }
}

static enum status dial(struct ask *a);

/* A connection that was kept may have died meanwhile. True when another is on
 * its way. */
static bool try_again(struct ask *a)
{
    if (!a->reused || a->heard || !a->config.repeatable)
        return false;
    conn_close(a->conn);
    a->conn = NULL;
    return dial(a) == STATUS_OK;
}

static void on_eof(void *ctx)
{
    struct ask *a = ctx;

    if (try_again(a))
        return;
    if (a->in_body && http_reader_eof(&a->reader) == HTTP_GOT_END)
        complete(a, false);
    else
        fail(a, STATUS_CUT, "it ended the connection inside the answer");
}

static void on_written(void *ctx)
{
    (void)ctx; /* the request is lent, whole */
}

static void on_failed(void *ctx, const struct why *why)
{
    struct ask *a = ctx;

    if (!try_again(a))
        end(a, why);
}

static void begin(struct ask *a, struct conn *conn)
{
    static const struct conn_events events = {
        .on_alloc = on_alloc,
        .on_read = on_read,
        .on_eof = on_eof,
        .on_written = on_written,
        .on_failed = on_failed,
    };
    const struct slice runs[] = { buffer_view(&a->request.head),
                                  a->request.body };

    a->conn = conn;
    conn_start(conn, &events, a, 0);
    conn_set_idle(conn, ASK_IDLE_MS);
    if (conn_write_borrowed(conn, runs, runs[1].len > 0 ? 2 : 1) != STATUS_OK)
        conn_set_deadline(conn, 0, "memory"); /* ends by on_failed() */
}

static void on_dialled(void *ctx, struct conn *conn, const struct why *why)
{
    struct ask *a = ctx;

    a->dial = NULL;
    if (conn == NULL)
        end(a, why);
    else
        begin(a, conn);
}

static enum status dial(struct ask *a)
{
    const struct dial_target target = { .host = a->to.host,
                                        .port = a->to.port };

    a->reused = false;
    return dial_open(a->config.loop, &target, on_dialled, a, &a->dial);
}

enum status ask_open(const struct ask_config *config,
                     struct ask_request *request, struct ask **out)
{
    struct ask *a = calloc(1, sizeof(*a));
    struct conn *conn;
    enum status st = STATUS_OK;

    *out = NULL;
    if (a == NULL || !buffer_ok(&request->head)) {
        request_free(config, request);
        free(a);
        return STATUS_NO_MEMORY;
    }
    a->config = *config;
    a->to = rules_backend_keep(config->to, a->host);
    a->request = *request;
    *request = (struct ask_request){ 0 };
    http_reader_init(&a->reader, HTTP_RESPONSES);
    http_reader_next(&a->reader, config->is_head);
    conn = ask_pool_take(config->pool, &a->to, config->sealed);
    a->reused = conn != NULL;
    if (conn != NULL)
        begin(a, conn);
    else
        st = dial(a);
    if (st != STATUS_OK) {
        ask_free(a);
        return st;
    }
    *out = a;
    return STATUS_OK;
}
