#include "collateral/archive.h"

#include "common/limits.h"
#include "common/text.h"

static const char first_line[] = "veritee-bundle 1\n";

void archive_begin(struct archive_out *a)
{
    buffer_text(a->out, first_line);
}

void archive_add(struct archive_out *a, struct slice file)
{
    a->count++;
    buffer_printf(a->out, "item %zu\n", file.len);
    buffer_add(a->out, file);
}

void archive_end(struct archive_out *a)
{
    buffer_printf(a->out, "end %zu\n", a->count);
}

enum status archive_open(struct slice bytes, struct archive_in *a,
                         struct why *why)
{
    *a = (struct archive_in){ .c = cursor_over(bytes) };
    if (cursor_skip(&a->c, first_line))
        return STATUS_OK;
    (void)why_fail(why, STATUS_BAD_VERSION, "bundle", NULL,
                   "it does not begin as a bundle does");
    return why_expect(why, "veritee-bundle 1");
}

/* The number behind |word|, and the end of the line. */
static uint64_t read_number(struct cursor *c, const char *word, uint64_t max)
{
    uint64_t number = 0;

    if (!cursor_skip(c, word) ||
        !text_from_decimal(cursor_until(c, "\n"), max, &number) ||
        !cursor_skip(c, "\n"))
        cursor_fail(c);
    return number;
}

static enum status bad_line(const struct archive_in *a, struct why *why)
{
    (void)why_fail(why, STATUS_BAD_FIELD, "bundle", NULL,
                   "item %zu: a bad line near byte %zu", a->count + 1,
                   cursor_offset(&a->c));
    return why_expect(why, "\"item BYTES\" or \"end COUNT\"");
}

static enum status read_end(struct archive_in *a, struct why *why)
{
    uint64_t count = read_number(&a->c, "end ", ARCHIVE_ITEMS_MAX);

    if (!cursor_ok(&a->c))
        return bad_line(a, why);
    if (count != a->count)
        return why_fail(why, STATUS_TRUNCATED, "bundle", NULL,
                        "%zu items, of %zu", a->count, (size_t)count);
    if (!cursor_finish(&a->c))
        return why_fail(why, STATUS_TRAILING, "bundle", NULL,
                        "%zu bytes behind the end", cursor_left(&a->c));
    return STATUS_OK;
}

enum status archive_next(struct archive_in *a, struct slice *file,
                         struct why *why)
{
    struct cursor peek = a->c;
    uint64_t len;

    *file = (struct slice){ 0 };
    if (cursor_left(&a->c) == 0)
        return why_fail(why, STATUS_TRUNCATED, "bundle", NULL,
                        "ends after %zu items, without its last line",
                        a->count);
    if (!cursor_skip(&peek, "item "))
        return read_end(a, why);
    if (a->count == ARCHIVE_ITEMS_MAX)
        return why_fail(why, STATUS_LIMIT, "bundle", NULL, "over %d items",
                        ARCHIVE_ITEMS_MAX);
    len = read_number(&a->c, "item ", ARCHIVE_MAX_BYTES);
    if (!cursor_ok(&a->c) || len == 0)
        return bad_line(a, why);
    *file = cursor_take(&a->c, (size_t)len);
    if (!cursor_ok(&a->c))
        return why_fail(why, STATUS_TRUNCATED, "bundle", NULL,
                        "ends in item %zu", a->count + 1);
    a->count++;
    return STATUS_OK;
}
