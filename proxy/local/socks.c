#include "proxy/local/socks.h"

#include <assert.h>

#include "common/builder.h"
#include "common/cursor.h"
#include "common/limits.h"

enum {
    METHOD_NONE = 0x00,
    METHOD_USER = 0x02,
    METHOD_REFUSED = 0xff,
    USER_VERSION = 0x01,
    COMMAND_CONNECT = 0x01,
    ADDRESS_IPV4 = 0x01,
    ADDRESS_NAME = 0x03,
    ADDRESS_IPV6 = 0x04,
    SOCKS4_GRANTED = 0x5a,
    SOCKS4_REFUSED = 0x5b
};

struct socks socks_start(bool (*check_user)(void *ctx, struct slice user,
                                            struct slice password),
                         void *ctx)
{
    return (struct socks){ .check_user = check_user, .ctx = ctx };
}

size_t socks_reply(const struct socks *s, enum status st,
                   uint8_t out[SOCKS_REPLY_ROOM])
{
    struct builder b = builder_over(out, SOCKS_REPLY_ROOM);

    if (s->version == 4) {
        builder_u8(&b, 0);
        builder_u8(&b, st == STATUS_OK ? SOCKS4_GRANTED : SOCKS4_REFUSED);
        builder_zeros(&b, 6); /* port and address, which CONNECT ignores */
    } else {
        builder_u8(&b, 5);
        builder_u8(&b, (uint8_t)status_socks(st));
        builder_u8(&b, 0);
        builder_u8(&b, ADDRESS_IPV4);
        builder_zeros(&b, 6); /* bound address and port: nobody's business */
    }
    assert(builder_ok(&b));
    return b.len;
}

/* |out->why| says why; the client is told by the code of its status. */
static enum socks_step refuse(struct socks *s, struct socks_event *out)
{
    s->state = SOCKS_AT_END;
    out->reply_len = socks_reply(s, out->why.status, out->reply);
    return SOCKS_REFUSED;
}

static void set_short_reply(struct socks_event *out, uint8_t version,
                            uint8_t code)
{
    out->reply[0] = version;
    out->reply[1] = code;
    out->reply_len = 2;
}

static enum socks_step granted(struct socks *s, struct socks_event *out)
{
    (void)out;
    s->state = SOCKS_AT_END;
    return SOCKS_REQUEST;
}

/*  +-----+----------+----------+       +-----+--------+
 *  |  5  | nmethods | methods  |  -->  |  5  | method |      RFC 1928, 3
 *  +-----+----------+----------+       +-----+--------+
 */
static enum socks_step read_greeting(struct socks *s, struct cursor *c,
                                     struct socks_event *out)
{
    uint8_t wanted = s->check_user == NULL ? METHOD_NONE : METHOD_USER;
    struct slice methods = cursor_take(c, cursor_u8(c));

    if (!cursor_ok(c))
        return SOCKS_MORE;
    if (methods.len > 0 && memchr(methods.at, wanted, methods.len) != NULL) {
        set_short_reply(out, 5, wanted);
        s->state = wanted == METHOD_USER ? SOCKS_AT_USER : SOCKS_AT_REQUEST;
        return SOCKS_REPLY;
    }
    (void)why_fail(&out->why, STATUS_NO_ACCESS, "socks.method",
                   "RFC 1928 section 3", "%zu methods, not the one needed",
                   methods.len);
    (void)why_expect(&out->why, "%s",
                     wanted == METHOD_USER ? "user and password"
                                           : "no authentication");
    set_short_reply(out, 5, METHOD_REFUSED);
    s->state = SOCKS_AT_END;
    return SOCKS_REFUSED;
}

/*  +-----+------+------+------+----------+       +-----+--------+
 *  |  1  | ulen | user | plen | password |  -->  |  1  | status |  RFC 1929, 2
 *  +-----+------+------+------+----------+       +-----+--------+
 */
static enum socks_step read_user(struct socks *s, struct cursor *c,
                                 struct socks_event *out)
{
    uint8_t version = cursor_u8(c);
    struct slice user = cursor_take(c, cursor_u8(c));
    struct slice password = cursor_take(c, cursor_u8(c));

    if (!cursor_ok(c))
        return SOCKS_MORE;
    if (version == USER_VERSION && s->check_user(s->ctx, user, password)) {
        set_short_reply(out, USER_VERSION, 0);
        s->state = SOCKS_AT_REQUEST;
        return SOCKS_REPLY;
    }
    (void)why_fail(&out->why, STATUS_NO_ACCESS, "socks.user",
                   "RFC 1929 section 2",
                   "wrong user or password, or too many were");
    set_short_reply(out, USER_VERSION, 1);
    s->state = SOCKS_AT_END;
    return SOCKS_REFUSED;
}

/* The address of a SOCKS5 request. An unknown type fails the cursor after
 * filling |why|, since its length is unknown too. */
static struct slice take_address(struct cursor *c, uint8_t type,
                                 struct why *why)
{
    switch (type) {
    case ADDRESS_IPV4:
        return cursor_take(c, 4);
    case ADDRESS_IPV6:
        return cursor_take(c, 16);
    case ADDRESS_NAME:
        return cursor_take(c, cursor_u8(c));
    }
    if (cursor_ok(c)) {
        (void)why_fail(why, STATUS_BAD_ADDRESS, "socks.atyp",
                       "RFC 1928 section 5", "type 0x%02x", (unsigned)type);
        (void)why_expect(why, "1 (IPv4), 3 (name) or 4 (IPv6)");
    }
    cursor_fail(c);
    return (struct slice){ 0 };
}

