#include "proxy/local/http_front.h"

#include <assert.h>

#include "common/limits.h"
#include "common/secret.h"
#include "common/text.h"
#include "proxy/io/tls.h"
#include "proxy/local/client.h"
#include "proxy/local/front_parts.h"
#include "proxy/local/http_exchange.h"
#include "proxy/local/live.h"
#include "proxy/local/local_page.h"
#include "proxy/local/service_gate.h"

#define CREDENTIALS_MAX_BYTES 512
#define PENDING_MAX_BYTES     (64 * 1024) /* written, and not yet read */

static const char established[] = "HTTP/1.1 200 OK\r\n\r\n";

/* --- life ---------------------------------------------------------------- */

void http_front_start(struct client *c)
{
    struct http_front *h = &c->http;

    h->state = HTTP_FRONT_READING;
    h->head_timed = true; /* since the connection was accepted */
    http_request_init(&h->request);
    h->request.origin = c->origin;
    http_response_init(&h->response);
    h->up = buffer_with_max(HTTP_FRONT_UP_MAX_BYTES);
}

void http_front_stop(struct http_front *h)
{
    if (h->state == HTTP_FRONT_NONE)
        return;
    http_request_fini(&h->request);
    http_response_fini(&h->response);
    buffer_free(&h->up);
    *h = (struct http_front){ 0 };
}

static void drop_far(struct client *c, bool complete)
{
    client_drop_far(c, complete);
    c->http.owed = 0;
    c->http.reused = false;
}

static void end_well(struct client *c)
{
    static const struct why nothing;
    const struct http_front *h = &c->http;

    drop_far(c, h->state != HTTP_FRONT_EXCHANGING || h->request_done);
    client_close(c, &nothing);
}

static void next_request(struct client *c)
{
    struct http_front *h = &c->http;

    h->state = HTTP_FRONT_READING;
    h->head_timed = false;
    http_request_next(&h->request);
    conn_set_deadline(c->conn, c->front->config.idle_deadline_ms,
                      "another request");
}

/* --- answers of our own -------------------------------------------------- */

/* Behind an answer of our own: go on unless something of the request is still
 * to come, which would look like the next. */
static void after_own_answer(struct client *c, bool close)
{
    if (close)
        end_well(c);
    else
        next_request(c);
}

static bool write_own(struct client *c, struct buffer *out)
{
    struct why why;

    if (buffer_ok(out))
        return client_write(c, buffer_view(out));
    (void)why_fail(&why, STATUS_NO_MEMORY, "http", NULL, "no memory for it");
    client_reset(c, &why);
    return false;
}

static void log_refusal(const struct client *c,
                        const struct far_failure *failure)
{
    char target[TARGET_TEXT_ROOM] = "";
    const struct http_request *q = &c->http.request;

    if (q->target.port != 0)
        target_text(&q->target, target);
    log_why(c->front->config.log, LOG_WARN, "request.refused", &failure->why,
            LOG_FIELDS(LOG_N("client", c->id),
                       LOG_S("method", q->method == NULL ? "" : q->method),
                       LOG_S("target", target),
                       LOG_S("service", failure->service == NULL
                                            ? ""
                                            : failure->service)));
}

static bool must_close(const struct client *c)
{
    const struct http_front *h = &c->http;

    return !h->request.keep_alive || c->front->draining ||
           h->state == HTTP_FRONT_TUNNELLING ||
           (h->state != HTTP_FRONT_EXCHANGING &&
            http_request_has_body(&h->request));
}

void http_front_refuse(struct client *c, const struct far_failure *failure,
                       bool close)
{
    struct http_front *h = &c->http;
    struct buffer *out = front_parts_scratch(c->front);
    const struct refusal refusal = {
        .failure = failure,
        .target = h->request.target.port == 0 ? NULL : &h->request.target,
        .form = h->form,
        .head_only = h->request.is_head,
        .close = close || must_close(c),
    };

    log_refusal(c, failure);
    refusal_write(&refusal, out);
    drop_far(c, false);
    if (write_own(c, out))
        after_own_answer(c, refusal.close);
}

static void refuse_why(struct client *c, const struct why *why, bool close)
{
    struct far_failure failure = { .why = *why };

    http_front_refuse(c, &failure, close);
}

static void answer_locally(struct client *c)
{
    struct buffer *out = front_parts_scratch(c->front);
    bool close = must_close(c);
    bool listens = local_page_write(&c->http.request, &c->front->config, close,
                                    live_has_room(c->front), out);

    if (!write_own(c, out))
        return;
    if (listens)
        c->http.state = HTTP_FRONT_LISTENING;
    else
        after_own_answer(c, close);
}

