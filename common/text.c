#include "common/text.h"

#include <assert.h>
#include <stdio.h>
#include <time.h>

static const char hex_digits[] = "0123456789abcdef";
static const char base64_url[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static const char base64_std[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void text_hex(struct slice bytes, char *out, size_t room)
{
    assert(room >= 1 && bytes.len <= (room - 1) / 2);
    for (size_t i = 0; i < bytes.len; i++) {
        *out++ = hex_digits[bytes.at[i] >> 4];
        *out++ = hex_digits[bytes.at[i] & 15];
    }
    *out = '\0';
}

void text_hex_cut(struct slice bytes, char *out, size_t room)
{
    static const char mark[] = "...";
    size_t fits;

    assert(room > sizeof(mark) + 2);
    if (bytes.len <= (room - 1) / 2) {
        text_hex(bytes, out, room);
        return;
    }
    fits = (room - sizeof(mark)) / 2;
    text_hex(slice_of(bytes.at, fits), out, room);
    memcpy(out + 2 * fits, mark, sizeof(mark));
}

static int hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool text_from_hex(struct slice text, uint8_t *out, size_t len)
{
    memset(out, 0, len);
    if (text.len % 2 != 0 || text.len / 2 != len)
        return false;
    for (size_t i = 0; i < len; i++) {
        int high = hex_value(text.at[2 * i]);
        int low = hex_value(text.at[2 * i + 1]);

        if (high < 0 || low < 0) {
            memset(out, 0, len);
            return false;
        }
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

bool text_from_decimal(struct slice text, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;

    *out = 0;
    if (text.len == 0 || (text.len > 1 && text.at[0] == '0'))
        return false;
    for (size_t i = 0; i < text.len; i++) {
        uint64_t digit;

        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
        digit = (uint64_t)(text.at[i] - '0');
        if (digit > max || value > (max - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *out = value;
    return true;
}

static size_t base64_write(struct slice bytes, const char *alphabet, char *out)
{
    size_t n = 0;
    size_t i = 0;

    for (; bytes.len - i >= 3; i += 3) {
        uint32_t v = (uint32_t)bytes.at[i] << 16 |
                     (uint32_t)bytes.at[i + 1] << 8 | bytes.at[i + 2];

        out[n++] = alphabet[v >> 18];
        out[n++] = alphabet[v >> 12 & 63];
        out[n++] = alphabet[v >> 6 & 63];
        out[n++] = alphabet[v & 63];
    }
    if (bytes.len - i == 1) {
        out[n++] = alphabet[bytes.at[i] >> 2];
        out[n++] = alphabet[(bytes.at[i] & 3) << 4];
    } else if (bytes.len - i == 2) {
        out[n++] = alphabet[bytes.at[i] >> 2];
        out[n++] = alphabet[(bytes.at[i] & 3) << 4 | bytes.at[i + 1] >> 4];
        out[n++] = alphabet[(bytes.at[i + 1] & 15) << 2];
    }
    return n;
}

void text_base64url(struct slice bytes, char *out, size_t room)
{
    assert(room >= TEXT_BASE64_ROOM(bytes.len));
    out[base64_write(bytes, base64_url, out)] = '\0';
}

void text_base64(struct slice bytes, char *out, size_t room)
{
    size_t n;

    assert(room >= TEXT_BASE64_ROOM(bytes.len));
    n = base64_write(bytes, base64_std, out);
    while (n % 4 != 0)
        out[n++] = '=';
    out[n] = '\0';
}

/* clang-format off */
/* The value of each digit of the standard alphabet, and 1; 0 for the rest. */
static const uint8_t base64_values[256] = {
    ['A'] = 1, ['B'] = 2, ['C'] = 3, ['D'] = 4, ['E'] = 5, ['F'] = 6, ['G'] = 7,
    ['H'] = 8, ['I'] = 9, ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13,
    ['N'] = 14, ['O'] = 15, ['P'] = 16, ['Q'] = 17, ['R'] = 18, ['S'] = 19,
    ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24, ['Y'] = 25,
    ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31,
    ['f'] = 32, ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37,
    ['l'] = 38, ['m'] = 39, ['n'] = 40, ['o'] = 41, ['p'] = 42, ['q'] = 43,
    ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48, ['w'] = 49,
    ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55,
    ['3'] = 56, ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61,
    ['9'] = 62, ['+'] = 63, ['/'] = 64,
};
/* clang-format on */

static int base64_value(uint8_t c)
{
    return base64_values[c] - 1;
}

/* The last two digits are others where the text must fit into a URL. */
static int base64url_value(uint8_t c)
{
    if (c == '-')
        return 62;
    if (c == '_')
        return 63;
    return c == '+' || c == '/' ? -1 : base64_value(c);
}

/* Bits on their way from 6-bit digits to 8-bit bytes. */
struct base64_reader {
    uint32_t bits;
    unsigned held; /* bits in |bits| not yet written: 0, 2, 4 or 6 more */
    uint8_t *out;
    size_t room; /* bytes */
    size_t len;  /* bytes written */
};

static bool base64_digit(struct base64_reader *r, int value)
{
    if (value < 0)
        return false;
    r->bits = (r->bits << 6 | (uint32_t)value) & 0x3fff;
    r->held += 6;
    if (r->held < 8)
        return true;
    if (r->len == r->room)
        return false;
    r->held -= 8;
    r->out[r->len++] = (uint8_t)(r->bits >> r->held);
    return true;
}

/* What is left over must be less than a digit, and zero, so that each byte
 * string has one spelling only. */
static bool base64_ends_well(const struct base64_reader *r)
{
    return r->held < 6 && (r->bits & ((1U << r->held) - 1)) == 0;
}

bool text_from_base64url(struct slice text, uint8_t *out, size_t len)
{
    struct base64_reader r = { .out = out, .room = len };

    memset(out, 0, len);
    for (size_t i = 0; i < text.len; i++)
        if (!base64_digit(&r, base64url_value(text.at[i])))
            goto bad;
    if (r.len == len && base64_ends_well(&r))
        return true;
bad:
    memset(out, 0, len);
    return false;
}

/* Four digits at |i| at once, which nearly all of a text is; false, and nothing
 * done, when they are not there. */
static bool base64_group(struct base64_reader *r, struct slice text, size_t i)
{
    int a, b, c, d;

    if (r->held != 0 || text.len - i < 4 || r->room - r->len < 3)
        return false;
    a = base64_value(text.at[i]);
    b = base64_value(text.at[i + 1]);
    c = base64_value(text.at[i + 2]);
    d = base64_value(text.at[i + 3]);
    if (a < 0 || b < 0 || c < 0 || d < 0)
        return false;
    r->out[r->len++] = (uint8_t)(a << 2 | b >> 4);
    r->out[r->len++] = (uint8_t)(b << 4 | c >> 2);
    r->out[r->len++] = (uint8_t)(c << 6 | d);
    return true;
}

bool text_from_base64(struct slice text, uint8_t *out, size_t room, size_t *len)
{
    struct base64_reader r = { .out = out, .room = room };
    size_t digits = 0;
    size_t pads = 0;

    *len = 0;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.at[i];

        if (pads == 0 && base64_group(&r, text, i)) {
            digits += 4;
            i += 3;
            continue;
        }
        if (c == '\r' || c == '\n')
            continue;
        if (c == '=') {
            pads++;
            continue;
        }
        if (pads > 0 || !base64_digit(&r, base64_value(c)))
            return false;
        digits++;
    }
    if (pads > 2 || (digits + pads) % 4 != 0 || !base64_ends_well(&r))
        return false;
    *len = r.len;
    return true;
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

bool text_same_word(struct slice a, struct slice b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (lower(a.at[i]) != lower(b.at[i]))
            return false;
    return true;
}

bool text_is_word(struct slice a, const char *word)
{
    size_t i;

    for (i = 0; i < a.len && word[i] != '\0'; i++)
        if (lower(a.at[i]) != lower((uint8_t)word[i]))
            return false;
    return i == a.len && word[i] == '\0';
}

bool text_is_any(struct slice a, const char *const *words, size_t count)
{
    const uint8_t first = a.len > 0 ? lower(a.at[0]) : 0;

    for (size_t i = 0; i < count; i++)
        if (lower((uint8_t)words[i][0]) == first && text_is_word(a, words[i]))
            return true;
    return false;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

bool text_is_token(struct slice text)
{
    static const char others[] = "!#$%&'*+-.^_`|~";

    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.at[i];

        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
            !(c >= '0' && c <= '9') && (c == 0 || strchr(others, c) == NULL))
            return false;
    }
    return text.len > 0;
}

struct slice text_trim(struct slice text)
{
    while (text.len > 0 && is_blank(text.at[0]))
        text = slice_of(text.at + 1, text.len - 1);
    while (text.len > 0 && is_blank(text.at[text.len - 1]))
        text.len--;
    return text;
}

bool text_list_next(struct slice *list, struct slice *item)
{
    while (list->len > 0) {
        const uint8_t *comma = memchr(list->at, ',', list->len);
        size_t len = comma == NULL ? list->len : (size_t)(comma - list->at);
        size_t used = comma == NULL ? len : len + 1;

        *item = text_trim(slice_of(list->at, len));
        *list = slice_of(list->at + used, list->len - used);
        if (item->len > 0)
            return true;
    }
    *item = (struct slice){ 0 };
    return false;
}

bool text_list_has(struct slice list, struct slice word)
{
    struct slice item;

    while (text_list_next(&list, &item))
        if (text_same_word(item, word))
            return true;
    return false;
}

static bool is_leap(unsigned year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Days since 1970-01-01 of a date of the Gregorian calendar, year >= 1970;
 * false when there is no such day. */
static bool days_of(unsigned year, unsigned month, unsigned day, int64_t *days)
{
    static const unsigned before[] = { 0,   31,  59,  90,  120, 151,
                                       181, 212, 243, 273, 304, 334 };
    static const unsigned length[] = { 31, 28, 31, 30, 31, 30,
                                       31, 31, 30, 31, 30, 31 };
    unsigned last;
    int64_t y = (int64_t)year - 1;

    *days = 0;
    if (year < 1970 || year > 9999 || month < 1 || month > 12)
        return false;
    last = length[month - 1] + (month == 2 && is_leap(year) ? 1 : 0);
    if (day < 1 || day > last)
        return false;
    /* 719162 days lie before 1970-01-01 in the proleptic calendar. */
    *days = y * 365 + y / 4 - y / 100 + y / 400 - 719162 + before[month - 1] +
            (month > 2 && is_leap(year) ? 1 : 0) + day - 1;
    return true;
}

static bool digits_at(struct slice text, size_t at, size_t count, unsigned *out)
{
    *out = 0;
    for (size_t i = at; i < at + count; i++) {
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
        *out = *out * 10 + (unsigned)(text.at[i] - '0');
    }
    return true;
}

bool text_from_time(struct slice text, int64_t *unix_out)
{
    static const char shape[] = "dddd-dd-ddTdd:dd:ddZ";
    unsigned year, month, day, hour, minute, second;
    int64_t days;

    *unix_out = 0;
    if (text.len != sizeof(shape) - 1)
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (shape[i] != 'd' && text.at[i] != (uint8_t)shape[i])
            return false;
    if (!digits_at(text, 0, 4, &year) || !digits_at(text, 5, 2, &month) ||
        !digits_at(text, 8, 2, &day) || !digits_at(text, 11, 2, &hour) ||
        !digits_at(text, 14, 2, &minute) || !digits_at(text, 17, 2, &second))
        return false;
    if (hour > 23 || minute > 59 || second > 59 ||
        !days_of(year, month, day, &days))
        return false;
    *unix_out =
        days * 86400 + (int64_t)hour * 3600 + (int64_t)minute * 60 + second;
    return true;
}

void text_time(int64_t unix_seconds, char out[TEXT_TIME_ROOM])
{
    time_t t = (time_t)unix_seconds;
    struct tm tm;

    if (gmtime_r(&t, &tm) == NULL ||
        strftime(out, TEXT_TIME_ROOM, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        (void)snprintf(out, TEXT_TIME_ROOM, "%lld", (long long)unix_seconds);
}

bool text_is_host(struct slice host)
{
    if (host.len == 0 || host.len > 253)
        return false;
    for (size_t i = 0; i < host.len; i++) {
        uint8_t c = lower(host.at[i]);

        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-' &&
            c != '.' && c != '_' && c != ':')
            return false;
    }
    return true;
}

/* Where the host of |text| ends and the colon before the port stands. */
static bool split_at_port(struct slice text, struct slice *host, size_t *colon)
{
    if (text.len > 0 && text.at[0] == '[') {
        const uint8_t *end = memchr(text.at, ']', text.len);

        if (end == NULL)
            return false;
        *colon = (size_t)(end - text.at) + 1;
        *host = slice_of(text.at + 1, *colon - 2);
        return *colon < text.len && text.at[*colon] == ':' && host->len > 0 &&
               memchr(host->at, ':', host->len) != NULL;
    }
    for (*colon = 0; *colon < text.len && text.at[*colon] != ':'; ++*colon)
        continue;
    *host = slice_of(text.at, *colon);
    return *colon < text.len;
}

bool text_host_port(struct slice text, struct slice *host, uint16_t *port)
{
    struct slice h;
    size_t colon;
    uint64_t number;

    *host = (struct slice){ 0 };
    *port = 0;
    if (!split_at_port(text, &h, &colon) || !text_is_host(h))
        return false;
    if (!text_from_decimal(slice_of(text.at + colon + 1, text.len - colon - 1),
                           65535, &number) ||
        number == 0)
        return false;
    *host = h;
    *port = (uint16_t)number;
    return true;
}
