#include "proxy/io/ws_handshake.h"

#include <assert.h>
#include <string.h>

#include "common/cursor.h"
#include "common/limits.h"
#include "common/secret.h"
#include "common/text.h"
#include "proxy/io/tls_digest.h"

#define CLAUSE_RESPONSE "RFC 6455 4.1"
#define CLAUSE_HEAD     "RFC 9112 2"

void ws_handshake_key(struct ws_request *r)
{
    uint8_t nonce[16];

    secret_random(nonce, sizeof(nonce));
    text_base64(SLICE_OF(nonce), r->key, sizeof(r->key));
}

static void write_line(struct builder *b, const char *name, const char *value)
{
    builder_text(b, name);
    builder_text(b, ": ");
    builder_text(b, value);
    builder_text(b, "\r\n");
}

void ws_handshake_request(struct builder *b, const struct ws_request *r)
{
    builder_text(b, "GET ");
    builder_text(b, r->path);
    builder_text(b, " HTTP/1.1\r\n");
    write_line(b, "Host", r->host);
    write_line(b, "Upgrade", "websocket");
    write_line(b, "Connection", "Upgrade");
    write_line(b, "Sec-WebSocket-Version", "13");
    write_line(b, "Sec-WebSocket-Key", r->key);
    if (r->protocol != NULL)
        write_line(b, "Sec-WebSocket-Protocol", r->protocol);
    for (size_t i = 0; i < r->line_count; i++)
        write_line(b, r->lines[i].name, r->lines[i].value);
    builder_text(b, "\r\n");
}

size_t ws_handshake_head_length(struct slice bytes)
{
    static const uint8_t end[] = { '\r', '\n', '\r', '\n' };

    for (size_t i = sizeof(end); i <= bytes.len; i++)
        if (slice_equal(slice_of(bytes.at + i - sizeof(end), sizeof(end)),
                        SLICE_OF(end)))
            return i;
    return 0;
}

/* The next line without its CR LF; fails the cursor when there is none, or
 * when it has a byte that no head may have. */
static struct slice take_line(struct cursor *c)
{
    struct cursor ahead = *c;
    struct slice rest = cursor_rest(&ahead), line;
    const uint8_t *end = rest.len == 0 ? NULL : memchr(rest.at, '\r', rest.len);

    if (end == NULL) {
        cursor_fail(c);
        return (struct slice){ 0 };
    }
    line = cursor_take(c, (size_t)(end - rest.at));
    if (cursor_u16be(c) != 0x0d0a)
        cursor_fail(c);
    for (size_t i = 0; i < line.len; i++)
        if ((line.at[i] < 0x20 && line.at[i] != '\t') || line.at[i] == 0x7f)
            cursor_fail(c);
    return line;
}

/* "name: value" in two. False when it is not that. */
static bool split_line(struct slice line, struct slice *name,
                       struct slice *value)
{
    const uint8_t *colon =
        line.len == 0 ? NULL : memchr(line.at, ':', line.len);
    size_t at;

    if (colon == NULL)
        return false;
    at = (size_t)(colon - line.at);
    *name = slice_of(line.at, at);
    *value = text_trim(slice_of(colon + 1, line.len - at - 1));
    return text_is_token(*name);
}

/* Sec-WebSocket-Accept for a key, with a NUL. */
static void make_accept(struct slice key, char out[WS_ACCEPT_BYTES + 1])
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    uint8_t text[WS_KEY_BYTES + sizeof(guid)], digest[TLS_SHA1_BYTES];
    struct builder b = builder_over(text, sizeof(text));

    builder_bytes(&b, key);
    builder_text(&b, guid);
    assert(
        builder_ok(&b)); /* ws_handshake_check_upgrade() saw the key's length */
    tls_digest_sha1(builder_view(&b), digest);
    text_base64(SLICE_OF(digest), out, WS_ACCEPT_BYTES + 1);
}

/* The headers of an answer that matter here. */
struct answer {
    bool upgrade;
    bool connection;
    bool extensions;
    unsigned accepts, protocols; /* how often they came */
    struct slice accept, protocol;
};

static void read_header(struct answer *a, struct slice name, struct slice value)
{
    if (text_same_word(name, slice_text("Upgrade"))) {
        a->upgrade = text_same_word(value, slice_text("websocket"));
    } else if (text_same_word(name, slice_text("Connection"))) {
        a->connection =
            a->connection || text_list_has(value, slice_text("upgrade"));
    } else if (text_same_word(name, slice_text("Sec-WebSocket-Accept"))) {
        a->accepts++;
        a->accept = value;
    } else if (text_same_word(name, slice_text("Sec-WebSocket-Protocol"))) {
        a->protocols++;
        a->protocol = value;
    } else if (text_same_word(name, slice_text("Sec-WebSocket-Extensions"))) {
        a->extensions = true;
    }
}

/* Is |word| one of the |offer|, a list? Letters count as they are. */
static bool is_offered(struct slice word, struct slice offer)
{
    struct slice item;

    while (text_list_next(&offer, &item))
        if (slice_equal(item, word))
            return true;
    return false;
}

