#include "proxy/local/http_exchange.h"

#include <assert.h>

#include "common/limits.h"
#include "proxy/local/front_parts.h"

/* A piece up to this long is copied to go out in one write with what stands
 * before it. */
#define GATHER_MAX_BYTES (16 * 1024)

/* --- the end ------------------------------------------------------------- */

/* The client has the head, so it must see that the rest is missing: a length
 * or a last chunk that never comes does that, else a reset. */
static void cut_off(struct client *c, const struct why *why)
{
    if (c->http.response.framing == HTTP_CLOSE)
        client_reset(c, why);
    else
        client_close(c, why);
}

void http_exchange_failed(struct client *c, const struct far_failure *failure)
{
    struct http_front *h = &c->http;

    if (h->answer_done) /* the rest of the request was not wanted */
        http_front_exchanged(c, false);
    else if (h->head_sent)
        cut_off(c, &failure->why);
    else
        http_front_refuse(c, failure, !h->request_done);
}

/* Something broke, at either end. */
static void give_up(struct client *c, const struct why *why)
{
    struct far_failure failure = { .why = *why };

    http_exchange_failed(c, &failure);
}

static void out_of_memory(struct client *c)
{
    struct why why;

    (void)why_fail(&why, STATUS_NO_MEMORY, "http", NULL, "no memory for it");
    give_up(c, &why);
}

static void end_if_complete(struct client *c)
{
    struct http_front *h = &c->http;

    if (h->request_done && h->answer_done)
        http_front_exchanged(c, h->response.reusable);
}

/* --- the way up ---------------------------------------------------------- */

void http_exchange_begin(struct client *c)
{
    struct http_front *h = &c->http;

    h->state = HTTP_FRONT_EXCHANGING;
    if (c->front->config.stream_idle_ms > 0)
        conn_set_idle(c->conn, c->front->config.stream_idle_ms);
    h->request_read = h->request_done = false;
    h->head_sent = h->answer_done = false;
    h->body = (struct slice){ 0 };
    buffer_clear(&h->up);
    if (!c->far->early_sent || h->reused)
        http_request_write_head(&h->request, &h->up);
    http_response_next(&h->response, &h->request);
    http_exchange_send(c);
}

/* Let the far side take what waits. False: it has no room for all of it, and
 * on_room() goes on. */
static bool flush_up(struct client *c)
{
    struct http_front *h = &c->http;
    size_t taken;

    buffer_drop(&h->up, far_write(c->far, buffer_view(&h->up)));
    if (h->up.len > 0)
        return false;
    if (h->body.len == 0)
        return true;
    taken = far_write(c->far, h->body);
    client_used(c, taken);
    h->body = slice_of(h->body.at + taken, h->body.len - taken);
    return h->body.len == 0;
}

/* A body with a length goes up from where it was read; chunks are written
 * anew. */
static void take_body(struct client *c, size_t used)
{
    struct http_front *h = &c->http;
    struct slice piece = h->request.reader.piece;

    if (h->request.reader.chunked) {
        http_request_write_body(&h->request, piece, &h->up);
        client_used(c, used);
        return;
    }
    client_used(c, used - piece.len);
    h->body = piece;
}

/* Only part of the request is there, and no more will come: the far side must
 * not take it for the whole. */
static void on_cut_request(struct client *c)
{
    struct why why;

    (void)why_fail(&why, STATUS_TRUNCATED, "http.body", "RFC 9112 section 8",
                   "the client ended inside its request");
    client_reset(c, &why);
}

/* Read the next piece; false when there is none for now, or the client is
 * gone. */
static bool read_piece(struct client *c)
{
    struct http_front *h = &c->http;
    struct slice in = client_input(c);
    size_t len = in.len;
    enum http_step step = http_request_read(&h->request, &in);
    size_t used = len - in.len;

    switch (step) {
    case HTTP_GOT_BODY:
        take_body(c, used);
        return true;
    case HTTP_GOT_END:
        client_used(c, used);
        http_request_write_end(&h->request, &h->up);
        h->request_read = true;
        return true;
    case HTTP_WANT_MORE:
        client_used(c, used);
        if (c->eof)
            on_cut_request(c);
        return false;
    case HTTP_BAD:
        give_up(c, &h->request.reader.why);
        return false;
    case HTTP_GOT_HEAD:
        break;
    }
    assert(false && "a head inside a body");
    return false;
}

void http_exchange_send(struct client *c)
{
    struct http_front *h = &c->http;

    do {
        if (h->request_done)
            return;
        if (!buffer_ok(&h->up)) {
            out_of_memory(c);
            return;
        }
        if (!flush_up(c))
            return;
        h->request_done = h->request_read;
    } while (!h->request_done && read_piece(c));
    if (h->request_done)
        end_if_complete(c);
}

uint8_t *http_exchange_place(struct client *c, size_t *room)
{
    struct http_front *h = &c->http;
    uint64_t skippable = http_reader_skippable(&h->request.reader);
    uint8_t *at;

    if (h->state != HTTP_FRONT_EXCHANGING || skippable == 0 || h->up.len > 0 ||
        h->body.len > 0 || c->rx_len > 0)
        return NULL;
    at = far_reserve(c->far, room);
    *room = (size_t)MIN_OF((uint64_t)*room, skippable);
    return *room == 0 ? NULL : at;
}