/* False: the request is not for us. */
static bool answer_of_service(struct client *c)
{
    const struct http_request *q = &c->http.request;
    struct buffer *out = front_parts_scratch(c->front);
    bool close = must_close(c);

    if (!local_page_is_of_service(q) ||
        !local_page_write_of_service(q, &c->front->config, close, out))
        return false;
    if (write_own(c, out))
        after_own_answer(c, close);
    return true;
}

/* --- requests ------------------------------------------------------------ */

/* A browser that comes to our pages as to any site gives what it is asked for
 * by 401; a client that comes as to a proxy, by 407. */
static bool is_visit(const struct client *c)
{
    return c->http.request.form == HTTP_TO_US;
}

/* "Basic" and user:password in base64 (RFC 7617). Returns as client_login(). */
static enum status check_access(struct client *c)
{
    static const char scheme[] = "Basic ";
    size_t skip = sizeof(scheme) - 1;
    struct slice given =
        http_fields_get(&c->http.request.reader.fields,
                        is_visit(c) ? "Authorization" : "Proxy-Authorization");
    uint8_t text[CREDENTIALS_MAX_BYTES];
    size_t len = 0;
    const uint8_t *colon = NULL;
    enum status st = STATUS_NO_ACCESS;

    if (!client_is_asked(c) || c->origin.port != 0)
        return STATUS_OK; /* inside of https, CONNECT had them */
    if (given.len > skip &&
        text_same_word(slice_of(given.at, skip), slice_text(scheme)) &&
        text_from_base64(slice_of(given.at + skip, given.len - skip), text,
                         sizeof(text), &len))
        colon = memchr(text, ':', len);
    if (colon != NULL)
        st =
            client_login(c, slice_of(text, (size_t)(colon - text)),
                         slice_of(colon + 1, len - (size_t)(colon - text) - 1));
    secret_wipe(text, sizeof(text));
    return st;
}

/* |st| is not OK, as of check_access(). */
static void refuse_access(struct client *c, enum status st)
{
    struct why why;

    if (st == STATUS_TOO_MANY_TRIES)
        (void)why_fail(&why, st, "credentials", NULL,
                       "%d wrong ones in a minute", LOGIN_TRIES_MAX);
    else if (is_visit(c))
        (void)why_fail(&why, STATUS_NO_LOGIN, "http.authorization",
                       "RFC 9110 section 11.6", "missing or wrong");
    else
        (void)why_fail(&why, STATUS_NO_ACCESS, "http.proxy-authorization",
                       "RFC 9110 section 11.7", "missing or wrong");
    (void)why_expect(&why, "the user and password of this proxy");
    refuse_why(c, &why, false);
}

/* A request that changes nothing and has no body need not wait until its target
 * was reached. Others do: until then they can go elsewhere if the session is
 * lost. */
static void send_early(struct client *c)
{
    const struct http_request *q = &c->http.request;
    struct buffer *head = front_parts_scratch(c->front);

    if (!c->far->takes_early || !http_request_is_safe(q) ||
        http_request_has_body(q))
        return;
    http_request_write_head(q, head);
    if (buffer_ok(head))
        far_early(c->far, buffer_view(head));
    buffer_clear(head);
}

static void open_target(struct client *c, enum http_front_state opening)
{
    struct far_failure refusal;

    c->http.state = opening;
    drop_far(c, true);
    if (client_open(c, &c->http.request.target, &refusal) != STATUS_OK)
        http_front_refuse(c, &refusal, false);
    else if (opening == HTTP_FRONT_OPENING)
        send_early(c);
}

/* At the address of a service all is for that service. False: |c| was told
 * why not. */
static bool lead_to_service(struct client *c)
{
    const struct front_config *config = &c->front->config;
    struct http_request *q = &c->http.request;
    struct target target;
    struct why why;
    enum status st =
        config->owner->service_target(config->ctx, c->service, &target, &why);

    if (st == STATUS_OK)
        st = service_gate_admit(q, &target, &why);
    if (st == STATUS_OK)
        http_request_lead(q, &target);
    else
        refuse_why(c, &why, false);
    return st == STATUS_OK;
}

/* Where TLS ends here, so does the tunnel, and its opening says nothing of the
 * far side: each request inside waits for that. */
