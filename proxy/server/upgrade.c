#include "proxy/server/upgrade.h"

#include "common/text.h"
#include "proxy/io/carrier.h"
#include "proxy/io/ws_handshake.h"

#define CLAUSE "PROTOCOL 1"

/* A WebSocket upgrade, whatever it is for. */
static enum status check_websocket(const struct request *r, bool teekit,
                                   struct upgrade *out, struct why *why)
{
    const struct ws_upgrade u = {
        .upgrade = request_field(r, "Upgrade"),
        .connection = request_field(r, "Connection"),
        .key = request_field(r, "Sec-WebSocket-Key"),
        .version = request_field(r, "Sec-WebSocket-Version"),
        .protocol = request_field(r, "Sec-WebSocket-Protocol"),
    };
    enum status st = ws_handshake_check_upgrade(&u, why);

    if (st != STATUS_OK) {
        /* 426 tells which protocol, and which version of it, would do. */
        out->http =
            u.upgrade.len == 0 || !slice_equal(u.version, slice_text("13"))
                ? 426
                : 400;
        return st;
    }
    out->key = u.key;
    out->teekit = teekit && u.protocol.len == 0;
    if (out->teekit || text_list_has(u.protocol, slice_text(CARRIER_PROTOCOL)))
        return STATUS_OK;
    (void)why_fail(why, STATUS_BAD_REQUEST, "sec-websocket-protocol", CLAUSE,
                   "\"%.*s\"", (int)MIN_OF(u.protocol.len, 64),
                   (const char *)u.protocol.at);
    return why_expect(why, CARRIER_PROTOCOL);
}

static enum status check_challenge(const struct request *r, struct upgrade *out,
                                   struct why *why)
{
    struct slice text = request_field(r, CARRIER_CHALLENGE);

    if (request_field_count(r, CARRIER_CHALLENGE) == 1 &&
        text_from_base64url(text, out->challenge, sizeof(out->challenge)))
        return STATUS_OK;
    return why_fail(why, STATUS_BAD_REQUEST, "veritee-challenge", CLAUSE,
                    "not 32 bytes in base64url, once");
}

static enum status check_freshness(const struct request *r, struct upgrade *out,
                                   struct why *why)
{
    struct slice word = request_field(r, CARRIER_FRESHNESS);

    out->epoch = slice_equal(word, slice_text(CARRIER_FRESHNESS_EPOCH));
    if (request_field_count(r, CARRIER_FRESHNESS) == 0 || out->epoch ||
        slice_equal(word, slice_text(CARRIER_FRESHNESS_CHALLENGE)))
        return STATUS_OK;
    (void)why_fail(why, STATUS_BAD_REQUEST, "veritee-freshness", CLAUSE,
                   "\"%.*s\"", (int)MIN_OF(word.len, 64),
                   (const char *)word.at);
    return why_expect(why, "%s or %s", CARRIER_FRESHNESS_CHALLENGE,
                      CARRIER_FRESHNESS_EPOCH);
}

static enum status check_shape(const struct request *r, struct why *why)
{
    if (!slice_equal(r->method, slice_text("GET"))) {
        (void)why_fail(why, STATUS_BAD_METHOD, "method", CLAUSE, "\"%.*s\"",
                       (int)MIN_OF(r->method.len, 16),
                       (const char *)r->method.at);
        return why_expect(why, "GET");
    }
    if (r->reader.http10)
        return why_fail(why, STATUS_BAD_REQUEST, "version", "RFC 6455 4.2.1",
                        "HTTP/1.0");
    if (r->reader.chunked || r->reader.length > 0)
        return why_fail(why, STATUS_BAD_REQUEST, "body", CLAUSE,
                        "an upgrade with a body");
    return STATUS_OK;
}

enum status upgrade_check(const struct request *r, bool teekit,
                          struct upgrade *out, struct why *why)
{
    struct upgrade u = { 0 };
    enum status st = check_shape(r, why);

    if (st == STATUS_OK)
        st = check_websocket(r, teekit, &u, why);
    if (st == STATUS_OK && !u.teekit)
        st = check_challenge(r, &u, why);
    if (st == STATUS_OK && !u.teekit)
        st = check_freshness(r, &u, why);
    *out = (struct upgrade){ .http = u.http ? u.http : status_http(st) };
    if (st != STATUS_OK)
        return st;
    *out = u;
    out->http = 101;
    return STATUS_OK;
}
