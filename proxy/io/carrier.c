#include "proxy/io/carrier.h"

#include <assert.h>
#include <stdlib.h>

#include "common/limits.h"
#include "common/list.h"
#include "common/secret.h"
#include "common/text.h"
#include "proxy/io/ws_dial.h"
#include "proxy/io/ws_link.h"

#define FLUSH_MAX_BYTES  (256 * 1024) /* of one write */
#define FLUSH_WRITES_MAX 4            /* of one carrier in one turn */
#define FAREWELL_MS      2000         /* for what is left to send at the end */
#define HELLO_MAX_BYTES  4096 /* a client's message before the handshake */

enum carrier_state {
    CARRIER_DIALLING,
    CARRIER_OPEN,
    CARRIER_ENDING /* the owner knows; only last words and memory are left */
};

/* Freed in the close callback of its timer. Only end_now() gets it there, and
 * that only from the loop, never from within a callback of the session. */
struct carrier {
    struct carrier_hub *hub; /* borrowed; outlives it */
    enum carrier_state state;
    bool lost; /* the link is: nothing can be sent */
    uv_timer_t timer;
    int64_t timer_at_ms; /* when it wakes; INT64_MAX if it does not */

    struct session_config owner; /* as given; its events are the owner's */
    uint8_t challenge[SESSION_CHALLENGE_BYTES];
    struct ws_dial *dial;    /* owned while dialling, else NULL */
    struct ws_link *link;    /* owned; NULL while dialling */
    struct session *session; /* owned; NULL while dialling */
    size_t handed;           /* messages the link has not sent yet */
    char peer[CONN_PEER_ROOM];

    struct list dirty; /* in the hub's list while there is something to do */
};

/* Freed in the close callback of its idle handle, after the last carrier. */
struct carrier_hub {
    uv_loop_t *loop;
    uv_idle_t flush;         /* active while |dirty| is not empty */
    uv_timer_t blocks;       /* of the scratch */
    unsigned handles;        /* of those two, how many are not closed yet */
    struct scratch *scratch; /* owned */
    struct list dirty;       /* carriers with something to do, oldest first */
    size_t carriers;
    bool over;
};

/* --- the session's clock ------------------------------------------------- */

static int64_t now_of(const struct carrier *c)
{
    return (int64_t)uv_now(c->hub->loop);
}

static void on_timer(uv_timer_t *timer);

static void wake_at(struct carrier *c, int64_t at_ms)
{
    int64_t in_ms = at_ms - now_of(c);

    if (at_ms >= c->timer_at_ms)
        return; /* it wakes earlier, and looks again then */
    c->timer_at_ms = at_ms;
    /* cannot fail: the callback is not NULL and the handle not closing */
    (void)uv_timer_start(&c->timer, on_timer, (uint64_t)MAX_OF(in_ms, 0), 0);
}

static void follow_deadline(struct carrier *c)
{
    if (c->state == CARRIER_OPEN)
        wake_at(c, session_deadline(c->session));
}

/* --- the end ------------------------------------------------------------- */

static void hub_release(struct carrier_hub *hub);

static void on_timer_closed(uv_handle_t *handle)
{
    struct carrier *c = handle->data;

    hub_release(c->hub);
    free(c);
}

static void end_now(struct carrier *c)
{
    assert(c->state == CARRIER_ENDING && !list_linked(&c->dirty));
    ws_link_close(c->link, WS_CLOSE_NORMAL);
    session_free(c->session); /* after the link, which borrows its messages */
    uv_close((uv_handle_t *)&c->timer, on_timer_closed);
}

static void mark_dirty(struct carrier *c);

/* The owner is told, once. What is left is done on the loop. */
static void tell_end(struct carrier *c, const struct why *why)
{
    if (c->state == CARRIER_ENDING)
        return;
    c->state = CARRIER_ENDING;
    ws_dial_cancel(c->dial);
    c->dial = NULL;
    c->timer_at_ms = INT64_MAX; /* the session's deadlines are no more */
    wake_at(c, now_of(c) + FAREWELL_MS);
    mark_dirty(c);
    c->owner.events->on_closed(c->owner.ctx, why);
}

/* --- flushing ------------------------------------------------------------ */

/* Messages of the session, gathered into one write. */
static size_t gather(struct carrier *c, struct ws_out out[CONN_RUNS_MAX])
{
    struct session_out message;
    size_t count = 0, bytes = 0;

    while (count < CONN_RUNS_MAX && bytes < FLUSH_MAX_BYTES &&
           session_output(c->session, &message, 1, now_of(c)) == 1) {
        out[count++] = (struct ws_out){ message.message, message.len };
        bytes += message.len;
    }
    return count;
}

