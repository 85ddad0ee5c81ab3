/* One request of a teekit session.
 * names: teekit_call_ declared in teekit_parts.h */
#include <stdlib.h>

#include "common/compiler.h"
#include "common/http_reason.h"
#include "proxy/server/ask.h"
#include "proxy/server/teekit_head.h"
#include "proxy/server/teekit_parts.h"
#include "proxy/server/teekit_url.h"

#define HEAD_MAX_BYTES (4 * HTTP_HEAD_MAX_BYTES)
#define COPY_MAX_BYTES ((size_t)64 * 1024) /* of a request's body */

/* Freed by call_free() only. */
struct teekit_call {
    struct teekit_guest *guest;
    struct list link; /* in guest.calls */
    struct ask *ask;
    size_t held; /* bytes that count against the guest's */
    bool is_head;
    uint8_t id[TEEKIT_ID_MAX_BYTES];
    struct buffer text;           /* what |answer| borrows */
    struct teekit_parcel *parcel; /* the answer's body, and all before it */
    struct why why;               /* why there is no answer */
    struct teekit_message answer; /* last: it is large, and cleared in part */
};

static void hold(struct teekit_call *c, size_t bytes)
{
    c->held += bytes;
    c->guest->held += bytes;
    teekit_guest_pay(c->guest);
}

static void let_go(struct teekit_call *c)
{
    c->guest->held -= c->held;
    c->held = 0;
}

static void call_free(struct teekit_call *c)
{
    struct teekit_guest *g = c->guest;

    let_go(c);
    meter_add(g->serve->config.meter, METER_TEEKIT, METER_STREAMS_ENDED, 1);
    list_remove(&c->link);
    g->call_count--;
    teekit_parcel_free(c->parcel);
    buffer_free(&c->text);
    free(c);
}

void teekit_call_cancel_all(struct teekit_guest *g)
{
    while (!list_empty(&g->calls)) {
        struct teekit_call *c =
            CONTAINER_OF(list_first(&g->calls), struct teekit_call, link);

        ask_cancel(c->ask);
        call_free(c);
    }
}

/* --- answers of ours ----------------------------------------------------- */

void teekit_call_refuse(struct teekit_guest *g, struct slice id,
                        const struct why *why)
{
    static const struct slice type = { (const uint8_t *)"content-type", 12 };
    char line[sizeof(why->found) + sizeof(why->expected) + 128];
    char body[sizeof(line) + 16];
    const int http = status_http(why->status);
    struct teekit_message m = {
        .type = TEEKIT_HTTP_RESPONSE,
        .id = id,
        .status = (uint32_t)http,
        .status_text = slice_text(http_reason(http)),
        .body_kind = TEEKIT_BYTES,
        .field_count = 1,
    };

    log_why(g->serve->config.log, LOG_WARN, "call.refused", why,
            LOG_FIELDS(LOG_S("peer", g->peer), LOG_N("http", http)));
    meter_why(g->serve->config.meter, METER_STREAM_REFUSED, why->status);
    why_line(why, line, sizeof(line));
    (void)snprintf(body, sizeof(body), "veriteed: %s\n", line);
    m.fields[0] = (struct teekit_field){
        .name = type, .value = slice_text("text/plain; charset=utf-8")
    };
    m.body = slice_text(body);
    teekit_guest_send(g, &m);
}

/* --- the answer ---------------------------------------------------------- */

/* It has no body, whatever its backend sends. */
static bool is_bare(const struct teekit_call *c)
{
    return c->is_head || teekit_head_bare(c->answer.status);
}

static enum status on_head(void *ctx, const struct http_reader *head)
{
    struct teekit_call *c = ctx;
    struct teekit_guest *g = c->guest;
    bool known = head->may_have_body && head->has_length;
    size_t length;
    enum status st =
        teekit_head_answer(head, c->is_head, &c->text, &c->answer, &c->why);

