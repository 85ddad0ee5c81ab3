#include "proxy/local/far_teekit_parts.h"

#include "common/limits.h"
#include "proxy/local/teekit_http.h"

/* --- from the application ------------------------------------------------ */

void far_teekit_ws_begin(struct far_teekit *t)
{
    struct teekit_parcel *p;
    struct why why;
    enum status st = teekit_http_connect(&t->reader, far_teekit_authority(t),
                                         &t->text, &t->request, &why);

    if (st == STATUS_OK && http_reader_skippable(&t->reader) > 0)
        st = why_fail(&why, STATUS_BAD_REQUEST, "http.body", "RFC 6455 4.1",
                      "with an upgrade");
    if (st == STATUS_OK) {
        st = teekit_parcel_new(NULL, &t->request, 0, &p);
        if (st != STATUS_OK)
            (void)why_fail(&why, st, "teekit", NULL, "no memory");
    }
    if (st != STATUS_OK) {
        far_teekit_refuse(t, &why);
        return;
    }
    t->state = FAR_TEEKIT_OPENING;
    teekit_ws_init(&t->ws);
    teekit_session_ask(&t->user, t->config.answer_timeout_ms);
    teekit_session_send(&t->user, p, &t->request, TEEKIT_NOTHING);
}

void far_teekit_ws_end(struct far_teekit *t, uint16_t code, struct slice reason)
{
    struct teekit_message m = { .type = TEEKIT_WS_CLOSE,
                                .has_code = code != WS_CLOSE_NO_CODE,
                                .code = code,
                                .has_reason = reason.len > 0,
                                .reason = reason };
    struct teekit_parcel *p;

    if (t->user.session == NULL || t->user.id.len == 0)
        return;
    if (teekit_parcel_new(NULL, &m, 0, &p) == STATUS_OK)
        teekit_session_send(&t->user, p, &m, TEEKIT_NOTHING);
    far_teekit_part(t);
}

/* Count what waits for one of the two. False: it is too much, and the socket
 * has failed. */
static bool count_memory(struct far_teekit *t)
{
    size_t bytes = far_teekit_waiting(t);
    struct why why;

    if (t->ws.partial != NULL)
        bytes += teekit_parcel_body(t->ws.partial);
    if (buffer_ok(&t->down) && far_teekit_hold(t, bytes))
        return true;
    (void)why_fail(&why, STATUS_LIMIT, "teekit", NULL,
                   "messages come faster than they are taken");
    far_teekit_ws_end(t, WS_CLOSE_INTERNAL, slice_text(why.found));
    far_teekit_fail(t, &why);
    return false;
}

void far_teekit_ws_read(struct far_teekit *t)
{
    struct teekit_message m = { .type = TEEKIT_WS_MESSAGE };
    struct teekit_ws_found found;
    uint8_t *at = t->in + t->in_at;
    size_t len = t->in_len - t->in_at;
    enum teekit_ws_step step;

    do {
        step = teekit_ws_read(&t->ws, &at, &len, &t->down, &found);
        if (step == TEEKIT_WS_GOT_MESSAGE && t->user.id.len > 0) {
            teekit_session_send(&t->user, found.parcel, &m, found.kind);
        } else if (step == TEEKIT_WS_GOT_MESSAGE) {
            teekit_parcel_free(found.parcel); /* the far end has closed */
        } else if (step == TEEKIT_WS_GOT_CLOSE) {
            far_teekit_ws_end(t, found.code, found.reason);
            teekit_ws_close(&t->ws, found.code, found.reason, &t->down);
        } else if (step == TEEKIT_WS_GOT_BAD) {
            far_teekit_ws_end(t, WS_CLOSE_PROTOCOL,
                              slice_text(found.why.found));
        }
    } while (step == TEEKIT_WS_GOT_MESSAGE);
    t->in_at = t->in_len;
    if (t->ws.partial != NULL && t->user.id.len > 0 &&
        !far_teekit_hold(t, teekit_parcel_body(t->ws.partial))) {
        teekit_ws_close(&t->ws, WS_CLOSE_TOO_BIG, (struct slice){ 0 },
                        &t->down);
        far_teekit_ws_end(t, WS_CLOSE_TOO_BIG, (struct slice){ 0 });
        t->state = FAR_TEEKIT_ENDED;
    }
    if (step == TEEKIT_WS_GOT_BAD || (t->ws.close_got && t->ws.close_sent))
        t->state = FAR_TEEKIT_ENDED;
    if (far_teekit_waiting(t) > 0 || t->state == FAR_TEEKIT_ENDED)
        far_teekit_turn_soon(t);
}

/* --- from the far end ---------------------------------------------------- */

static void on_socket_open(struct far_teekit *t)
{
    struct buffer early = t->down;

    t->state = FAR_TEEKIT_SOCKET;
    t->user.deadline_ms = 0;
    t->down = buffer_with_max(DOWN_MAX_BYTES);
    teekit_http_switch(&t->reader, &t->down);
    buffer_add(&t->down, buffer_view(&early)); /* said before it was open */
    buffer_free(&early);
    far_teekit_tell(t);
    if (t->far != NULL)
        far_teekit_read(t);
    far_teekit_tell_room(t);
}

static void on_socket_failed(struct far_teekit *t, struct slice error)
{
    struct why why;

    if (t->state == FAR_TEEKIT_SOCKET) {
        teekit_ws_close(&t->ws, WS_CLOSE_INTERNAL, error, &t->down);
        far_teekit_ws_end(t, WS_CLOSE_INTERNAL, (struct slice){ 0 });
        far_teekit_tell(t);
        return;
    }
    (void)why_fail(&why, STATUS_RESET, "ws_event.error", NULL, "%.*s",
                   (int)MIN_OF(error.len, (size_t)150), (const char *)error.at);
    far_teekit_refuse(t, &why);
}

/* The far end's close; before it is open that is a refusal. */
static void on_socket_closed(struct far_teekit *t,
                             const struct teekit_message *m)
{
    if (t->state == FAR_TEEKIT_OPENING) {
        on_socket_failed(t, slice_text("closed before it was open"));
        return;
    }
    far_teekit_part(t);
    teekit_ws_close(&t->ws,
                    m->has_code && m->code != 0 ? m->code : WS_CLOSE_NORMAL,
                    m->reason, &t->down);
    if (t->ws.close_got)
        t->state = FAR_TEEKIT_ENDED;
    far_teekit_tell(t);
}

static void on_socket_message(struct far_teekit *t,
                              const struct teekit_message *m)
{
    teekit_ws_say(&t->ws, m->body_kind, m->body, &t->down);
    if (count_memory(t) && t->state == FAR_TEEKIT_SOCKET)
        far_teekit_tell(t);
}

static void on_event(struct far_teekit *t, const struct teekit_message *m)
{
    switch (m->event) {
    case TEEKIT_OPEN:
        if (t->state == FAR_TEEKIT_OPENING)
            on_socket_open(t);
        break;
    case TEEKIT_CLOSE:
        on_socket_closed(t, m);
        break;
    case TEEKIT_ERROR:
        on_socket_failed(t, m->error);
        break;
    }
}

void far_teekit_ws_message(struct far_teekit *t, const struct teekit_message *m,
                           const struct why *why)
{
    if (why != NULL && t->state == FAR_TEEKIT_SOCKET)
        on_socket_failed(t, slice_text("a message that cannot be read"));
    else if (why != NULL)
        far_teekit_refuse(t, why);
    else if (m->type == TEEKIT_WS_MESSAGE)
        on_socket_message(t, m);
    else if (m->type == TEEKIT_WS_EVENT)
        on_event(t, m);
}
