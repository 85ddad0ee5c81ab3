/* tests/support/check.h: cmocka, with what it needs before it, and the words
 * that our tests share. */
#ifndef TESTS_SUPPORT_CHECK_H
#define TESTS_SUPPORT_CHECK_H

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
/* clang-format on */

#include "common/slice.h"
#include "common/status.h"

/* Both statuses by name when they differ. */
#define CHECK_STATUS(got, want)                                                \
    assert_string_equal(status_name(got), status_name(want))

/* Run |try| on every proper prefix of |whole|, each on a heap block of exactly
 * its size, so that a sanitizer sees the first byte read too far. */
static inline void for_each_prefix(struct slice whole,
                                   void (*try)(struct slice, void *), void *ctx)
{
    for (size_t len = 0; len < whole.len; len++) {
        uint8_t *exact = malloc(len == 0 ? 1 : len);

        assert_non_null(exact);
        memcpy(exact, whole.at, len);
        try(slice_of(exact, len), ctx);
        free(exact);
    }
}

/* Run |try| on |whole| with each single bit flipped, on an exact-size block. */
static inline void for_each_flip(struct slice whole,
                                 void (*try)(struct slice, void *), void *ctx)
{
    uint8_t *exact = malloc(whole.len == 0 ? 1 : whole.len);

    assert_non_null(exact);
    memcpy(exact, whole.at, whole.len);
    for (size_t bit = 0; bit < whole.len * 8; bit++) {
        exact[bit / 8] ^= (uint8_t)(1U << (bit % 8));
        try(slice_of(exact, whole.len), ctx);
        exact[bit / 8] ^= (uint8_t)(1U << (bit % 8));
    }
    free(exact);
}

#endif
