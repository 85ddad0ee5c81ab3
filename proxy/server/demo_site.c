#include "proxy/server/demo_site.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/compiler.h"
#include "common/json_out.h"
#include "common/pages.h"
#include "common/text.h"
#include "proxy/server/demo_chat.h"
#include "proxy/server/demo_ws.h"
#include "proxy/server/pages.h"

#define TEXT_TYPE       "text/plain; charset=utf-8"
#define BYTES_MAX       ((uint64_t)16 << 30)
#define BYTES_RUNS      4 /* of one write: 251 KiB */
#define BYTES_WRITES    8 /* in one turn of the loop */
#define EVENTS_DEFAULT  10
#define EVENTS_MAX      100000
#define EVENT_PAUSE_MS  200
#define PAUSE_MAX_MS    3600000
#define SMALL_MAX_BYTES 512
#define VISITS_MAX      1000000

/* --- small ones ---------------------------------------------------------- */

static void text_end(struct demo_conn *c)
{
    demo_conn_answer(c, 200, c->path->type, slice_text(c->path->text));
}

static void missing_end(struct demo_conn *c)
{
    demo_conn_answer(c, 404, TEXT_TYPE, slice_text("demo: no such path\n"));
}

static void count_end(struct demo_conn *c)
{
    const struct demo_counts *n = &c->demo->counts;
    struct buffer body = buffer_with_max(SMALL_MAX_BYTES);
    struct json_out j = json_out_to(&body);

    json_out_object(&j, NULL);
    json_out_int(&j, "connections", (int64_t)n->connections);
    json_out_int(&j, "requests", (int64_t)n->requests);
    json_out_int(&j, "bytes", (int64_t)n->bytes);
    json_out_end_object(&j);
    buffer_byte(&body, '\n');
    demo_conn_answer(c, 200, "application/json", buffer_view(&body));
    buffer_free(&body);
}

/* GET says how often it was pressed, POST presses it. */
static void counter_end(struct demo_conn *c)
{
    char body[64];

    c->demo->counter += slice_equal(c->request.method, slice_text("POST"));
    (void)snprintf(body, sizeof(body), "{\"value\":%" PRIu64 "}\n",
                   c->demo->counter);
    demo_conn_answer(c, 200, "application/json", slice_text(body));
}

/* What a cookie of ours says; 0 without one. */
static uint64_t visits_of(struct slice cookies)
{
    static const char name[] = "visits=";
    const size_t skip = sizeof(name) - 1;
    uint64_t visits;

    for (size_t i = 0; i + skip <= cookies.len; i++) {
        size_t end = i + skip;

        if (!slice_equal(slice_of(cookies.at + i, skip), slice_text(name)))
            continue;
        while (end < cookies.len && cookies.at[end] != ';')
            end++;
        if (text_from_decimal(slice_of(cookies.at + i + skip, end - i - skip),
                              VISITS_MAX, &visits))
            return visits;
    }
    return 0;
}

static void cookie_end(struct demo_conn *c)
{
    uint64_t visits = visits_of(request_field(&c->request, "Cookie")) + 1;
    char field[96];
    char body[64];

    (void)snprintf(field, sizeof(field),
                   "Set-Cookie: visits=%" PRIu64
                   "; Path=/; HttpOnly; SameSite=Strict\r\n",
                   visits);
    (void)snprintf(body, sizeof(body), "{\"visits\":%" PRIu64 "}\n", visits);
    demo_conn_field(c, field);
    demo_conn_answer(c, 200, "application/json", slice_text(body));
}

static void slow_end(struct demo_conn *c)
{
    demo_conn_wait(c, request_query_number(&c->request, "ms", PAUSE_MAX_MS,
                                           EVENT_PAUSE_MS));
}

static void slow_time(struct demo_conn *c)
{
    demo_conn_answer(c, 200, TEXT_TYPE, slice_text("slow, but here\n"));
}

static void sink_body(struct demo_conn *c, struct slice piece)
{
    c->left += piece.len;
}

static void sink_end(struct demo_conn *c)
{
    char body[32];

    (void)snprintf(body, sizeof(body), "%" PRIu64 "\n", c->left);
    demo_conn_answer(c, 200, TEXT_TYPE, slice_text(body));
}

static void ws_end(struct demo_conn *c)
{
    demo_conn_answer(c, 400, TEXT_TYPE,
                     slice_text("demo: not a WebSocket upgrade\n"));
}

/* --- /echo --------------------------------------------------------------- */

static void echo_head(struct demo_conn *c)
{
    demo_conn_head(c, 200, TEXT_TYPE, DEMO_CHUNKED);
    demo_conn_send(c, buffer_view(&c->request.head));
}

/* --- /bytes/N ------------------------------------------------------------ */

