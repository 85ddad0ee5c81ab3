/* Memory of large messages that is kept for the next. */
#include "proxy/io/blocks.h"

#include "common/compiler.h"
#include "tests/support/check.h"
#include "tests/support/loop.h"

#define MIB ((size_t)1024 * 1024)

struct rig {
    uv_loop_t loop;
    uv_timer_t timer;
    struct blocks blocks;
};

static void begin(struct rig *r)
{
    loop_begin(&r->loop);
    (void)uv_timer_init(&r->loop, &r->timer);
    r->blocks = (struct blocks){ 0 };
    blocks_begin(&r->blocks, &r->timer);
}

static void end(struct rig *r)
{
    blocks_free(&r->blocks);
    assert_int_equal(r->blocks.count, 0);
    uv_close((uv_handle_t *)&r->timer, NULL);
    loop_end(&r->loop);
}

/* A block of |cap| bytes, with content. */
static struct buffer block_of(size_t cap)
{
    struct buffer b = buffer_with_max(BLOCKS_MAX_BYTES + MIB);

    assert_non_null(buffer_fit(&b, cap));
    buffer_text(&b, "content");
    return b;
}

static void give(struct rig *r, size_t cap)
{
    struct buffer b = block_of(cap);

    blocks_give(&r->blocks, &b);
    assert_null(b.at); /* kept or freed, it is not the caller's */
    assert_int_equal(b.len, 0);
    assert_int_equal(b.cap, 0);
}

static void what_is_given_is_taken_again_empty(void **state)
{
    struct buffer b = block_of(MIB), again;
    const uint8_t *at = b.at;
    struct rig r;

    (void)state;
    begin(&r);
    blocks_give(&r.blocks, &b);
    assert_int_equal(r.blocks.bytes, MIB);
    again = blocks_take(&r.blocks, 2 * MIB);
    assert_ptr_equal(again.at, at);
    assert_int_equal(again.len, 0);
    assert_int_equal(again.cap, MIB);
    assert_int_equal(again.max, 2 * MIB);
    assert_int_equal(r.blocks.bytes, 0);
    buffer_free(&again);
    end(&r);
}

static void the_largest_is_taken_first(void **state)
{
    static const size_t sizes[] = { 2 * MIB, 4 * MIB, MIB };
    static const size_t order[] = { 4 * MIB, 2 * MIB, MIB, 0 };
    struct rig r;

    (void)state;
    begin(&r);
    for (size_t i = 0; i < COUNT_OF(sizes); i++)
        give(&r, sizes[i]);
    for (size_t i = 0; i < COUNT_OF(order); i++) {
        struct buffer b = blocks_take(&r.blocks, 8 * MIB);

        assert_int_equal(b.cap, order[i]);
        buffer_free(&b);
    }
    end(&r);
}

static void none_is_longer_than_what_it_is_for_may_become(void **state)
{
    struct buffer b;
    struct rig r;

    (void)state;
    begin(&r);
    give(&r, 4 * MIB);
    b = blocks_take(&r.blocks, 4 * MIB - 1);
    assert_null(b.at);
    assert_int_equal(b.max, 4 * MIB - 1);
    assert_int_equal(r.blocks.count, 1);
    end(&r);
}

static void small_ones_are_not_kept(void **state)
{
    struct rig r;

    (void)state;
    begin(&r);
    give(&r, BLOCKS_MIN_BYTES - 1);
    assert_int_equal(r.blocks.count, 0);
    give(&r, BLOCKS_MIN_BYTES);
    assert_int_equal(r.blocks.count, 1);
    end(&r);
}

static void no_more_are_kept_than_there_are_places(void **state)
{
    struct rig r;

    (void)state;
    begin(&r);
    for (size_t i = 0; i < BLOCKS_MAX + 2; i++)
        give(&r, MIB);
    assert_int_equal(r.blocks.count, BLOCKS_MAX);
    assert_int_equal(r.blocks.bytes, BLOCKS_MAX * MIB);
    end(&r);
}

static void all_together_have_a_limit(void **state)
{
    struct rig r;

    (void)state;
    begin(&r);
    give(&r, BLOCKS_MAX_BYTES - MIB);
    give(&r, MIB + 1); /* one byte over */
    assert_int_equal(r.blocks.bytes, BLOCKS_MAX_BYTES - MIB);
    give(&r, MIB);
    assert_int_equal(r.blocks.bytes, BLOCKS_MAX_BYTES);
    end(&r);
}

static bool keeps_some(void *ctx)
{
    return ((const struct blocks *)ctx)->count > 0;
}

static void all_go_back_when_nobody_gave_one_for_a_while(void **state)
{
    struct rig r;

    (void)state;
    begin(&r);
    give(&r, MIB);
    give(&r, 2 * MIB);
    assert_int_equal(uv_timer_get_due_in(&r.timer), BLOCKS_KEEP_MS);
    loop_while(&r.loop, keeps_some, &r.blocks);
    assert_int_equal(r.blocks.count, 0);
    assert_int_equal(r.blocks.bytes, 0);
    end(&r);
}

static void without_a_timer_nothing_is_kept(void **state)
{
    struct blocks none = { 0 };
    struct buffer b = block_of(MIB);

    (void)state;
    blocks_give(&none, &b);
    assert_null(b.at);
    assert_int_equal(none.count, 0);
    assert_null(blocks_take(&none, MIB).at);
    blocks_free(&none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_given_is_taken_again_empty),
        cmocka_unit_test(the_largest_is_taken_first),
        cmocka_unit_test(none_is_longer_than_what_it_is_for_may_become),
        cmocka_unit_test(small_ones_are_not_kept),
        cmocka_unit_test(no_more_are_kept_than_there_are_places),
        cmocka_unit_test(all_together_have_a_limit),
        cmocka_unit_test(all_go_back_when_nobody_gave_one_for_a_while),
        cmocka_unit_test(without_a_timer_nothing_is_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
