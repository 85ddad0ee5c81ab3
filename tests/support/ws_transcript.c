#include "tests/support/ws_transcript.h"

#include "tests/support/check.h"

struct transcript transcript_new(void)
{
    return (struct transcript){ .said = buffer_with_max(1 << 24),
                                .message = buffer_with_max(1 << 20) };
}

void transcript_fini(struct transcript *t)
{
    buffer_free(&t->said);
    buffer_free(&t->message);
}

void transcript_say(struct transcript *t, unsigned opcode, struct slice payload)
{
    buffer_printf(&t->said, "%u:", opcode);
    buffer_hex(&t->said, payload);
    buffer_text(&t->said, " ");
    assert_true(buffer_ok(&t->said));
}

static void take(struct transcript *t, const struct ws_piece *piece)
{
    struct slice bytes = slice_of(piece->at, piece->len);

    if (piece->opcode >= WS_CLOSE) {
        assert_true(piece->first && piece->last);
        transcript_say(t, piece->opcode, bytes);
        return;
    }
    if (piece->first)
        buffer_clear(&t->message);
    buffer_add(&t->message, bytes);
    if (piece->last)
        transcript_say(t, piece->opcode, buffer_view(&t->message));
}

struct transcript transcript_read(enum ws_role role, struct slice bytes,
                                  size_t step)
{
    struct transcript t = transcript_new();
    struct ws_reader r;
    struct why why = { 0 };

    ws_reader_init(&r, role, TRANSCRIPT_MESSAGE_MAX_BYTES);
    for (size_t at = 0; at < bytes.len && t.status == STATUS_OK; at += step) {
        size_t len = MIN_OF(step, bytes.len - at);
        uint8_t *block = malloc(len), *p = block;
        struct ws_piece piece;
        bool got = true;

        assert_non_null(block);
        memcpy(block, bytes.at + at, len);
        while (got && t.status == STATUS_OK) {
            t.status = ws_reader_next(&r, &p, &len, &got, &piece, &why);
            if (got)
                take(&t, &piece);
        }
        assert_true(t.status != STATUS_OK || len == 0);
        free(block);
    }
    t.close_code = ws_reader_close_code(&r);
    assert_int_equal(t.status == STATUS_OK, t.close_code == 0);
    assert_int_equal(t.status == STATUS_OK, why.status == STATUS_OK);
    return t;
}

bool transcript_same(const struct transcript *a, const struct transcript *b)
{
    return a->status == b->status && a->close_code == b->close_code &&
           slice_equal(buffer_view(&a->said), buffer_view(&b->said));
}