/* As much of the body as goes into the runs from |count| on. */
static size_t bytes_runs(struct demo_conn *c, struct slice *runs, size_t count)
{
    for (; count < BYTES_RUNS && c->left > 0; count++) {
        size_t len = (size_t)MIN_OF(c->left, (uint64_t)DEMO_PATTERN_BYTES);

        runs[count] = slice_of(c->demo->pattern, len);
        c->left -= len;
    }
    return count;
}

/* As much as the system takes now; the rest follows when that has left. */
static void bytes_pump(struct demo_conn *c)
{
    struct slice runs[BYTES_RUNS];

    for (int i = 0; i < BYTES_WRITES; i++) {
        if (conn_pending(c->conn) > 0)
            return; /* until on_sent() */
        if (c->left == 0) {
            demo_conn_done(c);
            return;
        }
        if (conn_write_borrowed(c->conn, runs, bytes_runs(c, runs, 0)) !=
            STATUS_OK) {
            demo_conn_close(c);
            return;
        }
    }
    demo_conn_wait(c, 0); /* let others have their turn */
}

static void bytes_sent(struct demo_conn *c)
{
    if (conn_pending(c->conn) == 0)
        bytes_pump(c);
}

/* The head, and the body's first bytes in the same write. */
static void bytes_begin(struct demo_conn *c, uint64_t count)
{
    struct slice runs[BYTES_RUNS];
    struct slice head =
        demo_conn_make_head(c, 200, "application/octet-stream", count);

    c->left = c->head_only ? 0 : count;
    if (conn_pending(c->conn) > 0) { /* of an answer before */
        demo_conn_raw(c, head);
        return;
    }
    runs[0] = head;
    if (conn_write_borrowed(c->conn, runs, bytes_runs(c, runs, 1)) != STATUS_OK)
        demo_conn_close(c);
}

static void bytes_end(struct demo_conn *c)
{
    struct slice path = request_path(&c->request);
    const size_t skip = strlen("/bytes/");
    uint64_t count;

    if (!text_from_decimal(slice_of(path.at + skip, path.len - skip), BYTES_MAX,
                           &count)) {
        missing_end(c);
        return;
    }
    bytes_begin(c, count);
    if (c->demo != NULL)
        bytes_pump(c);
}

/* --- /sse ---------------------------------------------------------------- */

static void sse_time(struct demo_conn *c)
{
    char event[128];

    if (c->left == 0) {
        demo_conn_done(c);
        return;
    }
    c->left--;
    (void)snprintf(event, sizeof(event),
                   "id: %" PRIu64 "\ndata: %" PRIu64 " more to come\n\n",
                   ++c->events, c->left);
    demo_conn_send(c, slice_text(event));
    demo_conn_wait(c, c->left > 0 ? c->pause_ms : 0);
}

static void sse_end(struct demo_conn *c)
{
    demo_conn_head(c, 200, "text/event-stream", DEMO_CHUNKED);
    c->left =
        request_query_number(&c->request, "n", EVENTS_MAX, EVENTS_DEFAULT);
    c->pause_ms =
        request_query_number(&c->request, "ms", PAUSE_MAX_MS, EVENT_PAUSE_MS);
    c->events = 0;
    if (c->demo != NULL)
        sse_time(c);
}

/* --- the table ----------------------------------------------------------- */

static const struct demo_path missing = { .on_end = missing_end };

/* clang-format off */
static const struct demo_path paths[] = {
    { "/",             "text/html; charset=utf-8", PAGES_DEMO_HTML,
                       .on_end = text_end },
    { "/demo.js",      "text/javascript; charset=utf-8", PAGES_DEMO_JS,
                       .on_end = text_end },
    { "/demo.css",     "text/css; charset=utf-8",
                       PAGES_STYLE_CSS PAGES_DEMO_CSS, .on_end = text_end },
    { "/icons.svg",    "image/svg+xml", PAGES_ICONS_SVG, .on_end = text_end },
    { "/echo",         .on_head = echo_head, .on_body = demo_conn_send,
                       .on_end = demo_conn_done },
    { "/bytes/",       .on_end = bytes_end, .on_time = bytes_pump,
                       .on_sent = bytes_sent },
    { "/sse",          .on_end = sse_end, .on_time = sse_time },
    { "/ws",           .on_head = demo_ws_begin, .on_end = ws_end },
    { "/chat",         .on_head = demo_chat_enter, .on_end = ws_end },
    { "/counter",      .on_end = counter_end },
    { "/cookie",       .on_end = cookie_end },
    { "/slow",         .on_end = slow_end, .on_time = slow_time },
    { "/sink",         .on_body = sink_body, .on_end = sink_end },
    { DEMO_SITE_COUNT, .on_end = count_end },
};
/* clang-format on */

const struct demo_path *demo_site_find(struct slice path)
{
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        struct slice whole = slice_text(paths[i].path);

        if (slice_equal(path, whole))
            return &paths[i];
        if (whole.len > 1 && whole.at[whole.len - 1] == '/' &&
            path.len > whole.len &&
            slice_equal(slice_of(path.at, whole.len), whole))
            return &paths[i];
    }
    return &missing;
}
