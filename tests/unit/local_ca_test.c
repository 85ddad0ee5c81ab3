/* The CA of this computer: what is written is read back, what is not of its
 * shape is refused, and leaves are made once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/compiler.h"
#include "common/limits.h"
#include "common/pem_out.h"
#include "common/secret.h"
#include "proxy/io/tls_cert.h"
#include "proxy/local/ca_cert.h"
#include "proxy/local/leaves.h"

#define NOW INT64_C(1800000000)

static const struct tls_cert_span span = { NOW, NOW + 1000000 };

/* A CA for |names|, in memory alone. */
static void make_ca(struct ca *out, const char *const *names, size_t count)
{
    uint8_t room[CERT_MAX_BYTES];
    struct builder der = builder_over(room, sizeof(room));
    struct why why;

    *out = (struct ca){ .der = buffer_with_max(CERT_MAX_BYTES) };
    assert_true(tls_key_make(&out->key));
    tls_cert_ca(&out->key, names, count, &span, &der);
    assert_true(builder_ok(&der));
    buffer_add(&out->der, builder_view(&der));
    assert_int_equal(ca_cert_parse(buffer_view(&out->der), &out->cert, &why),
                     STATUS_OK);
}

static void free_ca(struct ca *ca)
{
    buffer_free(&ca->der);
    tls_key_wipe(&ca->key);
}

static void what_is_written_is_read(void **state)
{
    static const char *const names[] = { "chat.example", "a.test" };
    struct ca ca;
    struct cursor c;
    struct slice name;

    (void)state;
    make_ca(&ca, names, COUNT_OF(names));
    assert_int_equal(ca.cert.span.from_unix, span.from_unix);
    assert_int_equal(ca.cert.span.until_unix, span.until_unix);
    c = ca_cert_names(&ca.cert);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        assert_true(ca_cert_next(&c, &name));
        assert_true(slice_equal(name, slice_text(names[i])));
    }
    assert_false(ca_cert_next(&c, &name));
    free_ca(&ca);
}

static void it_covers_its_names_and_those_below(void **state)
{
    static const char *const names[] = { "chat.example", "a.test" };
    static const struct {
        const char *host;
        bool covered;
    } cases[] = {
        { "chat.example", true },   { "www.chat.example", true },
        { "a.b.a.test", true },     { "example", false },
        { "xchat.example", false }, { "chat.example.org", false },
        { "test", false },          { "b.test", false },
    };
    struct ca ca;
    struct why why;

    (void)state;
    make_ca(&ca, names, COUNT_OF(names));
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(ca_cert_covers(&ca.cert, cases[i].host),
                         cases[i].covered);
        assert_int_equal(ca_check_host(&ca, cases[i].host, NOW + 1, &why) ==
                             STATUS_OK,
                         cases[i].covered);
    }
    assert_int_equal(ca_check_host(&ca, "a.test", NOW - 1, &why),
                     STATUS_BAD_CONFIG);
    assert_int_equal(ca_check_host(&ca, "a.test", span.until_unix + 1, &why),
                     STATUS_BAD_CONFIG);
    assert_int_equal(ca_check_host(NULL, "a.test", NOW, &why),
                     STATUS_BAD_CONFIG);
    free_ca(&ca);
}

/* Exact-size heap blocks, so that the sanitizer sees a byte too many. */
static enum status parse_copy(struct slice der, size_t len, size_t flip)
{
    uint8_t *copy = malloc(len > 0 ? len : 1);
    struct ca_cert cert;
    struct why why;
    enum status st;

    assert_non_null(copy);
    memcpy(copy, der.at, len);
    if (flip < 8 * len)
        copy[flip / 8] ^= (uint8_t)(1 << flip % 8);
    st = ca_cert_parse(slice_of(copy, len), &cert, &why);
    if (st == STATUS_OK) {
        (void)ca_cert_covers(&cert, "www.a.test");
    } else {
        assert_int_equal(st, STATUS_BAD_CERT);
        assert_null(cert.der.at);
    }
    free(copy);
    return st;
}

static void what_is_cut_or_bent_ends_well(void **state)
{
    static const char *const names[] = { "a.test" };
    struct slice der;
    struct ca ca;

    (void)state;
    make_ca(&ca, names, 1);
    der = buffer_view(&ca.der);
    for (size_t len = 0; len < der.len; len++)
        assert_int_equal(parse_copy(der, len, SIZE_MAX), STATUS_BAD_CERT);
    for (size_t bit = 0; bit < 8 * der.len; bit++)
        (void)parse_copy(der, der.len, bit);
    free_ca(&ca);
}