    if (st != STATUS_OK)
        return st;
    if (known && head->length > g->serve->config.teekit_body)
        return STATUS_LIMIT;
    length = known ? (size_t)head->length : 0;
    st = teekit_guest_find(g, length, &c->why);
    if (st != STATUS_OK)
        return st;
    st = teekit_parcel_new(teekit_guest_blocks(g), &c->answer, length,
                           &c->parcel);
    if (st == STATUS_OK && length >= TEEKIT_PARCEL_BEGIN_BYTES && !is_bare(c))
        teekit_parcel_begin(c->parcel, &c->answer, TEEKIT_BYTES, length,
                            &g->key, &g->pool);
    return st;
}

static uint8_t *on_room(void *ctx, size_t want)
{
    struct teekit_call *c = ctx;
    struct teekit_guest *g = c->guest;
    const size_t used = g->held + g->out.bytes;
    const size_t had = teekit_parcel_body(c->parcel);

    if (want > g->serve->config.teekit_body - had ||
        used > TEEKIT_GUEST_BYTES || want > TEEKIT_GUEST_BYTES - used ||
        teekit_guest_find(g, want, &c->why) != STATUS_OK)
        return NULL;
    return teekit_parcel_reserve(c->parcel, want);
}

static void on_body(void *ctx, size_t len)
{
    struct teekit_call *c = ctx;

    teekit_parcel_commit(c->parcel, len);
    hold(c, len);
}

/* What the client is told of a backend that failed. */
static void refuse_backend(struct teekit_call *c, const struct why *why)
{
    struct why told = c->why.status != STATUS_OK ? c->why : *why;

    if (told.status == STATUS_LIMIT)
        (void)why_fail(&told, STATUS_BAD_FIELD, "backend.body", "PROTOCOL 13.5",
                       "an answer over %zu bytes, or no room",
                       c->guest->serve->config.teekit_body);
    teekit_call_refuse(c->guest, c->answer.id, &told);
}

static void on_end(void *ctx, const struct why *why)
{
    struct teekit_call *c = ctx;
    struct teekit_guest *g = c->guest;
    struct teekit_parcel *parcel = c->parcel;

    c->ask = NULL;
    c->parcel = NULL;
    let_go(c); /* it is the queue's from now on */
    if (why == NULL) {
        teekit_guest_post(g, &c->answer, parcel,
                          is_bare(c) ? TEEKIT_NOTHING : TEEKIT_BYTES);
    } else {
        teekit_parcel_free(parcel);
        c->answer.field_count = 0;
        refuse_backend(c, why);
    }
    call_free(c);
    teekit_guest_weigh(g);
    teekit_guest_settle(g);
}

static const struct ask_events ask_events = {
    .on_head = on_head,
    .on_room = on_room,
    .on_body = on_body,
    .on_end = on_end,
};

/* --- the request --------------------------------------------------------- */

/* Hand the request to the backend. */
static enum status ask(struct teekit_call *c, const struct rules_backend *to,
                       const struct teekit_method *method,
                       struct ask_request *request)
{
    struct serve *serve = c->guest->serve;
    const struct ask_config config = {
        .loop = serve->config.loop,
        .pool = &serve->asks,
        .scratch = carrier_hub_scratch(serve->config.hub),
        .to = to,
        .sealed = true,
        .is_head = method->is_head,
        .repeatable = method->repeatable,
        .events = &ask_events,
        .ctx = c,
    };

    c->is_head = method->is_head;
    hold(c, request->head.len + request->body.len);
    return ask_open(&config, request, &c->ask);
}

/* A large body is sent from where it was opened; a small one is copied, as is
 * one whose memory is not to be had. */
static void put_body(struct teekit_guest *g, struct slice body,
                     struct ask_request *request)
{
    if (body.len > COPY_MAX_BYTES)
        ws_link_take(g->link, &request->memory);
    if (request->memory.at != NULL) {
        request->body = body;
        return;
    }
    request->head.max = HEAD_MAX_BYTES + MAX_OF(body.len, COPY_MAX_BYTES);
    buffer_add(&request->head, body);
}

