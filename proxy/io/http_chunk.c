#include "proxy/io/http_chunk.h"

#include "common/text.h"

void http_chunk_write(struct slice piece, struct buffer *out)
{
    if (piece.len == 0)
        return;
    buffer_printf(out, "%zx\r\n", piece.len);
    buffer_add(out, piece);
    buffer_text(out, "\r\n");
}

static bool may_trail(const struct http_fields *f, size_t i)
{
    struct slice name = http_fields_name(f, i);

    return !http_fields_is_hop(f, i) &&
           !text_same_word(name, slice_text("Host")) &&
           !text_same_word(name, slice_text("Trailer"));
}

void http_chunk_end(const struct http_fields *trailers, struct buffer *out)
{
    buffer_text(out, "0\r\n");
    for (size_t i = 0; trailers != NULL && i < trailers->count; i++)
        if (may_trail(trailers, i))
            http_fields_write(trailers, i, out);
    buffer_text(out, "\r\n");
}