/* A leaf has no constraints: it must not be taken for the CA. */
static void a_certificate_without_constraints_is_none(void **state)
{
    static const char *const names[] = { "a.test" };
    uint8_t room[CERT_MAX_BYTES];
    struct builder der = builder_over(room, sizeof(room));
    struct ca_cert cert;
    struct why why;
    struct ca ca;

    (void)state;
    make_ca(&ca, names, 1);
    tls_cert_leaf(&ca.key, ca.cert.subject, &ca.key, "a.test", &span, &der);
    assert_true(builder_ok(&der));
    assert_int_equal(ca_cert_parse(builder_view(&der), &cert, &why),
                     STATUS_BAD_CERT);
    free_ca(&ca);
}

static void too_many_names_do_not_fit(void **state)
{
    static const char *names[CERT_MAX_BYTES / 8];
    uint8_t room[CERT_MAX_BYTES];
    struct builder der = builder_over(room, sizeof(room));
    struct tls_key key;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++)
        names[i] = "chat.example";
    assert_true(tls_key_make(&key));
    tls_cert_ca(&key, names, COUNT_OF(names), &span, &der);
    assert_false(builder_ok(&der));
    tls_key_wipe(&key);
}

/* --- keys ------------------------------------------------------------------ */

static void a_key_is_kept_in_pem(void **state)
{
    uint8_t room[TLS_KEY_DER_ROOM];
    struct builder der = builder_over(room, sizeof(room));
    struct buffer pem = buffer_with_max(1024);
    struct tls_key key, back;

    (void)state;
    assert_true(tls_key_make(&key));
    tls_key_write(&key, &der);
    assert_true(builder_ok(&der));
    pem_out_block("EC PRIVATE KEY", builder_view(&der), &pem);
    assert_true(tls_key_read(buffer_view(&pem), &back));
    assert_memory_equal(&key, &back, sizeof(key));
    for (size_t len = 0; len + 1 < pem.len; len++)
        if (tls_key_read(slice_of(pem.at, len), &back))
            assert_memory_equal(&key, &back, sizeof(key));
    assert_false(tls_key_read((struct slice){ 0 }, &back));
    assert_false(tls_key_read(slice_text("no key"), &back));
    buffer_free(&pem);
}

/* --- leaves ---------------------------------------------------------------- */

static struct tls_context *find(struct leaves *l, const struct ca *ca,
                                const char *host, int64_t now)
{
    struct tls_context *context;

    assert_int_equal(leaves_find(l, ca, host, now, &context), STATUS_OK);
    assert_non_null(context);
    return context;
}

static void leaves_are_made_once_and_again_in_time(void **state)
{
    static const char *const names[] = { "a.test" };
    static const int64_t day = 24 * 60 * 60;
    struct leaves l = { .asked = 0 };
    struct tls_context *first;
    struct ca ca, other;

    (void)state;
    make_ca(&ca, names, 1);
    first = find(&l, &ca, "a.test", NOW);
    assert_ptr_equal(find(&l, &ca, "a.test", NOW + day), first);
    tls_context_hold(first); /* so that its place cannot be used again */
    assert_ptr_not_equal(find(&l, &ca, "www.a.test", NOW), first);
    assert_ptr_not_equal(find(&l, &ca, "a.test", NOW + 6 * day + 1), first);
    make_ca(&other, names, 1);
    for (size_t i = 0; i < 2 * LEAVES_MAX; i++) {
        char host[32];

        (void)snprintf(host, sizeof(host), "h%zu.a.test", i);
        (void)find(&l, &other, host, NOW);
    }
    tls_context_free(first);
    leaves_clear(&l);
    free_ca(&ca);
    free_ca(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(it_covers_its_names_and_those_below),
        cmocka_unit_test(what_is_cut_or_bent_ends_well),
        cmocka_unit_test(a_certificate_without_constraints_is_none),
        cmocka_unit_test(too_many_names_do_not_fit),
        cmocka_unit_test(a_key_is_kept_in_pem),
        cmocka_unit_test(leaves_are_made_once_and_again_in_time),
    };

    if (!secret_init())
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