static void open_tunnel(struct client *c)
{
    const struct target *target = &c->http.request.target;
    struct far_failure refusal;
    struct tls *tls;

    c->http.state = HTTP_FRONT_TUNNELLING;
    if (client_end_tls(c, target, &tls, &refusal) != STATUS_OK) {
        http_front_refuse(c, &refusal, false);
    } else if (tls == NULL) {
        open_target(c, HTTP_FRONT_TUNNELLING);
    } else {
        drop_far(c, true);
        if (client_write(c, slice_text(established)))
            client_secure(c, target, tls);
        else
            tls_free(tls);
    }
}

/* A policy that was read anew may want its TLS to end elsewhere: then nothing
 * more may go on from here, where it would be in the clear. */
static bool still_ends_here(const struct client *c)
{
    const struct front_config *config = &c->front->config;

    return c->origin.port == 0 ||
           config->owner->ends_tls(config->ctx, &c->origin);
}

static void refuse_origin(struct client *c)
{
    struct why why;

    (void)why_fail(&why, STATUS_MISDIRECTED, "http.host",
                   "RFC 9110 section 15.5.20",
                   "https to it does not end here any more");
    (void)why_expect(&why, "a new connection");
    refuse_why(c, &why, true);
}

/* Would |c->far| be found again? */
static bool may_reuse_far(const struct client *c)
{
    return c->far != NULL && c->routes == c->front->routes &&
           !far_is_leaving(c->far) &&
           target_equal(&c->target, &c->http.request.target);
}

static bool is_for_us(const struct client *c)
{
    return !client_is_of_service(c) &&
           local_page_is_for_us(&c->http.request, c->port);
}

/* True when the answer is a page that cannot be written yet. */
static bool must_ask(const struct client *c)
{
    const struct front_config *config = &c->front->config;
    const struct http_request *q = &c->http.request;

    return config->owner->refresh != NULL &&
           (is_for_us(c) || local_page_is_of_service(q)) &&
           !config->owner->refresh(config->ctx);
}

static void answer_request(struct client *c)
{
    const struct http_request *q = &c->http.request;

    if (!still_ends_here(c)) /* also behind HTTP_FRONT_ASKING */
        refuse_origin(c);
    else if (is_for_us(c))
        answer_locally(c);
    else if (answer_of_service(c))
        return;
    else if (q->form == HTTP_TUNNEL)
        open_tunnel(c);
    else if (may_reuse_far(c))
        http_exchange_begin(c);
    else
        open_target(c, HTTP_FRONT_OPENING);
}

/* A browser reads its proxy configuration before it asks anybody for a
 * password, and sends none: the file says which names go here, and that is all
 * it says. */
static bool is_open_to_all(const struct client *c)
{
    return is_for_us(c) && local_page_is_pac(&c->http.request);
}

static void on_head(struct client *c)
{
    struct http_front *h = &c->http;
    enum status st;

    conn_clear_deadline(c->conn);
    h->last = false;
    h->form =
        refusal_form_of(http_fields_get(&h->request.reader.fields, "Accept"));
    if (client_is_of_service(c)) {
        if (!lead_to_service(c))
            return;
    } else if (!is_open_to_all(c)) {
        st = check_access(c);
        if (st != STATUS_OK) {
            refuse_access(c, st);
            return;
        }
    }
    if (must_ask(c)) {
        drop_far(c, true);
        h->state = HTTP_FRONT_ASKING; /* until http_front_refreshed() */
    } else {
        answer_request(c);
    }
}

/* The input ended between two requests, or inside a head. */
static void on_last_request(struct client *c)
{
    if (!c->http.request.reader.started) {
        end_well(c);
        return;
    }
    (void)http_reader_eof(&c->http.request.reader); /* always bad here */
    client_close(c, &c->http.request.reader.why);
}

/* A head that has begun must end in time, however slowly it comes. */
static void time_head(struct client *c)
{
    struct http_front *h = &c->http;

    if (h->head_timed || !h->request.reader.started)
        return;
    h->head_timed = true;
    conn_set_deadline(c->conn, c->front->config.head_deadline_ms,
                      "the rest of a request");
}

/* False as long as a client does not read the answers it has: on_written()
 * goes on then. */
static bool may_read(const struct client *c)
{
    return !c->closed && c->http.state == HTTP_FRONT_READING &&
           conn_pending(c->conn) < PENDING_MAX_BYTES;
}

