#include "proxy/local/far_teekit_parts.h"

#include "common/limits.h"
#include "proxy/local/teekit_http.h"

/* --- requests ------------------------------------------------------------ */

static void refuse_size(struct far_teekit *t, size_t max)
{
    struct why why;

    (void)why_fail(&why, STATUS_TOO_LARGE, "http.body", NULL,
                   "a body that no teekit server takes");
    (void)why_expect(&why, "at most %zu bytes", max);
    far_teekit_refuse(t, &why);
}

static size_t body_max(const struct far_teekit *t)
{
    return teekit_parcel_body_max(teekit_message_room(&t->request));
}

/* Whether |more| bytes of body may follow; if not, it was said. */
static bool may_grow(struct far_teekit *t, uint64_t more)
{
    size_t has = teekit_parcel_body(t->parcel);
    size_t max = body_max(t);
    struct why why;

    if (more > max - has) {
        refuse_size(t, max);
        return false;
    }
    if (far_teekit_hold(t, has + (size_t)more))
        return true;
    (void)why_fail(&why, STATUS_LIMIT, "teekit", NULL,
                   "other bodies take all the memory there is for them");
    far_teekit_refuse(t, &why);
    return false;
}

/* The head is whole: is it one that can be carried? */
static void begin_request(struct far_teekit *t)
{
    const struct http_fields *f = &t->reader.fields;
    uint64_t left = http_reader_skippable(&t->reader);
    struct why why;

    if (teekit_http_request(&t->reader, far_teekit_authority(t), &t->text,
                            &t->request, &why) != STATUS_OK) {
        far_teekit_refuse(t, &why);
        return;
    }
    if (left > body_max(t)) {
        refuse_size(t, body_max(t));
        return;
    }
    if (teekit_parcel_new(t->config.blocks, &t->request, (size_t)left,
                          &t->parcel) != STATUS_OK) {
        (void)why_fail(&why, STATUS_NO_MEMORY, "teekit", NULL, "no memory");
        far_teekit_refuse(t, &why);
        return;
    }
    if (left >= TEEKIT_PARCEL_BEGIN_BYTES)
        teekit_session_begin(&t->user, t->parcel, &t->request, (size_t)left);
    if (may_grow(t, left) && http_fields_has(f, "Expect", "100-continue") &&
        (t->reader.chunked || left > 0)) {
        buffer_text(&t->down, "HTTP/1.1 100 Continue\r\n\r\n");
        far_teekit_turn_soon(t);
    }
}

static void on_head(struct far_teekit *t)
{
    const struct http_fields *f = &t->reader.fields;

    t->to_head = strcmp(t->reader.method, "HEAD") == 0;
    t->last = t->reader.http10 || http_fields_has(f, "Connection", "close");
    t->form = refusal_form_of(http_fields_get(f, "Accept"));
    if (t->lost)
        far_teekit_refuse(t, &t->why);
    else if (teekit_http_is_websocket(&t->reader))
        far_teekit_ws_begin(t);
    else
        begin_request(t);
}

static void send_request(struct far_teekit *t)
{
    struct teekit_parcel *p = t->parcel;
    enum teekit_body kind =
        teekit_parcel_body(p) == 0 ? TEEKIT_NOTHING : teekit_parcel_kind(p);

    t->parcel = NULL;
    t->state = FAR_TEEKIT_WAITING;
    teekit_session_ask(&t->user, t->config.answer_timeout_ms);
    teekit_session_send(&t->user, p, &t->request, kind);
}

static void take_body(struct far_teekit *t, struct slice piece)
{
    uint8_t *to;
    struct why why;

    if (!may_grow(t, piece.len))
        return;
    to = teekit_parcel_reserve(t->parcel, piece.len);
    if (to == NULL) {
        (void)why_fail(&why, STATUS_NO_MEMORY, "teekit", NULL, "no memory");
        far_teekit_refuse(t, &why);
        return;
    }
    memcpy(to, piece.at, piece.len);
    teekit_parcel_commit(t->parcel, piece.len);
}

