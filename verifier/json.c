#include "verifier/json.h"

#include <assert.h>

#include "common/limits.h"
#include "common/text.h"

void json_fail(struct json *j, const char *problem)
{
    if (j->problem == NULL)
        j->problem = problem;
}

enum status json_status(const struct json *j, const char *field,
                        struct why *why)
{
    if (json_ok(j))
        return STATUS_OK;
    if (j->member == NULL)
        return why_fail(why, STATUS_BAD_JSON, field, "RFC 8259",
                        "at byte %zu: %s", j->pos, j->problem);
    return why_fail(why, STATUS_BAD_JSON, field, "RFC 8259",
                    "at byte %zu, in \"%s\": %s", j->pos, j->member,
                    j->problem);
}

/* The next byte, unread; 0, which no JSON text has, at the end. */
static uint8_t peek(const struct json *j)
{
    assert(j->pos <= j->in.len);
    return j->pos < j->in.len ? j->in.at[j->pos] : 0;
}

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* The next byte that is not white space, unread; 0 once failed, so that every
 * reader below ends. */
static uint8_t next(struct json *j)
{
    if (!json_ok(j))
        return 0;
    while (is_space(peek(j)))
        j->pos++;
    return peek(j);
}

static bool take(struct json *j, uint8_t c)
{
    if (next(j) != c)
        return false;
    j->pos++;
    return true;
}

static void expect(struct json *j, uint8_t c, const char *problem)
{
    if (!take(j, c))
        json_fail(j, problem);
}

void json_end(struct json *j)
{
    (void)next(j); /* what white space there is */
    if (j->pos != j->in.len)
        json_fail(j, "the text goes on after its end");
}

/* Go behind what means only itself within a string. */
static void skip_plain(struct json *j)
{
    const uint8_t *at = j->in.at;
    size_t i = j->pos;

    while (i < j->in.len && at[i] >= ' ' && at[i] != '"' && at[i] != '\\')
        i++;
    j->pos = i;
}

/* A string, read or skipped: up to the quote that no backslash escapes. */
static struct slice string(struct json *j, bool escapes)
{
    size_t start;

    expect(j, '"', "not a string");
    start = j->pos;
    for (skip_plain(j); json_ok(j) && peek(j) != '"'; skip_plain(j)) {
        bool escaped = peek(j) == '\\';

        if (escaped && !escapes)
            json_fail(j, "an escape in a string");
        j->pos += escaped;
        if (peek(j) < ' ')
            json_fail(j, "a string does not end");
        else
            j->pos++;
    }
    if (!json_ok(j))
        return (struct slice){ 0 };
    j->pos++;
    return slice_of(j->in.at + start, j->pos - 1 - start);
}

struct slice json_string(struct json *j)
{
    return string(j, false);
}

static void digits(struct json *j)
{
    if (!is_digit(peek(j)))
        json_fail(j, "a digit is missing");
    while (is_digit(peek(j)))
        j->pos++;
}

/* One byte of |any|, if it comes next. */
static bool take_any(struct json *j, const char *any)
{
    if (peek(j) == 0 || strchr(any, peek(j)) == NULL)
        return false;
    j->pos++;
    return true;
}

static void skip_number(struct json *j)
{
    (void)take_any(j, "-"); /* may be absent, as the others below */
    if (!take_any(j, "0"))
        digits(j);
    if (take_any(j, "."))
        digits(j);
    if (take_any(j, "eE")) {
        (void)take_any(j, "+-");
        digits(j);
    }
}

static void skip_word(struct json *j)
{
    static const char *const words[] = { "true", "false", "null" };

    for (size_t i = 0; i < COUNT_OF(words); i++) {
        struct slice word = slice_text(words[i]);

        if (j->in.len - j->pos >= word.len &&
            slice_equal(slice_of(j->in.at + j->pos, word.len), word)) {
            j->pos += word.len;
            return;
        }
    }
    json_fail(j, "not a value");
}

static void skip_scalar(struct json *j)
{
    uint8_t c = next(j);

    if (c == '"')
        (void)string(j, true); /* only its end matters */
    else if (c == '-' || is_digit(c))
        skip_number(j);
    else
        skip_word(j);
}

/* What is open while a value is skipped. */
struct nest {
    char close[JSON_MAX_DEPTH]; /* the brackets that are owed */
    size_t depth;
};

static bool inside_object(const struct nest *n)
{
    return n->depth > 0 && n->close[n->depth - 1] == '}';
}

/* Enter the object or array that comes next; false if a scalar does. */
static bool enter(struct json *j, struct nest *n)
{
    bool object = next(j) == '{';

    if (!object && next(j) != '[')
        return false;
    if (n->depth == JSON_MAX_DEPTH) {
        json_fail(j, "nested too deep");
        return false;
    }
    j->pos++;
    n->close[n->depth++] = object ? '}' : ']';
    return true;
}

