#include "proxy/io/http_fields.h"

#include <assert.h>

#include "common/compiler.h"
#include "common/text.h"

_Static_assert(HTTP_HEAD_MAX_BYTES <= UINT16_MAX, "offsets are 16 bits wide");

void http_fields_init(struct http_fields *f)
{
    *f = (struct http_fields){ .text = buffer_with_max(HTTP_HEAD_MAX_BYTES) };
}

void http_fields_fini(struct http_fields *f)
{
    buffer_free(&f->text);
    *f = (struct http_fields){ 0 };
}

void http_fields_clear(struct http_fields *f)
{
    buffer_clear(&f->text);
    f->count = 0;
    f->in_name = false;
}

static enum status add_text(struct http_fields *f, struct slice part)
{
    if (part.len > f->text.max - f->text.len)
        return STATUS_HEAD_TOO_LARGE;
    buffer_add(&f->text, part);
    return buffer_ok(&f->text) ? STATUS_OK : STATUS_NO_MEMORY;
}

enum status http_fields_add_name(struct http_fields *f, struct slice part)
{
    enum status st;

    if (!f->in_name) {
        if (f->count == COUNT_OF(f->at))
            return STATUS_HEAD_TOO_LARGE;
        f->at[f->count++] =
            (struct http_field){ .name_at = (uint16_t)f->text.len };
        f->in_name = true;
    }
    st = add_text(f, part);
    if (st != STATUS_OK)
        return st;
    f->at[f->count - 1].name_len += (uint16_t)part.len;
    f->at[f->count - 1].value_at = (uint16_t)f->text.len;
    return STATUS_OK;
}

enum status http_fields_add_value(struct http_fields *f, struct slice part)
{
    enum status st;

    assert(f->count > 0);
    f->in_name = false;
    st = add_text(f, part);
    if (st == STATUS_OK)
        f->at[f->count - 1].value_len += (uint16_t)part.len;
    return st;
}

struct slice http_fields_name(const struct http_fields *f, size_t i)
{
    assert(i < f->count);
    return slice_of(f->text.at + f->at[i].name_at, f->at[i].name_len);
}

struct slice http_fields_value(const struct http_fields *f, size_t i)
{
    assert(i < f->count);
    return text_trim(
        slice_of(f->text.at + f->at[i].value_at, f->at[i].value_len));
}

static bool is_called(const struct http_fields *f, size_t i, const char *name)
{
    return text_is_word(http_fields_name(f, i), name);
}

size_t http_fields_count(const struct http_fields *f, const char *name)
{
    size_t count = 0;

    for (size_t i = 0; i < f->count; i++)
        count += is_called(f, i, name) ? 1 : 0;
    return count;
}

struct slice http_fields_get(const struct http_fields *f, const char *name)
{
    for (size_t i = 0; i < f->count; i++)
        if (is_called(f, i, name))
            return http_fields_value(f, i);
    return (struct slice){ 0 };
}

size_t http_fields_items(const struct http_fields *f, const char *name)
{
    size_t items = 0;

    for (size_t i = 0; i < f->count; i++) {
        struct slice list = http_fields_value(f, i);
        struct slice item;

        while (is_called(f, i, name) && text_list_next(&list, &item))
            items++;
    }
    return items;
}

/* True when a field called |name| lists |word|. */
static bool any_lists(const struct http_fields *f, const char *name,
                      struct slice word)
{
    for (size_t i = 0; i < f->count; i++)
        if (is_called(f, i, name) &&
            text_list_has(http_fields_value(f, i), word))
            return true;
    return false;
}

bool http_fields_has(const struct http_fields *f, const char *name,
                     const char *token)
{
    return any_lists(f, name, slice_text(token));
}

bool http_fields_is_hop(const struct http_fields *f, size_t i)
{
    static const char *const hop[] = { "Connection", "Keep-Alive",
                                       "TE",         "Transfer-Encoding",
                                       "Upgrade",    "Content-Length" };
    static const char prefix[] = "Proxy-";
    struct slice name = http_fields_name(f, i);
    size_t prefix_len = sizeof(prefix) - 1;

    if (text_is_any(name, hop, COUNT_OF(hop)))
        return true;
    if (name.len >= prefix_len &&
        text_is_word(slice_of(name.at, prefix_len), prefix))
        return true;
    return any_lists(f, "Connection", name);
}

void http_fields_write(const struct http_fields *f, size_t i,
                       struct buffer *out)
{
    buffer_add(out, http_fields_name(f, i));
    buffer_text(out, ": ");
    buffer_add(out, http_fields_value(f, i));
    buffer_text(out, "\r\n");
}
