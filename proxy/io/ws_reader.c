#include "proxy/io/ws_reader.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "common/cursor.h"

void ws_reader_init(struct ws_reader *r, enum ws_role role,
                    uint64_t message_max)
{
    *r = (struct ws_reader){ .role = role, .message_max = message_max };
}

void ws_reader_limit(struct ws_reader *r, uint64_t message_max)
{
    r->message_max = message_max;
}

uint16_t ws_reader_close_code(const struct ws_reader *r)
{
    return r->close_code;
}

size_t ws_reader_room(const struct ws_reader *r, size_t most)
{
    uint64_t whole, first = r->in_payload ? r->left : 0;

    if (r->frame_len == 0 || first >= most || r->head_len > 0)
        return most;
    whole = first + (most - first) / r->frame_len * r->frame_len;
    return whole > 0 ? (size_t)whole : most;
}

static bool is_control(enum ws_opcode opcode)
{
    return opcode >= WS_CLOSE;
}

/* Bytes of the header, as far as those read so far tell. */
static size_t header_size(const struct ws_reader *r)
{
    size_t size = 2;

    if (r->head_len < 2)
        return size;
    if ((r->head[1] & WS_LENGTH_BITS) == WS_LENGTH_16)
        size += 2;
    if ((r->head[1] & WS_LENGTH_BITS) == WS_LENGTH_64)
        size += 8;
    if ((r->head[1] & WS_MASK_BIT) != 0)
        size += 4;
    return size;
}

/* Collect header bytes. True once the header is whole. */
static bool take_header(struct ws_reader *r, uint8_t **at, size_t *len)
{
    while (r->head_len < header_size(r)) {
        if (*len == 0)
            return false;
        r->head[r->head_len++] = **at;
        (*at)++;
        (*len)--;
    }
    return true;
}

/* The payload's length. False when a shorter form would have done, or the
 * highest bit is set. */
static bool read_length(struct cursor *c, unsigned length, uint64_t *out)
{
    switch (length) {
    case WS_LENGTH_16:
        *out = cursor_u16be(c);
        return *out >= WS_LENGTH_16;
    case WS_LENGTH_64:
        *out = cursor_u64be(c);
        return *out > UINT16_MAX && *out <= INT64_MAX;
    default:
        *out = length;
        return true;
    }
}

/* What the opcode of a control frame asks (section 5.5). */
static enum status check_control(const struct ws_reader *r, struct why *why)
{
    if (r->opcode > WS_PONG)
        return why_fail(why, STATUS_BAD_FIELD, "ws.opcode", "RFC 6455 5.2",
                        "%u", (unsigned)r->opcode);
    if (!r->fin)
        return why_fail(why, STATUS_BAD_FIELD, "ws.fin", "RFC 6455 5.5",
                        "a control frame in fragments");
    if (r->left > WS_CONTROL_MAX_BYTES)
        return why_fail(why, STATUS_BAD_FIELD, "ws.length", "RFC 6455 5.5",
                        "a control frame of %" PRIu64 " bytes", r->left);
    return STATUS_OK;
}

/* What the opcode of a data frame asks (section 5.4). */
static enum status check_data(const struct ws_reader *r, struct why *why)
{
    bool goes_on = r->opcode == WS_CONTINUATION;

    if (r->opcode > WS_BINARY)
        return why_fail(why, STATUS_BAD_FIELD, "ws.opcode", "RFC 6455 5.2",
                        "%u", (unsigned)r->opcode);
    if (goes_on != r->in_message)
        return why_fail(why, STATUS_BAD_STATE, "ws.opcode", "RFC 6455 5.4",
                        goes_on ? "a continuation of nothing"
                                : "a message inside a message");
    return STATUS_OK;
}

/* Refuse what would make the message longer than the owner takes. */
static enum status check_limit(const struct ws_reader *r, struct why *why)
{
    uint64_t before = r->in_message ? r->message_len : 0;

    if (before <= r->message_max && r->left <= r->message_max - before)
        return STATUS_OK;
    (void)why_fail(why, STATUS_LIMIT, "ws.length", NULL,
                   "%" PRIu64 " bytes after %" PRIu64, r->left, before);
    return why_expect(why, "at most %" PRIu64 " a message", r->message_max);
}

static void begin_data(struct ws_reader *r)
{
    if (!r->in_message) {
        r->in_message = true;
        r->begins = true;
        r->message = r->opcode;
        r->message_len = 0;
        r->utf8 = (struct utf8){ 0 };
    }
    r->message_len += r->left;
}

/* The header is whole: judge it, and get ready for the payload. */
static enum status read_header(struct ws_reader *r, struct why *why)
{
    struct cursor c = cursor_over(slice_of(r->head, r->head_len));
    unsigned first = cursor_u8(&c), second = cursor_u8(&c);
    bool masked = (second & WS_MASK_BIT) != 0;
    enum status st;