static enum status check_command(unsigned version, uint8_t command,
                                 struct why *why)
{
    if (command == COMMAND_CONNECT)
        return STATUS_OK;
    (void)why_fail(why, STATUS_BAD_METHOD, "socks.command",
                   version == 5 ? "RFC 1928 section 4" : "SOCKS4",
                   "command 0x%02x", (unsigned)command);
    return why_expect(why, "1 (CONNECT)");
}

/*  +-----+-----+-----+------+---------+------+
 *  |  5  | cmd |  0  | atyp | address | port |               RFC 1928, 4
 *  +-----+-----+-----+------+---------+------+
 */
static enum socks_step read_request5(struct socks *s, struct cursor *c,
                                     struct socks_event *out)
{
    uint8_t version = cursor_u8(c);
    uint8_t command = cursor_u8(c);
    uint8_t reserved = cursor_u8(c);
    uint8_t type = cursor_u8(c);
    struct slice address = take_address(c, type, &out->why);
    uint16_t port = cursor_u16be(c);
    enum status st;

    if (out->why.status != STATUS_OK)
        return refuse(s, out);
    if (!cursor_ok(c))
        return SOCKS_MORE;
    if (version != 5 || reserved != 0) {
        (void)why_fail(&out->why, STATUS_BAD_REQUEST, "socks.request",
                       "RFC 1928 section 4", "version %u, reserved 0x%02x",
                       (unsigned)version, (unsigned)reserved);
        return refuse(s, out);
    }
    if (check_command(5, command, &out->why) != STATUS_OK)
        return refuse(s, out);
    st = type == ADDRESS_NAME
             ? target_set(&out->target, address, port, &out->why)
             : target_set_address(&out->target, address, port, &out->why);
    return st == STATUS_OK ? granted(s, out) : refuse(s, out);
}

/* A text up to its NUL, which is not part of it. */
static struct slice take_text(struct cursor *c)
{
    struct cursor ahead = *c;
    struct slice rest = cursor_rest(&ahead);
    const uint8_t *end = rest.len == 0 ? NULL : memchr(rest.at, 0, rest.len);
    struct slice text;

    if (end == NULL) {
        cursor_fail(c);
        return (struct slice){ 0 };
    }
    text = cursor_take(c, (size_t)(end - rest.at));
    (void)cursor_u8(c);
    return text;
}

/* SOCKS4a: 0.0.0.x, x not 0, says that a name follows. */
static bool means_name(struct slice address)
{
    static const uint8_t zeros[3];

    return address.len == 4 && address.at[3] != 0 &&
           slice_equal(slice_of(address.at, 3), SLICE_OF(zeros));
}

/*  +-----+-----+------+---------+------+-----+--------+-----+
 *  |  4  | cmd | port | address | user |  0  | (name  |  0) |   SOCKS4, 4a
 *  +-----+-----+------+---------+------+-----+--------+-----+
 */
static enum socks_step read_request4(struct socks *s, struct cursor *c,
                                     struct socks_event *out)
{
    uint8_t command = cursor_u8(c);
    uint16_t port = cursor_u16be(c);
    struct slice address = cursor_take(c, 4);
    bool named = means_name(address);
    struct slice name = { 0 };
    enum status st;

    (void)take_text(c); /* who the user is: a claim nobody checks */
    if (named)
        name = take_text(c);
    if (!cursor_ok(c))
        return SOCKS_MORE;
    if (s->check_user != NULL) {
        (void)why_fail(&out->why, STATUS_NO_ACCESS, "socks.version", "SOCKS4",
                       "SOCKS4, which carries no password");
        (void)why_expect(&out->why, "SOCKS5 with user and password");
        return refuse(s, out);
    }
    if (check_command(4, command, &out->why) != STATUS_OK)
        return refuse(s, out);
    st = named ? target_set(&out->target, name, port, &out->why)
               : target_set_address(&out->target, address, port, &out->why);
    return st == STATUS_OK ? granted(s, out) : refuse(s, out);
}

static enum socks_step read_start(struct socks *s, struct cursor *c,
                                  struct socks_event *out)
{
    uint8_t version = cursor_u8(c);

    if (!cursor_ok(c))
        return SOCKS_MORE;
    s->version = version;
    if (version == 5)
        return read_greeting(s, c, out);
    if (version == 4)
        return read_request4(s, c, out);
    (void)why_fail(&out->why, STATUS_BAD_REQUEST, "socks.version", NULL,
                   "0x%02x", (unsigned)version);
    s->state = SOCKS_AT_END;
    return SOCKS_REFUSED;
}

static enum socks_step read_message(struct socks *s, struct cursor *c,
                                    struct socks_event *out)
{
    switch (s->state) {
    case SOCKS_AT_START:
        return read_start(s, c, out);
    case SOCKS_AT_USER:
        return read_user(s, c, out);
    case SOCKS_AT_REQUEST:
        return read_request5(s, c, out);
    case SOCKS_AT_END:
        break;
    }
    assert(false && "socks_read() after the end");
    return SOCKS_REFUSED;
}

enum socks_step socks_read(struct socks *s, struct slice in, size_t *used,
                           struct socks_event *out)
{
    struct cursor c = cursor_over(in);
    enum socks_step step;

    *used = 0;
    *out = (struct socks_event){ 0 };
    step = read_message(s, &c, out);
    if (step == SOCKS_MORE && in.len >= SOCKS_MAX_BYTES) {
        (void)why_fail(&out->why, STATUS_BAD_REQUEST, "socks.request", NULL,
                       "no end after %zu bytes", in.len);
        return refuse(s, out);
    }
    if (step == SOCKS_REPLY || step == SOCKS_REQUEST)
        *used = cursor_offset(&c);
    return step;
}
