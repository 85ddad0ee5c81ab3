#include "policy/read_measurements.h"

#include <stdio.h>
#include <string.h>

#include "common/limits.h"
#include "policy/place.h"
#include "policy/read_file.h"
#include "policy/read_release.h"
#include "verifier/json.h"

#define REGISTERS      5
#define REGISTER_BYTES 48

static const char *const words[REGISTERS] = { "mrtd", "rtmr0", "rtmr1", "rtmr2",
                                              "rtmr3" };

/* A file while it is read. */
struct measurements {
    struct reader *r;
    const struct node *at; /* where the policy names it */
    const char *name;
    struct slice text;
    size_t passed_over; /* entries */
    const struct clauses *common;
    struct accept *accept;
    struct release *room; /* of all releases */
};

/* --- where and why it is refused --- */

static struct policy_place place_at(const struct measurements *m,
                                    const struct json *j)
{
    /* |j| may be about a part of the text. */
    const size_t pos = (size_t)(j->in.at - m->text.at) + j->pos;
    unsigned line = 1;
    unsigned column = 1;

    for (size_t i = 0; i < pos && i < m->text.len; i++) {
        column++;
        if (m->text.at[i] == '\n') {
            line++;
            column = 1;
        }
    }
    return place_of(m->name, line, column);
}

static enum status refuse(struct measurements *m, const struct json *j,
                          const char *found, const char *expected)
{
    struct policy_error *err = m->r->err;

    err->at = place_at(m, j);
    err->also = place_of(m->at->file, m->at->line, m->at->column);
    (void)why_fail(&err->why, STATUS_BAD_CONFIG, NULL, NULL, "%s", found);
    return why_expect(&err->why, "%s", expected);
}

static enum status check_json(struct measurements *m, const struct json *j)
{
    char found[160];

    if (json_ok(j))
        return STATUS_OK;
    (void)snprintf(found, sizeof(found), "%s%s%s",
                   j->member != NULL ? j->member : "",
                   j->member != NULL ? ": " : "", j->problem);
    return refuse(m, j, found, "the JSON of accepted measurements");
}

/* --- registers --- */

/* Add the value that comes next in |j| to |values|, which has room. */
static void read_value(struct json *j, uint8_t *values, size_t *count)
{
    json_hex(j, values + *count * REGISTER_BYTES, REGISTER_BYTES);
    (*count)++;
}

/* How many values may be in |text|: a value is longer than that. */
static size_t values_max(struct slice text)
{
    return text.len / (2 * REGISTER_BYTES) + 1;
}

/* The expected values of one register, in |j|, which is about them alone. */
static enum status read_values(struct measurements *m, struct json *j,
                               uint8_t *values, size_t *count)
{
    static const char *const members[] = { "expected", "expected_any" };
    struct json_object o = JSON_OBJECT(members);
    struct json_array list = { 0 };
    const size_t max = values_max(j->in);

    o.strict = true;
    *count = 0;
    while (json_member(j, &o)) {
        if (*count > 0)
            json_fail(j, "stands beside the other");
        if (o.at == 0)
            read_value(j, values, count);
        else
            while (*count < max && json_element(j, &list))
                read_value(j, values, count);
    }
    json_end(j);
    if (json_ok(j) && *count == 0)
        json_fail(j, "no expected value");
    return check_json(m, j);
}

static enum status read_register(struct measurements *m, struct slice text,
                                 const char *word, struct clauses *d)
{
    struct json j = json_over(text);
    void *values;
    size_t count;
    enum status st = read_room(m->r, values_max(text), REGISTER_BYTES, &values);

    if (st == STATUS_OK)
        st = read_values(m, &j, values, &count);
    return st != STATUS_OK
               ? st
               : read_clause_take(m->r, m->at, word, values, count, d);
}

static enum status read_registers(struct measurements *m, struct slice text,
                                  struct clauses *d)
{
    static const char *const members[REGISTERS] = { "0", "1", "2", "3", "4" };
    struct json j = json_over(text);
    struct json_object o = JSON_OBJECT(members);
    enum status st = STATUS_OK;

    o.strict = true;
    while (st == STATUS_OK && json_member(&j, &o)) {
        struct slice value = json_raw(&j);

        if (json_ok(&j))
            st = read_register(m, value, words[o.at], d);
    }
    if (st == STATUS_OK && json_ok(&j) && o.seen == 0)
        json_fail(&j, "no register is named");
    return st != STATUS_OK ? st : check_json(m, &j);
}

/* --- entries --- */

enum { MEMBER_ID, MEMBER_TYPE, MEMBER_MEASUREMENTS, MEMBERS };

static bool is_one_of(struct slice text, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (slice_equal(text, slice_text(names[i])))
            return true;
    return false;
}