    r->fin = (first & WS_FIN_BIT) != 0;
    r->opcode = (enum ws_opcode)(first & WS_OPCODE_BITS);
    if ((first & WS_RSV_BITS) != 0)
        return why_fail(why, STATUS_BAD_FIELD, "ws.rsv", "RFC 6455 5.2",
                        "0x%02x, and no extension is agreed", first);
    if (masked != (r->role == WS_SERVER))
        return why_fail(why, STATUS_BAD_FIELD, "ws.mask", "RFC 6455 5.1",
                        masked ? "a server masks" : "a client does not mask");
    if (!read_length(&c, second & WS_LENGTH_BITS, &r->left))
        return why_fail(why, STATUS_BAD_FIELD, "ws.length", "RFC 6455 5.2",
                        "not in its shortest form, or above 2^63");
    if (masked)
        cursor_copy(&c, r->key, sizeof(r->key));
    assert(cursor_finish(&c)); /* header_size() counted */
    if (is_control(r->opcode)) {
        r->control_len = 0;
        st = check_control(r, why);
    } else {
        st = check_data(r, why);
        if (st == STATUS_OK)
            st = check_limit(r, why);
        if (st == STATUS_OK)
            begin_data(r);
    }
    r->frame_len = r->head_len + r->left;
    r->key_at = 0;
    r->head_len = 0;
    r->in_payload = true;
    return st;
}

static enum status check_close(struct ws_reader *r, struct why *why)
{
    struct slice reason;
    uint16_t code;

    if (r->control_len == 0)
        return STATUS_OK;
    code = ws_frame_close_parse(slice_of(r->control, r->control_len), &reason);
    if (r->control_len < 2 || !ws_frame_may_close(code))
        return why_fail(why, STATUS_BAD_FIELD, "ws.close", "RFC 6455 7.4",
                        "code %u in %zu bytes", (unsigned)code, r->control_len);
    if (!utf8_valid(reason)) {
        r->close_code = WS_CLOSE_BAD_DATA;
        return why_fail(why, STATUS_BAD_FIELD, "ws.close", "RFC 6455 5.5.1",
                        "a reason that is not UTF-8");
    }
    return STATUS_OK;
}

/* Collect a control frame; it is handed out whole. */
static enum status read_control(struct ws_reader *r, uint8_t **at, size_t *len,
                                bool *got, struct ws_piece *piece,
                                struct why *why)
{
    size_t n = (size_t)MIN_OF(r->left, *len);

    if (n > 0)
        memcpy(r->control + r->control_len, *at, n);
    r->control_len += n;
    r->left -= n;
    *at += n;
    *len -= n;
    if (r->left > 0)
        return STATUS_OK;
    if (r->role == WS_SERVER)
        ws_frame_mask(r->control, r->control_len, r->key, 0);
    r->in_payload = false;
    *piece = (struct ws_piece){ .opcode = r->opcode,
                                .first = true,
                                .last = true,
                                .at = r->control,
                                .len = r->control_len };
    *got = true;
    return r->opcode == WS_CLOSE ? check_close(r, why) : STATUS_OK;
}

static enum status check_text(struct ws_reader *r, const struct ws_piece *piece,
                              struct why *why)
{
    if (utf8_feed(&r->utf8, slice_of(piece->at, piece->len)) &&
        (!piece->last || utf8_complete(&r->utf8)))
        return STATUS_OK;
    r->close_code = WS_CLOSE_BAD_DATA;
    return why_fail(why, STATUS_BAD_FIELD, "ws.text", "RFC 6455 8.1",
                    "not UTF-8");
}

/* Hand out as much of a data frame as is there. */
static enum status read_data(struct ws_reader *r, uint8_t **at, size_t *len,
                             bool *got, struct ws_piece *piece, struct why *why)
{
    size_t n = (size_t)MIN_OF(r->left, *len);

    if (n == 0 && r->left > 0)
        return STATUS_OK;
    if (r->role == WS_SERVER)
        ws_frame_mask(*at, n, r->key, r->key_at);
    r->key_at = (unsigned)(r->key_at + n) % 4;
    r->left -= n;
    *piece = (struct ws_piece){ .opcode = r->message,
                                .first = r->begins,
                                .last = r->fin && r->left == 0,
                                .at = *at,
                                .len = n };
    *at += n;
    *len -= n;
    *got = true;
    r->begins = false;
    r->in_payload = r->left > 0;
    r->in_message = !piece->last;
    return r->message == WS_TEXT ? check_text(r, piece, why) : STATUS_OK;
}

/* Remember the first defect, and what to tell the peer. */
static enum status reader_failed(struct ws_reader *r, enum status st)
{
    if (r->close_code == 0)
        r->close_code =
            st == STATUS_LIMIT ? WS_CLOSE_TOO_BIG : WS_CLOSE_PROTOCOL;
    return st;
}

enum status ws_reader_next(struct ws_reader *r, uint8_t **at, size_t *len,
                           bool *got, struct ws_piece *piece, struct why *why)
{
    enum status st = STATUS_OK;

    *got = false;
    *piece = (struct ws_piece){ 0 };
    if (r->close_code != 0)
        return why_fail(why, STATUS_BAD_STATE, "ws", NULL,
                        "bytes after a defect");
    if (!r->in_payload) {
        if (!take_header(r, at, len))
            return STATUS_OK;
        st = read_header(r, why);
    }
    if (st == STATUS_OK)
        st = is_control(r->opcode) ? read_control(r, at, len, got, piece, why)
                                   : read_data(r, at, len, got, piece, why);
    if (st == STATUS_OK)
        return STATUS_OK;
    *got = false;
    *piece = (struct ws_piece){ 0 };
    return reader_failed(r, st);
}