/* Send what the session has, as far as the socket takes it; on_sent() goes on
 * where it did not. Returns true when there is nothing left to send. */
static bool flush(struct carrier *c)
{
    struct ws_out out[CONN_RUNS_MAX];

    for (unsigned i = 0; i < FLUSH_WRITES_MAX; i++) {
        if (!ws_link_is_idle(c->link))
            return false;
        if (c->handed > 0)
            session_output_done(c->session, c->handed);
        c->handed = gather(c, out);
        if (c->handed == 0)
            return true;
        if (ws_link_send(c->link, WS_BINARY, out, c->handed) != STATUS_OK) {
            c->lost = true;
            session_carrier_lost(c->session, STATUS_NO_MEMORY, now_of(c));
            return true;
        }
    }
    mark_dirty(c); /* let others have their turn */
    return false;
}

static void work(struct carrier *c)
{
    bool done = c->lost || c->session == NULL || flush(c);

    if (c->state == CARRIER_OPEN)
        follow_deadline(c);
    else if (done && !list_linked(&c->dirty))
        end_now(c);
}

static void on_flush(uv_idle_t *idle)
{
    struct carrier_hub *hub = idle->data;
    struct list *last = hub->dirty.prev, *link;

    do { /* those marked from here on have their turn later */
        link = list_first(&hub->dirty);
        list_remove(link);
        work(CONTAINER_OF(link, struct carrier, dirty));
    } while (link != last);
    if (list_empty(&hub->dirty))
        (void)uv_idle_stop(idle); /* cannot fail */
}

/* While the handle is active the loop does not wait, so that nothing marked in
 * one turn is left until some other event. */
static void mark_dirty(struct carrier *c)
{
    struct carrier_hub *hub = c->hub;

    if (list_linked(&c->dirty))
        return;
    list_add(&hub->dirty, &c->dirty);
    (void)uv_idle_start(&hub->flush, on_flush); /* cannot fail */
}

static void on_timer(uv_timer_t *timer)
{
    struct carrier *c = timer->data;
    int64_t now = now_of(c);

    c->timer_at_ms = INT64_MAX;
    if (c->state == CARRIER_ENDING) {
        c->lost = true; /* the peer does not take our last words */
        mark_dirty(c);
        return;
    }
    if (c->session != NULL && session_deadline(c->session) <= now)
        session_tick(c->session, now);
    follow_deadline(c);
}

/* --- what the link says -------------------------------------------------- */

/* The link is of no use any more; the session says what that means. A close
 * frame alone is no authenticated end. */
static void lose(struct carrier *c, const struct why *why)
{
    enum status reason = why->status == STATUS_OK ? STATUS_CUT : why->status;

    c->lost = true;
    log_why(c->owner.log, LOG_DEBUG, "carrier.lost", why,
            LOG_FIELDS(LOG_S("peer", c->peer)));
    session_carrier_lost(c->session, reason, now_of(c));
    mark_dirty(c); /* also when the session was over before */
}

static void on_message(void *ctx, enum ws_opcode opcode, uint8_t *at,
                       size_t len)
{
    struct carrier *c = ctx;
    struct why why;

    if (c->state != CARRIER_OPEN)
        return; /* last words cross */
    if (opcode != WS_BINARY) {
        (void)why_fail(&why, STATUS_BAD_FIELD, "ws.opcode", NULL, "text");
        lose(c, &why);
        return;
    }
    (void)session_input(c->session, at, len, now_of(c)); /* on_closed() says */
    follow_deadline(c);
}

/* Flush now what the read brought about, mostly credit: the next read may
 * follow without a turn of the loop, and the peer waits. */
static void on_read_end(void *ctx)
{
    struct carrier *c = ctx;

    if (c->state != CARRIER_OPEN || !list_linked(&c->dirty))
        return;
    list_remove(&c->dirty);
    if (list_empty(&c->hub->dirty))
        (void)uv_idle_stop(&c->hub->flush); /* cannot fail */
    work(c);
}

static void on_sent(void *ctx)
{
    struct carrier *c = ctx;

    mark_dirty(c);
}

static void on_link_end(void *ctx, const struct why *why)
{
    lose(ctx, why);
}

/* --- what the session says: forwarded to the owner ----------------------- */

static void on_evidence(void *ctx, const struct session_evidence *evidence)
{
    struct carrier *c = ctx;

    c->owner.events->on_evidence(c->owner.ctx, evidence);
}