static void refuse_bytes(struct far_teekit *t)
{
    struct why why = t->reader.why;

    if (status_class(why.status) == CLASS_PEER)
        why.status = STATUS_BAD_REQUEST;
    if (why.expected[0] == '\0')
        (void)why_expect(&why, "HTTP/1: teekit carries nothing else");
    far_teekit_refuse(t, &why);
}

void far_teekit_http_read(struct far_teekit *t)
{
    struct slice in = slice_of(t->in + t->in_at, t->in_len - t->in_at);
    enum http_step step = HTTP_GOT_BODY;

    while (t->state == FAR_TEEKIT_READING && step != HTTP_WANT_MORE) {
        step = http_reader_read(&t->reader, &in);
        t->in_at = t->in_len - in.len;
        if (step == HTTP_GOT_HEAD)
            on_head(t);
        else if (step == HTTP_GOT_BODY)
            take_body(t, t->reader.piece);
        else if (step == HTTP_GOT_END)
            send_request(t);
        else if (step == HTTP_BAD)
            refuse_bytes(t);
    }
}

/* --- answers ------------------------------------------------------------- */

/* Tell a body from where it was opened, with |head| before it. False when its
 * memory is not to be had. */
static bool tell_in_place(struct far_teekit *t, struct slice head,
                          struct slice body)
{
    struct buffer whole = teekit_session_take(t->user.session);
    size_t at;

    if (whole.at == NULL)
        return false;
    at = (size_t)(body.at - whole.at);
    if (head.len > at) { /* the message's own head was shorter */
        buffer_add(&t->down, head);
        buffer_add(&t->down, body);
        blocks_give(t->config.blocks, &whole);
        return true;
    }
    memcpy(whole.at + at - head.len, head.at, head.len);
    whole.len = at + body.len;
    whole.max = DOWN_MAX_BYTES;
    buffer_free(&t->down);
    t->down = whole;
    t->down_at = at - head.len;
    return true;
}

static bool is_large(const struct far_teekit *t, const struct teekit_message *m)
{
    const bool bare = m->status == 204 || m->status == 205 || m->status == 304;

    return m->body.len >= IN_PLACE_BYTES && !bare && !t->to_head &&
           !t->telling && far_teekit_waiting(t) == 0;
}

/* As teekit_http_response(). */
static enum status put_answer(struct far_teekit *t,
                              const struct teekit_message *m, struct why *why)
{
    struct buffer head = buffer_with_max(DOWN_MAX_BYTES);
    bool done = false;
    enum status st = STATUS_OK;

    if (is_large(t, m)) {
        st = teekit_http_response(m, true, t->last, &head, why);
        done = st == STATUS_OK && buffer_ok(&head) &&
               tell_in_place(t, buffer_view(&head), m->body);
        buffer_free(&head);
    }
    if (st == STATUS_OK && !done)
        st = teekit_http_response(m, t->to_head, t->last, &t->down, why);
    return st;
}

void far_teekit_http_answer(struct far_teekit *t,
                            const struct teekit_message *m)
{
    struct why why;

    if (m->error.len > 0) {
        (void)why_fail(&why, STATUS_RESET, "http_response.error", NULL, "%.*s",
                       (int)MIN_OF(m->error.len, (size_t)150),
                       (const char *)m->error.at);
        far_teekit_refuse(t, &why);
        return;
    }
    if (!far_teekit_hold(t, m->body.len)) {
        (void)why_fail(&why, STATUS_LIMIT, "teekit", NULL,
                       "other bodies take all the memory there is for them");
        far_teekit_refuse(t, &why);
        return;
    }
    t->last = t->last || teekit_session_is_leaving(t->user.session);
    if (put_answer(t, m, &why) != STATUS_OK) {
        far_teekit_refuse(t, &why);
        return;
    }
    t->state = FAR_TEEKIT_TELLING;
    teekit_session_forget(&t->user);
    far_teekit_tell(t);
}