static enum status check_length(const struct teekit_guest *g,
                                const struct teekit_message *m, struct why *why)
{
    const size_t max = g->serve->config.teekit_body;

    if (m->body.len <= max)
        return STATUS_OK;
    (void)why_fail(why, STATUS_TOO_LARGE, "body", "PROTOCOL 13.5", "%zu bytes",
                   m->body.len);
    return why_expect(why, "at most %zu", max);
}

static enum status begin(struct teekit_call *c, const struct teekit_message *m,
                         struct why *why)
{
    struct teekit_guest *g = c->guest;
    struct ask_request request = { .head = buffer_with_max(HEAD_MAX_BYTES +
                                                           COPY_MAX_BYTES) };
    struct teekit_method method;
    struct teekit_url url;
    struct rules_backend to;
    enum status st = check_length(g, m, why);

    if (st == STATUS_OK)
        st = teekit_guest_route(g, m->url, &url, &to, why);
    if (st != STATUS_OK)
        return st;
    st = teekit_head_method(m->method, &method, why);
    if (st == STATUS_OK) {
        const struct teekit_way way = {
            .authority = teekit_guest_host(g, &url),
            .target = buffer_view(&url.target),
            .session = slice_text(g->label),
        };

        st = teekit_head_request(m, &method, &way, &request.head, why);
    }
    if (st == STATUS_OK) {
        put_body(g, m->body, &request);
        st = ask(c, &to, &method, &request);
        if (st != STATUS_OK)
            (void)why_fail(why, st, "backend", NULL, "%s", status_text(st));
    }
    buffer_free(&request.head);
    teekit_url_fini(&url);
    return st;
}

/* More than a session may have at once? What was read already comes all the
 * same when the link is paused. */
static enum status check_room(const struct teekit_guest *g, struct why *why)
{
    const uint32_t max = g->serve->config.streams_max;

    if (g->serve->draining)
        return why_fail(why, STATUS_SHUTTING_DOWN, "server", NULL, "stopping");
    if (g->call_count >= max)
        return why_fail(why, STATUS_BUSY, "requests", NULL,
                        "more than %u at once", (unsigned)max);
    return teekit_guest_find(g, TEEKIT_LOW_BYTES, why);
}

static struct teekit_call *call_new(struct teekit_guest *g, struct slice id)
{
    struct teekit_call *c = malloc(sizeof(*c));

    if (c == NULL)
        return NULL;
    memset(c, 0, offsetof(struct teekit_call, answer));
    teekit_message_clear(&c->answer);
    c->guest = g;
    memcpy(c->id, id.at, id.len); /* TEEKIT_ID_MAX_BYTES, as was read */
    c->answer.type = TEEKIT_HTTP_RESPONSE;
    c->answer.id = slice_of(c->id, id.len);
    list_add(&g->calls, &c->link);
    meter_add(g->serve->config.meter, METER_TEEKIT, METER_STREAMS, 1);
    g->call_count++;
    return c;
}

void teekit_call_open(struct teekit_guest *g, const struct teekit_message *m)
{
    struct why why = { 0 };
    struct teekit_call *c;

    if (check_room(g, &why) != STATUS_OK) {
        teekit_call_refuse(g, m->id, &why);
        return;
    }
    c = call_new(g, m->id);
    if (c == NULL) {
        (void)why_fail(&why, STATUS_NO_MEMORY, "request", NULL, "no memory");
        teekit_call_refuse(g, m->id, &why);
        return;
    }
    if (begin(c, m, &why) != STATUS_OK) { /* |m| may be gone */
        teekit_call_refuse(g, c->answer.id, &why);
        call_free(c);
    }
    teekit_guest_weigh(g);
}
