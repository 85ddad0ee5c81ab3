/* Who is in a list, and in which order. */
#include "tests/support/check.h"

#include "common/list.h"

static void a_list_keeps_the_order_of_adding(void **state)
{
    struct list l = { 0 }, m[3] = { { 0 } };

    (void)state;
    assert_true(list_empty(&l));
    assert_null(list_first(&l));
    for (size_t i = 0; i < COUNT_OF(m); i++) {
        assert_false(list_linked(&m[i]));
        list_add(&l, &m[i]);
        assert_true(list_linked(&m[i]));
    }
    assert_ptr_equal(list_first(&l), &m[0]);
    assert_ptr_equal(list_after(&l, &m[0]), &m[1]);
    assert_null(list_after(&l, &m[2]));
    list_remove(&m[1]);
    list_remove(&m[1]);
    assert_false(list_linked(&m[1]));
    assert_ptr_equal(list_after(&l, &m[0]), &m[2]);
    list_remove(&m[0]);
    list_add(&l, &m[0]);
    assert_ptr_equal(list_first(&l), &m[2]);
    list_remove(&m[2]);
    list_remove(&m[0]);
    assert_true(list_empty(&l));
}

static void who_is_put_first_stands_first(void **state)
{
    struct list l = { 0 }, m[3] = { { 0 } };

    (void)state;
    list_add_first(&l, &m[1]);
    list_add_first(&l, &m[0]);
    list_add(&l, &m[2]);
    for (size_t i = 0; i < COUNT_OF(m); i++) {
        assert_ptr_equal(list_first(&l), &m[i]);
        list_remove(&m[i]);
    }
    list_add_first(&l, &m[0]); /* and again, now that it is empty */
    assert_ptr_equal(list_first(&l), &m[0]);
    assert_null(list_after(&l, &m[0]));
}

static void each_may_be_removed_when_its_turn_comes(void **state)
{
    struct list l = { 0 }, m[3] = { { 0 } };
    size_t count = 0;

    (void)state;
    LIST_EACH(link, &l) {
        fail_msg("%p is in no list", (void *)link);
    }
    for (size_t i = 0; i < COUNT_OF(m); i++)
        list_add(&l, &m[i]);
    LIST_EACH(link, &l) {
        assert_ptr_equal(link, &m[count]);
        list_remove(link);
        count++;
    }
    assert_int_equal(count, COUNT_OF(m));
    assert_true(list_empty(&l));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_keeps_the_order_of_adding),
        cmocka_unit_test(who_is_put_first_stands_first),
        cmocka_unit_test(each_may_be_removed_when_its_turn_comes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
