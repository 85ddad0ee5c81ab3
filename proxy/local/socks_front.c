#include "proxy/local/socks_front.h"

#include <assert.h>

#include "proxy/io/tls.h"
#include "proxy/local/front_parts.h"

static bool check_user(void *ctx, struct slice user, struct slice password)
{
    return client_login(ctx, user, password) == STATUS_OK;
}

void socks_front_start(struct client *c)
{
    c->socks = socks_start(client_is_asked(c) ? check_user : NULL, c);
}

static void log_refusal(const struct client *c, const struct why *why)
{
    char target[TARGET_TEXT_ROOM] = "";

    if (c->target.port != 0)
        target_text(&c->target, target);
    log_why(c->front->config.log, LOG_WARN, "request.refused", why,
            LOG_FIELDS(LOG_N("client", c->id), LOG_N("socks", c->socks.version),
                       LOG_S("target", target)));
}

static void refuse(struct client *c, const struct why *why)
{
    uint8_t reply[SOCKS_REPLY_ROOM];
    size_t len = socks_reply(&c->socks, why->status, reply);

    log_refusal(c, why);
    if (client_write(c, slice_of(reply, len)))
        client_close(c, why);
}

static bool write_success(struct client *c)
{
    uint8_t reply[SOCKS_REPLY_ROOM];
    size_t len = socks_reply(&c->socks, STATUS_OK, reply);

    return client_write(c, slice_of(reply, len));
}

/* Success means that the tunnel is open; where TLS ends here, so does it. */
static void end_tls(struct client *c, const struct target *target,
                    struct tls *tls)
{
    if (write_success(c))
        client_secure(c, target, tls);
    else
        tls_free(tls);
}

static void open_target(struct client *c, const struct target *target)
{
    struct far_failure refusal;
    struct tls *tls;

    conn_clear_deadline(c->conn);
    if (client_end_tls(c, target, &tls, &refusal) != STATUS_OK)
        refuse(c, &refusal.why);
    else if (tls != NULL)
        end_tls(c, target, tls);
    else if (client_open(c, target, &refusal) != STATUS_OK)
        refuse(c, &refusal.why);
}

/* Act on what was read; true to read on. */
static bool take_step(struct client *c, enum socks_step step,
                      const struct socks_event *event)
{
    switch (step) {
    case SOCKS_REPLY:
        return client_write(c, slice_of(event->reply, event->reply_len));
    case SOCKS_REQUEST:
        open_target(c, &event->target);
        return false;
    case SOCKS_REFUSED:
        log_refusal(c, &event->why);
        if (client_write(c, slice_of(event->reply, event->reply_len)))
            client_close(c, &event->why);
        return false;
    case SOCKS_MORE:
        break;
    }
    if (c->eof)
        client_close(c, &event->why);
    return false;
}

/* Once a request was read, what follows is for the far side: it waits in the
 * input until then. */
static void on_input(struct client *c)
{
    bool go_on = c->socks.state != SOCKS_AT_END;

    while (go_on) {
        struct socks_event event;
        size_t used;
        enum socks_step step =
            socks_read(&c->socks, client_input(c), &used, &event);

        client_used(c, used);
        go_on = take_step(c, step, &event);
    }
}

static void on_opened(struct client *c)
{
    if (write_success(c))
        client_relay(c, 0);
}

static void on_failed(struct client *c, const struct far_failure *failure)
{
    refuse(c, &failure->why);
}

/* Once the far side is open, the relay hears it. */
static void on_data(struct client *c, struct slice data)
{
    (void)c;
    (void)data;
    assert(false && "data without a relay");
}

static void on_nothing(struct client *c)
{
    (void)c;
}

static void on_drain(struct client *c)
{
    struct why why;

    if (c->conn == NULL || c->socks.state == SOCKS_AT_END)
        return; /* opening or relaying */
    (void)why_fail(&why, STATUS_SHUTTING_DOWN, "client", NULL, "stopping");
    client_reset(c, &why);
}

const struct client_protocol socks_front_protocol = {
    .on_input = on_input,
    .on_opened = on_opened,
    .on_data = on_data,
    .on_fin = on_nothing,
    .on_failed = on_failed,
    .on_room = on_nothing,
    .on_written = on_nothing,
    .on_drain = on_drain,
};
