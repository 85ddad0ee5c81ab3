/* source: lists of places to ask, copied and compared. */
#include "tests/support/check.h"

#include "collateral/source.h"

static const struct collateral_source four[] = {
    { .kind = SOURCE_STORE },
    { .kind = SOURCE_STAPLED },
    { .kind = SOURCE_PCCS,
      .url = "https://pccs.example:8081",
      .ca_file = "/etc/pccs.pem",
      .proxy = "http://proxy.example:3128" },
    { .kind = SOURCE_PCS },
};

static void copies_own_their_texts(void **state)
{
    char url[] = "https://pccs.example:8081";
    struct collateral_source one = { .kind = SOURCE_PCCS, .url = url };
    struct source_list list;
    struct why why;

    (void)state;
    CHECK_STATUS(source_list_copy(&one, 1, &list, &why), STATUS_OK);
    memset(url, 'x', sizeof(url) - 1);
    assert_string_equal(list.at[0].url, "https://pccs.example:8081");
    source_list_free(&list);
    assert_int_equal(list.count, 0);
    source_list_free(&list);
}

static void lists_differ_by_order_and_by_every_field(void **state)
{
    struct collateral_source other[COUNT_OF(four)];
    struct source_list a, b;
    struct why why;

    (void)state;
    CHECK_STATUS(source_list_copy(four, COUNT_OF(four), &a, &why), STATUS_OK);
    for (unsigned bend = 0; bend < 7; bend++) {
        size_t count = COUNT_OF(four);

        memcpy(other, four, sizeof(four));
        if (bend == 1)
            count--;
        if (bend == 2)
            other[3].url = "https://pcs.example";
        if (bend == 3)
            other[2].url = "https://pccs.example:8082";
        if (bend == 4)
            other[2].ca_file = NULL;
        if (bend == 5)
            other[2].proxy = "http://proxy.example:3129";
        if (bend == 6)
            other[0].kind = SOURCE_STAPLED;
        CHECK_STATUS(source_list_copy(other, count, &b, &why), STATUS_OK);
        assert_int_equal(source_list_equal(&a, &b), bend == 0);
        assert_int_equal(source_list_equal(&b, &a), bend == 0);
        source_list_free(&b);
    }
    source_list_free(&a);
}

static void refuses_lists_that_cannot_work(void **state)
{
    struct collateral_source many[COLLATERAL_SOURCES_MAX + 1] = { 0 };
    const struct collateral_source bare = { .kind = SOURCE_PCCS };
    const struct collateral_source clear = { .kind = SOURCE_PCS,
                                             .url = "http://pcs.example" };
    struct source_list list;
    struct why why;

    (void)state;
    CHECK_STATUS(source_list_copy(many, 0, &list, &why), STATUS_BAD_CONFIG);
    CHECK_STATUS(source_list_copy(many, COUNT_OF(many), &list, &why),
                 STATUS_BAD_CONFIG);
    CHECK_STATUS(source_list_copy(many, COUNT_OF(many) - 1, &list, &why),
                 STATUS_OK);
    source_list_free(&list);
    CHECK_STATUS(source_list_copy(&bare, 1, &list, &why), STATUS_BAD_CONFIG);
    assert_string_equal(why.found, "a PCCS without a URL");
    CHECK_STATUS(source_list_copy(&clear, 1, &list, &why), STATUS_BAD_CONFIG);
    assert_non_null(strstr(why.found, "http://pcs.example"));
    assert_int_equal(list.count, 0);
}

static void only_those_with_a_url_are_remote(void **state)
{
    (void)state;
    assert_false(source_is_remote(SOURCE_STORE));
    assert_false(source_is_remote(SOURCE_STAPLED));
    assert_true(source_is_remote(SOURCE_PCCS));
    assert_true(source_is_remote(SOURCE_PCS));
    assert_string_equal(source_name(SOURCE_STORE), "store");
    assert_string_equal(source_name(SOURCE_STAPLED), "stapled");
    assert_string_equal(source_name(SOURCE_PCCS), "pccs");
    assert_string_equal(source_name(SOURCE_PCS), "pcs");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_own_their_texts),
        cmocka_unit_test(lists_differ_by_order_and_by_every_field),
        cmocka_unit_test(refuses_lists_that_cannot_work),
        cmocka_unit_test(only_those_with_a_url_are_remote),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