/* Does the 101 answer agree with what was asked? */
static enum status check_answer(const struct answer *a,
                                const struct ws_request *r, struct why *why)
{
    char accept[WS_ACCEPT_BYTES + 1];

    if (!a->upgrade || !a->connection)
        return why_fail(why, STATUS_BAD_HANDSHAKE, "ws.response",
                        CLAUSE_RESPONSE, "101 without Upgrade: websocket");
    make_accept(slice_text(r->key), accept);
    if (a->accepts != 1 || !slice_equal(a->accept, slice_text(accept)))
        return why_fail(why, STATUS_BAD_HANDSHAKE, "ws.response.accept",
                        CLAUSE_RESPONSE, "not the answer to our key");
    if (a->extensions)
        return why_fail(why, STATUS_BAD_HANDSHAKE, "ws.response.extensions",
                        CLAUSE_RESPONSE, "an extension that was not offered");
    if (r->protocol == NULL
            ? a->protocols != 0
            : a->protocols != 1 ||
                  !is_offered(a->protocol, slice_text(r->protocol))) {
        (void)why_fail(why, STATUS_BAD_HANDSHAKE, "ws.response.protocol",
                       CLAUSE_RESPONSE, "\"%.*s\"",
                       (int)MIN_OF(a->protocol.len, 64),
                       (const char *)a->protocol.at);
        return why_expect(why, "%s", r->protocol ? r->protocol : "none");
    }
    return STATUS_OK;
}

/* "HTTP/1.1 101 Switching Protocols". Anything but 101 is a refusal, which
 * the person at the other end wants to see. */
static enum status check_status_line(struct slice line, struct why *why)
{
    struct cursor c = cursor_over(line);
    struct slice version = cursor_take(&c, 9), digits = cursor_take(&c, 3);
    struct slice reason = cursor_rest(&c);
    uint64_t code;

    if (!cursor_ok(&c) || !slice_equal(version, slice_text("HTTP/1.1 ")) ||
        !text_from_decimal(digits, 599, &code) || code < 100 ||
        (reason.len > 0 && reason.at[0] != ' '))
        return why_fail(why, STATUS_BAD_FIELD, "ws.response", CLAUSE_HEAD,
                        "not an HTTP/1.1 status line");
    if (code == 101)
        return STATUS_OK;
    (void)why_fail(why,
                   code == 503 || code == 429 ? STATUS_BUSY
                                              : STATUS_BAD_HANDSHAKE,
                   "ws.response", CLAUSE_RESPONSE, "%u%.*s", (unsigned)code,
                   (int)MIN_OF(reason.len, 64), (const char *)reason.at);
    return why_expect(why, "101");
}

enum status ws_handshake_check_response(struct slice head,
                                        const struct ws_request *r,
                                        struct why *why)
{
    struct cursor c = cursor_over(head);
    struct answer a = { 0 };
    struct slice line = take_line(&c), name, value;
    enum status st;

    st = check_status_line(cursor_ok(&c) ? line : (struct slice){ 0 }, why);
    if (st != STATUS_OK)
        return st;
    for (size_t i = 0; i <= HTTP_HEADERS_MAX; i++) {
        line = take_line(&c);
        if (!cursor_ok(&c) || line.len == 0)
            break;
        if (!split_line(line, &name, &value))
            return why_fail(why, STATUS_BAD_FIELD, "ws.response", CLAUSE_HEAD,
                            "header line %zu is malformed", i + 1);
        read_header(&a, name, value);
    }
    if (line.len > 0 || !cursor_finish(&c))
        return why_fail(why, STATUS_BAD_FIELD, "ws.response", CLAUSE_HEAD,
                        "malformed at byte %zu", cursor_offset(&c));
    return check_answer(&a, r, why);
}

enum status ws_handshake_check_upgrade(const struct ws_upgrade *u,
                                       struct why *why)
{
    uint8_t nonce[16];
    size_t len;

    if (!text_list_has(u->upgrade, slice_text("websocket")) ||
        !text_list_has(u->connection, slice_text("upgrade")))
        return why_fail(why, STATUS_BAD_REQUEST, "upgrade", "RFC 6455 4.2.1",
                        "not a WebSocket upgrade");
    if (!slice_equal(u->version, slice_text("13"))) {
        (void)why_fail(why, STATUS_BAD_REQUEST, "sec-websocket-version",
                       "RFC 6455 4.2.1", "\"%.*s\"",
                       (int)MIN_OF(u->version.len, 16),
                       (const char *)u->version.at);
        return why_expect(why, "13");
    }
    if (u->key.len != WS_KEY_BYTES ||
        !text_from_base64(u->key, nonce, sizeof(nonce), &len) ||
        len != sizeof(nonce))
        return why_fail(why, STATUS_BAD_REQUEST, "sec-websocket-key",
                        "RFC 6455 4.2.1", "not 16 bytes in base64");
    return STATUS_OK;
}

void ws_handshake_respond(struct builder *b, struct slice key,
                          const char *protocol)
{
    char accept[WS_ACCEPT_BYTES + 1];

    make_accept(key, accept);
    builder_text(b, "HTTP/1.1 101 Switching Protocols\r\n");
    write_line(b, "Upgrade", "websocket");
    write_line(b, "Connection", "Upgrade");
    write_line(b, "Sec-WebSocket-Accept", accept);
    if (protocol != NULL)
        write_line(b, "Sec-WebSocket-Protocol", protocol);
    builder_text(b, "\r\n");
}