void http_exchange_placed(struct client *c, size_t len)
{
    far_commit(c->far, len);
    http_reader_skip(&c->http.request.reader, len);
    http_exchange_send(c);
}

/* --- the way down -------------------------------------------------------- */

/* False: the client is closed. */
static bool flush_down(struct client *c, struct buffer *out)
{
    bool ok;

    if (!buffer_ok(out)) {
        out_of_memory(c);
        return false;
    }
    ok = out->len == 0 || client_write(c, buffer_view(out));
    buffer_clear(out);
    return ok;
}

static void take_head(struct client *c, struct buffer *out)
{
    struct http_front *h = &c->http;
    const struct http_response *r = &h->response;

    if (r->interim) {
        if (!h->request.http10) /* which knows of none */
            http_response_write_head(r, false, out);
        return;
    }
    /* A client that is answered before it has sent all may stop sending, and
     * then nobody could tell where its next request begins. */
    h->last = h->last || !h->request.keep_alive || !h->request_done ||
              c->front->draining || r->framing == HTTP_CLOSE;
    h->head_sent = true;
    http_response_write_head(r, h->last, out);
}

/* A piece goes out in one write with what is before it; a short one waits for
 * what follows. */
static bool take_piece(struct client *c, struct buffer *out)
{
    const struct http_response *r = &c->http.response;
    struct slice piece = r->reader.piece;
    bool ok;

    if (r->framing == HTTP_CHUNKS ||
        (out->len > 0 && piece.len <= GATHER_MAX_BYTES)) {
        http_response_write_body(r, piece, out);
        return true;
    }
    if (out->len == 0 || !buffer_ok(out))
        return flush_down(c, out) && client_pass(c, piece);
    ok = client_write_both(c, buffer_view(out), piece);
    buffer_clear(out);
    return ok;
}

/* Read on in |data| until there is no more, or something other than the head
 * and pieces of the body. False: the client is closed. */
static bool take_answer(struct client *c, struct buffer *out,
                        struct slice *data, enum http_step *step)
{
    struct http_response *r = &c->http.response;

    for (;;) {
        *step = http_response_read(r, data);
        if (*step == HTTP_GOT_HEAD && !r->upgraded)
            take_head(c, out);
        else if (*step != HTTP_GOT_BODY)
            return flush_down(c, out);
        else if (!take_piece(c, out))
            return false;
    }
}

/* 101: from here on it is bytes. |rest| are the first of them. */
static void switch_protocol(struct client *c, struct buffer *out,
                            struct slice rest)
{
    struct why why;

    if (!c->http.request_done) {
        (void)why_fail(&why, STATUS_BAD_STATE, "http.status",
                       "RFC 9110 section 15.2.2",
                       "101 before the end of the request");
        give_up(c, &why);
        return;
    }
    http_response_write_head(&c->http.response, false, out);
    buffer_add(out, rest);
    if (flush_down(c, out))
        client_relay(c, c->http.owed);
}

static void on_answer_end(struct client *c, struct buffer *out)
{
    http_response_write_end(&c->http.response, out);
    c->http.answer_done = true;
    if (flush_down(c, out))
        end_if_complete(c);
}

void http_exchange_receive(struct client *c, struct slice data)
{
    struct http_front *h = &c->http;
    struct buffer *out = front_parts_scratch(c->front);
    enum http_step step;

    h->owed += data.len;
    if (h->answer_done) {
        h->response.reusable = false;
        http_exchange_settle(c);
        return;
    }
    if (!take_answer(c, out, &data, &step))
        return;
    if (data.len > 0)
        h->response.reusable = false; /* nobody asked for more */
    if (step == HTTP_BAD)
        give_up(c, &h->response.reader.why);
    else if (step == HTTP_GOT_HEAD)
        switch_protocol(c, out, data);
    else if (step == HTTP_GOT_END)
        on_answer_end(c, out);
    http_exchange_settle(c);
}

/* Whether the request arrived is not known, and it is not sent again. */
static void on_no_answer(struct client *c)
{
    struct why why;

    (void)why_fail(&why, STATUS_CUT, "http.response", "RFC 9110 section 9.2.2",
                   "the server ended %s connection without an answer; the "
                   "request was not sent again",
                   c->http.reused ? "a kept" : "the");
    give_up(c, &why);
}

void http_exchange_fin(struct client *c)
{
    struct http_front *h = &c->http;
    struct buffer *out = front_parts_scratch(c->front);

    h->response.reusable = false;
    if (h->answer_done) {
        http_front_exchanged(c, false);
    } else if (http_response_untouched(&h->response)) {
        on_no_answer(c);
    } else if (http_response_eof(&h->response) != HTTP_GOT_END) {
        give_up(c, &h->response.reader.why);
    } else {
        on_answer_end(c, out);
        if (!c->closed && !h->request_done) /* nobody is there to read it */
            http_front_exchanged(c, false);
    }
}

void http_exchange_settle(struct client *c)
{
    struct http_front *h = &c->http;
    size_t pending;
    size_t left;

    if (c->far == NULL || c->conn == NULL)
        return;
    pending = conn_pending(c->conn);
    left = h->owed > pending ? h->owed - pending : 0;
    h->owed -= left;
    if (left > 0)
        far_consumed(c->far, left);
}