/* True when what was just entered is empty. */
static bool at_close(struct json *j, const struct nest *n)
{
    return next(j) == (uint8_t)n->close[n->depth - 1];
}

/* After a value: leave what ends here; true when another value must come. */
static bool leave(struct json *j, struct nest *n)
{
    while (n->depth > 0 && json_ok(j)) {
        if (take(j, ','))
            return true;
        expect(j, (uint8_t)n->close[n->depth - 1], "a bracket is missing");
        n->depth--;
    }
    return false;
}

static void skip(struct json *j)
{
    struct nest n = { .depth = 0 };
    bool more;

    do {
        if (inside_object(&n)) {
            (void)string(j, true); /* a name: only its end matters */
            expect(j, ':', "a colon is missing");
        }
        if (!enter(j, &n)) {
            skip_scalar(j);
            more = leave(j, &n);
        } else {
            more = !at_close(j, &n) || leave(j, &n);
        }
    } while (more && json_ok(j));
}

struct slice json_raw(struct json *j)
{
    size_t start;

    (void)next(j); /* where the value begins */
    start = j->pos;
    skip(j);
    if (!json_ok(j))
        return (struct slice){ 0 };
    return slice_of(j->in.at + start, j->pos - start);
}

/* The index of the member of that name; |o->count| if it is not known. */
static unsigned index_of(const struct json_object *o, struct slice name)
{
    unsigned i = 0;

    while (i < o->count && !slice_equal(name, slice_text(o->names[i])))
        i++;
    return i;
}

/* Go to the next member, known or not. */
static bool next_member(struct json *j, struct json_object *o)
{
    struct slice name;

    if (!o->begun)
        expect(j, '{', "not an object");
    if (take(j, '}'))
        return false;
    if (o->begun)
        expect(j, ',', "a comma is missing");
    o->begun = true;
    name = string(j, false);
    expect(j, ':', "a colon is missing");
    o->at = index_of(o, name);
    return json_ok(j);
}

bool json_member(struct json *j, struct json_object *o)
{
    assert(o->count <= 32);
    if (!json_ok(j))
        return false;
    j->member = NULL;
    while (next_member(j, o)) {
        uint32_t bit;

        if (o->at == o->count && o->strict) {
            json_fail(j, "a member that is not known");
            return false;
        }
        if (o->at == o->count) {
            skip(j);
            continue;
        }
        bit = UINT32_C(1) << o->at;
        j->member = o->names[o->at];
        if ((o->seen & bit) != 0)
            json_fail(j, "stands twice");
        o->seen |= bit;
        return json_ok(j);
    }
    return false;
}

void json_require(struct json *j, const struct json_object *o, uint32_t needed)
{
    uint32_t missing = needed & ~o->seen;

    for (unsigned i = 0; i < o->count && json_ok(j); i++) {
        if ((missing & UINT32_C(1) << i) != 0) {
            j->member = o->names[i];
            json_fail(j, "is missing");
        }
    }
}

bool json_element(struct json *j, struct json_array *a)
{
    if (a->count == 0)
        expect(j, '[', "not an array");
    if (take(j, ']'))
        return false;
    if (a->count > 0)
        expect(j, ',', "a comma is missing");
    a->count++;
    return json_ok(j);
}

uint32_t json_number(struct json *j, uint32_t max)
{
    uint32_t v = 0;
    size_t start;

    (void)next(j); /* where the number begins */
    start = j->pos;
    while (json_ok(j) && is_digit(peek(j))) {
        uint32_t digit = (uint32_t)(peek(j) - '0');

        if (j->pos > start && v == 0)
            json_fail(j, "a number begins with 0");
        else if (digit > max || v > (max - digit) / 10)
            json_fail(j, "a number is too large");
        v = v * 10 + digit;
        j->pos++;
    }
    if (json_ok(j) && (j->pos == start || take_any(j, ".eE")))
        json_fail(j, "not a whole number");
    return json_ok(j) ? v : 0;
}

void json_hex(struct json *j, uint8_t *out, size_t len)
{
    struct slice text = json_string(j);

    memset(out, 0, len);
    if (json_ok(j) && !text_from_hex(text, out, len))
        json_fail(j, "not the hexadecimal digits it must have");
}

int64_t json_time(struct json *j)
{
    struct slice text = json_string(j);
    int64_t t = 0;

    if (json_ok(j) && !text_from_time(text, &t))
        json_fail(j, "not a time as in 2030-12-31T23:59:59Z");
    return json_ok(j) ? t : 0;
}