static void on_ready(void *ctx)
{
    struct carrier *c = ctx;

    ws_link_limit(c->link, RECORD_MAX_BYTES);
    c->owner.events->on_ready(c->owner.ctx);
}

static void on_open(void *ctx, struct stream *s, struct slice target)
{
    struct carrier *c = ctx;

    c->owner.events->on_open(c->owner.ctx, s, target);
}

static void on_opened(void *ctx, struct stream *s)
{
    struct carrier *c = ctx;

    c->owner.events->on_opened(c->owner.ctx, s);
}

static void on_data(void *ctx, struct stream *s, struct slice data)
{
    struct carrier *c = ctx;

    c->owner.events->on_data(c->owner.ctx, s, data);
}

static void on_fin(void *ctx, struct stream *s)
{
    struct carrier *c = ctx;

    c->owner.events->on_fin(c->owner.ctx, s);
}

static void on_reset(void *ctx, struct stream *s, enum status reason)
{
    struct carrier *c = ctx;

    c->owner.events->on_reset(c->owner.ctx, s, reason);
}

static void on_room(void *ctx, struct stream *s)
{
    struct carrier *c = ctx;

    c->owner.events->on_room(c->owner.ctx, s);
}

static void on_goaway(void *ctx)
{
    struct carrier *c = ctx;

    c->owner.events->on_goaway(c->owner.ctx);
}

static void on_output(void *ctx)
{
    mark_dirty(ctx);
}

static void on_closed(void *ctx, const struct why *why)
{
    tell_end(ctx, why);
}

static const struct session_events forwarding = {
    .on_evidence = on_evidence,
    .on_ready = on_ready,
    .on_open = on_open,
    .on_opened = on_opened,
    .on_data = on_data,
    .on_fin = on_fin,
    .on_reset = on_reset,
    .on_room = on_room,
    .on_goaway = on_goaway,
    .on_output = on_output,
    .on_closed = on_closed,
};

/* What the session gets: the owner's settings, our events. */
static struct session_config inner_config(struct carrier *c)
{
    struct session_config config = c->owner;

    config.events = &forwarding;
    config.ctx = c;
    return config;
}

/* --- beginning ----------------------------------------------------------- */

static struct carrier *carrier_new(struct carrier_hub *hub,
                                   const struct session_config *session)
{
    struct carrier *c = calloc(1, sizeof(*c));

    if (c == NULL)
        return NULL;
    c->hub = hub;
    c->owner = *session;
    c->timer_at_ms = INT64_MAX;
    (void)uv_timer_init(hub->loop, &c->timer); /* cannot fail */
    c->timer.data = c;
    hub->carriers++;
    return c;
}

/* The owner never had it: only the memory is left, on the loop. */
static void carrier_abandon(struct carrier *c)
{
    c->state = CARRIER_ENDING;
    c->lost = true;
    mark_dirty(c);
}

/* Put the link on |conn|, which stays the caller's unless OK. */
static enum status attach(struct carrier *c, struct conn *conn,
                          enum ws_role role, uint64_t message_max)
{
    static const struct ws_link_events events = {
        .on_message = on_message,
        .on_read_end = on_read_end,
        .on_sent = on_sent,
        .on_end = on_link_end,
    };
    const struct ws_link_config config = {
        .role = role,
        .scratch = c->hub->scratch,
        .message_max = message_max,
        .events = &events,
        .ctx = c,
    };

    conn_peer(conn, c->peer);
    return ws_link_open(conn, &config, &c->link);
}

static void on_dialled(void *ctx, struct conn *conn, const struct why *why)
{
    struct carrier *c = ctx;
    struct session_config config = inner_config(c);
    struct why no_memory;
    enum status st;

    assert(c->state == CARRIER_DIALLING);
    c->dial = NULL;
    if (conn == NULL) {
        tell_end(c, why);
        return;
    }
    st = session_client_new(&config, c->challenge, now_of(c), &c->session);
    if (st == STATUS_OK)
        st = attach(c, conn, WS_CLIENT, SESSION_MESSAGE_MAX_BYTES);
    if (st != STATUS_OK) {
        conn_close(conn);
        (void)why_fail(&no_memory, st, "session", NULL, "no memory");
        c->lost = true;
        tell_end(c, &no_memory);
        return;
    }
    c->state = CARRIER_OPEN;
    mark_dirty(c);
}

