#include "proxy/local/crl_files.h"

#include <stdio.h>
#include <string.h>

#include "common/file.h"
#include "policy/arena.h"
#include "verifier/crl.h"
#include "verifier/pem.h"

static const char field[] = "crls";

#define MEMORY_MAX_BYTES (CRL_FILES_MAX * (COLLATERAL_MAX_BYTES + 8192))

/* Add a list with |der|; its bytes and name are copied. */
static bool add(struct crl_files *files, const char *name, struct slice der)
{
    struct user_crl *list = &files->lists[files->count];
    const char *bytes = arena_text(files->memory, der);

    list->name = arena_text(files->memory, slice_text(name));
    list->der = slice_of(bytes, der.len);
    if (bytes == NULL || list->name == NULL)
        return false;
    files->count++;
    return true;
}

static enum status no_memory(struct why *why)
{
    return why_fail(why, STATUS_NO_MEMORY, field, NULL, "no memory");
}

/* The DER of |text|, which is DER or PEM; |room| holds what is decoded. */
static enum status decode(struct slice text, struct buffer *room,
                          struct slice *der, struct why *why)
{
    uint8_t *to;
    size_t len;
    enum status st;

    *der = text;
    if (text.len > 0 && text.at[0] == 0x30) /* a SEQUENCE */
        return STATUS_OK;
    to = buffer_reserve(room, text.len);
    if (to == NULL)
        return no_memory(why);
    st = pem_parse_crl(text, field, to, text.len, &len, why);
    *der = slice_of(to, len);
    return st;
}

static enum status read_one(const char *path, struct crl_files *files,
                            struct why *why)
{
    struct buffer room = buffer_with_max(COLLATERAL_MAX_BYTES);
    struct buffer text;
    struct slice der;
    struct crl crl;
    struct why reason;
    enum status st = file_read(path, COLLATERAL_MAX_BYTES, &text, why);

    if (st != STATUS_OK)
        return st;
    st = decode(buffer_view(&text), &room, &der, &reason);
    if (st == STATUS_OK)
        st = crl_parse(CRL_USER, der, &crl, &reason);
    if (st == STATUS_OK && !add(files, path, der))
        st = no_memory(&reason);
    if (st != STATUS_OK)
        (void)why_fail(why, st == STATUS_NO_COLLATERAL ? STATUS_BAD_CRL : st,
                       field, reason.clause, "%s: %s", path, reason.found);
    buffer_free(&room);
    buffer_free(&text);
    return st == STATUS_OK ? st : why->status;
}

static bool begin(struct crl_files *files, size_t count)
{
    *files = (struct crl_files){ 0 };
    if (count > 0)
        files->memory = arena_new(MEMORY_MAX_BYTES);
    return count == 0 || files->memory != NULL;
}

enum status crl_files_read(const struct policy_revocations *own,
                           struct crl_files *out, struct why *why)
{
    const size_t count = own->crl_count;
    enum status st = STATUS_OK;

    if (!begin(out, count))
        return no_memory(why);
    if (count > CRL_FILES_MAX)
        st = why_fail(why, STATUS_LIMIT, field, NULL, "%zu lists", count);
    for (size_t i = 0; i < count && st == STATUS_OK; i++)
        st = read_one(own->crl_files[i], out, why);
    if (st != STATUS_OK)
        crl_files_free(out);
    return st;
}

bool crl_files_copy(const struct crl_files *from, struct crl_files *out)
{
    bool ok = begin(out, from->count);

    for (size_t i = 0; i < from->count && ok; i++)
        ok = add(out, from->lists[i].name, from->lists[i].der);
    if (!ok)
        crl_files_free(out);
    return ok;
}

void crl_files_free(struct crl_files *files)
{
    arena_free(files->memory);
    *files = (struct crl_files){ 0 };
}
