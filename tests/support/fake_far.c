#include "tests/support/fake_far.h"

#include "tests/support/check.h"

static struct fake_far *self(struct far *f)
{
    struct fake_far *k = CONTAINER_OF(f, struct fake_far, far);

    assert_false(k->closed);
    return k;
}

static size_t room(struct far *f)
{
    struct fake_far *k = self(f);

    return MIN_OF(k->room, sizeof(k->place));
}

static uint8_t *reserve(struct far *f, size_t *space)
{
    *space = room(f);
    return *space == 0 ? NULL : self(f)->place;
}

static void commit(struct far *f, size_t len)
{
    struct fake_far *k = self(f);

    assert_true(len <= k->room && !k->fin);
    buffer_add(&k->got, slice_of(k->place, len));
    k->room -= len;
}

static void fin(struct far *f)
{
    self(f)->fin = true;
}

static void consumed(struct far *f, size_t len)
{
    struct fake_far *k = self(f);

    assert_true(len <= k->owed);
    k->owed -= len;
}

static bool is_leaving(struct far *f)
{
    return self(f)->leaving;
}

static void close_far(struct far *f)
{
    self(f)->closed = true;
}

static const struct far_ops ops = {
    .room = room,
    .reserve = reserve,
    .commit = commit,
    .fin = fin,
    .consumed = consumed,
    .is_leaving = is_leaving,
    .close = close_far,
};

void fake_far_init(struct fake_far *k, const struct target *target,
                   const struct far_events *events, void *ctx, size_t has_room)
{
    *k = (struct fake_far){
        .far = { .ops = &ops, .events = events, .ctx = ctx },
        .target = *target,
        .got = buffer_with_max(4 * 1024 * 1024),
        .room = has_room,
    };
}

void fake_far_fini(struct fake_far *k)
{
    buffer_free(&k->got);
}

void fake_far_opened(struct fake_far *k)
{
    k->far.events->on_opened(k->far.ctx);
}

void fake_far_data(struct fake_far *k, const char *text)
{
    k->owed += strlen(text);
    k->far.events->on_data(k->far.ctx, slice_text(text));
}

void fake_far_ended(struct fake_far *k)
{
    k->far.events->on_fin(k->far.ctx);
}

void fake_far_failed(struct fake_far *k, enum status st)
{
    struct far_failure failure = { .service = "chat" };

    (void)why_fail(&failure.why, st, "quote.signature", "A.4", "not good");
    k->far.events->on_failed(k->far.ctx, &failure);
}

void fake_far_more(struct fake_far *k, size_t more)
{
    bool had_none = k->room == 0;

    k->room += more;
    if (had_none)
        k->far.events->on_room(k->far.ctx);
}

void fake_far_expect(const struct fake_far *k, const char *want)
{
    struct slice got = buffer_view(&k->got);

    if (!slice_equal(got, slice_text(want)))
        fail_msg("not \"%s\": %.*s", want, (int)got.len, (const char *)got.at);
}