enum status carrier_dial(struct carrier_hub *hub,
                         const struct carrier_endpoint *endpoint,
                         const struct session_config *session,
                         struct carrier **out)
{
    char challenge[TEXT_BASE64_ROOM(SESSION_CHALLENGE_BYTES)];
    const struct ws_line lines[] = {
        { CARRIER_CHALLENGE, challenge },
        { CARRIER_FRESHNESS, endpoint->epoch ? CARRIER_FRESHNESS_EPOCH
                                             : CARRIER_FRESHNESS_CHALLENGE },
    };
    const struct ws_dial_target target = {
        .dial = { .host = endpoint->host,
                  .port = endpoint->port,
                  .tls = endpoint->tls },
        .path = endpoint->path != NULL ? endpoint->path : CARRIER_PATH,
        .protocol = CARRIER_PROTOCOL,
        .lines = lines,
        .line_count = COUNT_OF(lines),
    };
    struct carrier *c = carrier_new(hub, session);
    enum status st;

    *out = NULL;
    if (c == NULL)
        return STATUS_NO_MEMORY;
    secret_random(c->challenge, sizeof(c->challenge));
    text_base64url(SLICE_OF(c->challenge), challenge, sizeof(challenge));
    st = ws_dial_open(hub->loop, &target, on_dialled, c, &c->dial);
    if (st != STATUS_OK) {
        carrier_abandon(c);
        return st;
    }
    *out = c;
    return STATUS_OK;
}

enum status
carrier_accept(struct carrier_hub *hub, struct conn *conn,
               const uint8_t challenge[static SESSION_CHALLENGE_BYTES],
               const struct session_identity *identity,
               const struct session_config *session, struct carrier **out)
{
    struct carrier *c = carrier_new(hub, session);
    struct session_config config;
    enum status st;

    *out = NULL;
    if (c == NULL)
        return STATUS_NO_MEMORY;
    config = inner_config(c);
    st = session_server_new(&config, challenge, identity, now_of(c),
                            &c->session);
    if (st == STATUS_OK)
        st = attach(c, conn, WS_SERVER, HELLO_MAX_BYTES);
    if (st != STATUS_OK) {
        session_free(c->session); /* what it borrows may end before |c| */
        c->session = NULL;
        carrier_abandon(c);
        return st;
    }
    c->state = CARRIER_OPEN;
    mark_dirty(c);
    *out = c;
    return STATUS_OK;
}

/* --- asking and closing -------------------------------------------------- */

void carrier_close(struct carrier *c, const struct why *why)
{
    if (c == NULL || c->state == CARRIER_ENDING)
        return;
    if (c->session != NULL)
        session_close(c->session, why, now_of(c));
    else
        tell_end(c, why);
}

struct session *carrier_session(const struct carrier *c)
{
    return c->session;
}

int64_t carrier_now_ms(const struct carrier *c)
{
    return now_of(c);
}

/* --- the hub ------------------------------------------------------------- */

static void on_hub_closed(uv_handle_t *handle)
{
    struct carrier_hub *hub = handle->data;

    if (--hub->handles > 0)
        return;
    scratch_free(hub->scratch);
    free(hub);
}

static void hub_close_if_empty(struct carrier_hub *hub)
{
    if (!hub->over || hub->carriers > 0)
        return;
    blocks_free(&hub->scratch->blocks);
    hub->blocks.data = hub;
    uv_close((uv_handle_t *)&hub->flush, on_hub_closed);
    uv_close((uv_handle_t *)&hub->blocks, on_hub_closed);
}

static void hub_release(struct carrier_hub *hub)
{
    assert(hub->carriers > 0);
    hub->carriers--;
    hub_close_if_empty(hub);
}

enum status carrier_hub_open(uv_loop_t *loop, struct carrier_hub **out)
{
    struct carrier_hub *hub = calloc(1, sizeof(*hub));

    *out = NULL;
    if (hub == NULL || scratch_new(&hub->scratch) != STATUS_OK) {
        free(hub);
        return STATUS_NO_MEMORY;
    }
    hub->loop = loop;
    (void)uv_idle_init(loop, &hub->flush); /* neither can fail */
    (void)uv_timer_init(loop, &hub->blocks);
    hub->flush.data = hub;
    hub->handles = 2;
    blocks_begin(&hub->scratch->blocks, &hub->blocks);
    *out = hub;
    return STATUS_OK;
}

struct gather *carrier_hub_gather(struct carrier_hub *hub)
{
    return &hub->scratch->gather;
}

struct scratch *carrier_hub_scratch(const struct carrier_hub *hub)
{
    return hub->scratch;
}

void carrier_hub_close(struct carrier_hub *hub)
{
    if (hub == NULL || hub->over)
        return;
    hub->over = true;
    hub_close_if_empty(hub);
}
