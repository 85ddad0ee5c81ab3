#include "policy/read_revocation.h"

#include <string.h>

#include "common/limits.h"
#include "common/text.h"

/* As certificate tools print it: leading zeros count for nothing. */
static enum status read_serial(struct reader *r, const struct node *node,
                               void *item)
{
    struct policy_serial *s = item;
    uint8_t bytes[SERIAL_MAX_BYTES + 1]; /* one more, of the sign, may lead */
    const size_t len = node->text.len / 2;
    size_t zeros = 0;

    if (node->kind != NODE_TEXT || len == 0 || len > sizeof(bytes) ||
        !text_from_hex(node->text, bytes, len))
        return read_unexpected(r, node,
                               "a serial number in 2 to %d hexadecimal digits",
                               2 * SERIAL_MAX_BYTES);
    while (zeros < len && bytes[zeros] == 0)
        zeros++;
    s->len = len - zeros;
    if (s->len == 0 || s->len > SERIAL_MAX_BYTES)
        return read_unexpected(r, node, "a serial number that can occur");
    memcpy(s->bytes, bytes + zeros, s->len);
    s->file = node->file;
    s->line = node->line;
    return read_copy(r, node->text, &s->text);
}

enum status read_revocation_serials(struct reader *r, const struct node *key,
                                    struct policy_revocations *out)
{
    void *serials = NULL;
    enum status st = read_list(r, key->value, sizeof(struct policy_serial),
                               read_serial, &serials, &out->serial_count);

    out->serials = serials;
    return st;
}

static enum status read_file(struct reader *r, const struct node *node,
                             void *item)
{
    return read_path(r, node, item);
}

static enum status too_many(struct reader *r, const struct node *at)
{
    return read_unexpected(r, at, "at most %d lists for a service",
                           CRL_FILES_MAX);
}

enum status read_revocation_crls(struct reader *r, const struct node *key,
                                 struct policy_revocations *out)
{
    void *files = NULL;
    enum status st = read_list(r, key->value, sizeof(const char *), read_file,
                               &files, &out->crl_count);

    out->crl_files = files;
    if (st == STATUS_OK && out->crl_count > CRL_FILES_MAX)
        return too_many(r, key->value);
    return st;
}

/* |a|'s and |b|'s, one behind the other, in |*out|. */
static enum status join(struct reader *r, const void *a, size_t a_count,
                        const void *b, size_t b_count, size_t size,
                        const void **out)
{
    void *room;
    enum status st = read_room(r, a_count + b_count, size, &room);

    if (st != STATUS_OK)
        return st;
    if (a_count > 0)
        memcpy(room, a, a_count * size);
    if (b_count > 0)
        memcpy((uint8_t *)room + a_count * size, b, b_count * size);
    *out = room;
    return STATUS_OK;
}

enum status read_revocation_join(struct reader *r, const struct node *key,
                                 const struct policy_revocations *common,
                                 struct policy_revocations *own)
{
    struct policy_revocations all = {
        .serial_count = own->serial_count + common->serial_count,
        .crl_count = own->crl_count + common->crl_count,
    };
    const void *serials;
    const void *files;
    enum status st =
        join(r, own->serials, own->serial_count, common->serials,
             common->serial_count, sizeof(*own->serials), &serials);

    if (all.crl_count > CRL_FILES_MAX)
        return too_many(r, key);
    if (st == STATUS_OK)
        st = join(r, own->crl_files, own->crl_count, common->crl_files,
                  common->crl_count, sizeof(*own->crl_files), &files);
    if (st != STATUS_OK)
        return st;
    all.serials = serials;
    all.crl_files = files;
    *own = all;
    return STATUS_OK;
}