static enum status add_entry(struct measurements *m, const struct json *j,
                             const struct slice member[MEMBERS])
{
    struct clauses d = *m->common;
    const char *name = NULL;
    enum status st = STATUS_OK;

    d.common = m->common->count;
    if (member[MEMBER_ID].at != NULL && !read_is_name(member[MEMBER_ID]))
        return refuse(m, j, "a measurement_id that is no name",
                      "1 to 64 letters, digits, '.', '_', '-', '+'");
    if (member[MEMBER_ID].at != NULL)
        st = read_copy(m->r, member[MEMBER_ID], &name);
    if (st == STATUS_OK)
        st = read_registers(m, member[MEMBER_MEASUREMENTS], &d);
    return st != STATUS_OK
               ? st
               : read_release_add(m->r, m->at, name, &d, m->accept, m->room);
}

static enum status read_entry(struct measurements *m, struct json *j)
{
    static const char *const members[MEMBERS] = { "measurement_id",
                                                  "attestation_type",
                                                  "measurements" };
    static const char *const tdx[] = { "dcap-tdx", "gcp-tdx", "qemu-tdx" };
    static const char *const others[] = { "azure-tdx", "none" };
    struct json_object o = JSON_OBJECT(members);
    struct slice member[MEMBERS] = { { 0 } };
    enum status st;

    o.strict = true;
    while (json_member(j, &o))
        member[o.at] =
            o.at == MEMBER_MEASUREMENTS ? json_raw(j) : json_string(j);
    json_require(j, &o, 1U << MEMBER_TYPE | 1U << MEMBER_MEASUREMENTS);
    st = check_json(m, j);
    if (st != STATUS_OK)
        return st;
    if (is_one_of(member[MEMBER_TYPE], tdx, COUNT_OF(tdx)))
        return add_entry(m, j, member);
    m->passed_over++;
    if (is_one_of(member[MEMBER_TYPE], others, COUNT_OF(others)))
        return STATUS_OK;
    return refuse(m, j, "an unknown attestation_type",
                  "dcap-tdx, gcp-tdx, qemu-tdx, azure-tdx or none");
}

static enum status read_entries(struct measurements *m)
{
    const size_t before = m->accept->release_count;
    struct json j = json_over(m->text);
    struct json_array list = { 0 };
    enum status st = STATUS_OK;

    while (st == STATUS_OK && json_element(&j, &list))
        st = m->accept->release_count == before + POLICY_ITEMS_MAX
                 ? refuse(m, &j, "one entry too many", "a shorter list")
                 : read_entry(m, &j);
    if (st == STATUS_OK)
        json_end(&j);
    if (st == STATUS_OK)
        st = check_json(m, &j);
    if (st == STATUS_OK && m->accept->release_count == before)
        st = refuse(m, &j, "no entry for a TDX quote",
                    "an attestation_type such as dcap-tdx");
    if (st != STATUS_OK || m->passed_over == 0)
        return st;
    return read_warn(m->r, m->at,
                     "%zu entries of %s are not for a TDX quote: passed over",
                     m->passed_over, m->name);
}

/* --- the file --- */

/* Room for the releases of |accept| and as many entries as may follow. */
static enum status make_room(struct measurements *m)
{
    struct accept *a = m->accept;
    void *room;
    enum status st = read_room(m->r, a->release_count + POLICY_ITEMS_MAX,
                               sizeof(*m->room), &room);

    if (st != STATUS_OK)
        return st;
    m->room = room;
    if (a->release_count > 0)
        memcpy(room, a->releases, a->release_count * sizeof(*m->room));
    a->releases = room;
    return STATUS_OK;
}

/* What the words of the block say. */
struct named {
    const struct node *file;
};

static enum status on_file(struct reader *r, const struct node *key, void *to)
{
    struct named *n = to;

    (void)r;
    n->file = key->value;
    return STATUS_OK;
}

static enum status on_format(struct reader *r, const struct node *key, void *to)
{
    static const char *const names[] = { "flashbots" };
    size_t which;

    (void)to; /* there is one so far */
    return read_choice(r, key->value, names, COUNT_OF(names), &which);
}

static const struct word measurements_words[] = {
    { "file", on_file },
    { "format", on_format },
};

enum status read_measurements_file(struct reader *r, const struct node *key,
                                   const struct clauses *common,
                                   struct accept *accept)
{
    struct named named = { .file = key->value };
    struct measurements m = { .r = r, .common = common, .accept = accept };
    struct buffer text;
    enum status st = STATUS_OK;

    if (accept->tee != TEE_TDX)
        return read_unexpected(r, key, "it where tee is tdx");
    if (key->value->kind == NODE_MAP) {
        named.file = NULL;
        st = read_block(r, key, measurements_words,
                        COUNT_OF(measurements_words), &named);
    }
    if (st == STATUS_OK && named.file == NULL)
        return read_unexpected(r, key->value, "a file");
    if (st == STATUS_OK)
        st = read_file_text(r, named.file, MEASUREMENTS_MAX_BYTES, &m.name,
                            &text);
    if (st != STATUS_OK)
        return st;
    m.at = named.file;
    m.text = buffer_view(&text);
    st = make_room(&m);
    if (st == STATUS_OK)
        st = read_entries(&m);
    buffer_free(&text);
    return st;
}