/* One request after the other, until one must wait for something. */
static void read_heads(struct client *c)
{
    while (may_read(c)) {
        struct slice in = client_input(c);
        size_t len = in.len;
        enum http_step step = http_request_read(&c->http.request, &in);

        client_used(c, len - in.len);
        if (step == HTTP_GOT_HEAD) {
            on_head(c);
        } else if (step == HTTP_BAD) {
            refuse_why(c, &c->http.request.reader.why, true);
        } else if (c->eof) {
            on_last_request(c);
        } else {
            time_head(c);
            return;
        }
    }
}

void http_front_exchanged(struct client *c, bool keep)
{
    struct http_front *h = &c->http;

    if (h->last || !h->request_done) {
        end_well(c);
        return;
    }
    if (keep) {
        h->reused = true;
        h->idle_since_ms = (int64_t)uv_now(c->front->config.loop);
    } else {
        drop_far(c, true);
    }
    next_request(c);
}

void http_front_refreshed(struct client *c)
{
    if (c->http.state != HTTP_FRONT_ASKING)
        return;
    c->http.state = HTTP_FRONT_READING;
    answer_request(c);
    read_heads(c);
}

void http_front_sweep(struct client *c)
{
    const struct http_front *h = &c->http;
    int64_t now = (int64_t)uv_now(c->front->config.loop);

    if (h->state == HTTP_FRONT_READING && c->far != NULL &&
        now - h->idle_since_ms >= c->front->config.far_idle_ms)
        drop_far(c, true);
}

/* --- events -------------------------------------------------------------- */

static void on_input(struct client *c)
{
    struct http_front *h = &c->http;

    if (c->eof && h->state == HTTP_FRONT_LISTENING) {
        end_well(c);
        return;
    }
    if (c->eof && h->state != HTTP_FRONT_READING &&
        (c->front->config.stream_idle_ms == 0 ||
         c->front->config.stream_idle_ms > HALF_CLOSED_IDLE_MS))
        conn_set_idle(c->conn, HALF_CLOSED_IDLE_MS);
    if (h->state == HTTP_FRONT_EXCHANGING)
        http_exchange_send(c);
    read_heads(c);
}

static void on_placed(struct client *c, size_t len)
{
    http_exchange_placed(c, len);
    read_heads(c);
}

static void on_opened(struct client *c)
{
    if (c->http.state == HTTP_FRONT_OPENING)
        http_exchange_begin(c);
    else if (client_write(c, slice_text(established)))
        client_relay(c, 0);
    read_heads(c);
}

static bool is_exchanging(const struct client *c)
{
    assert(c->http.state == HTTP_FRONT_EXCHANGING ||
           c->http.state == HTTP_FRONT_READING); /* the far side is open */
    return c->http.state == HTTP_FRONT_EXCHANGING;
}

/* A kept far side has nothing to say: what it does say would be taken for the
 * answer to a request that it has not seen. */
static void on_data(struct client *c, struct slice data)
{
    if (is_exchanging(c))
        http_exchange_receive(c, data);
    else
        drop_far(c, false);
    read_heads(c);
}

static void on_fin(struct client *c)
{
    if (is_exchanging(c))
        http_exchange_fin(c);
    else
        drop_far(c, true);
    read_heads(c);
}

static void on_failed(struct client *c, const struct far_failure *failure)
{
    if (c->http.state == HTTP_FRONT_EXCHANGING)
        http_exchange_failed(c, failure);
    else if (c->http.state == HTTP_FRONT_READING)
        drop_far(c, false); /* it was kept, and nobody needs it */
    else
        http_front_refuse(c, failure, false);
    read_heads(c);
}

static void on_written(struct client *c)
{
    http_exchange_settle(c);
    read_heads(c);
}

static void on_room(struct client *c)
{
    if (c->http.state == HTTP_FRONT_EXCHANGING)
        http_exchange_send(c);
    read_heads(c);
}

static void on_drain(struct client *c)
{
    const struct http_front *h = &c->http;

    if (c->conn != NULL &&
        (h->state == HTTP_FRONT_LISTENING ||
         (h->state == HTTP_FRONT_READING && !h->request.reader.started)))
        end_well(c);
}

const struct client_protocol http_front_protocol = {
    .on_place = http_exchange_place,
    .on_placed = on_placed,
    .on_input = on_input,
    .on_opened = on_opened,
    .on_data = on_data,
    .on_fin = on_fin,
    .on_failed = on_failed,
    .on_room = on_room,
    .on_written = on_written,
    .on_drain = on_drain,
};
