#include "verifier/teller.h"

void teller_part(const struct teller *t, enum explain_act act, const char *what,
                 struct slice whole, struct slice bytes)
{
    const struct explain_row row = { .check = t->check,
                                     .act = act,
                                     .sha384 = t->sha384,
                                     .what = what,
                                     .whole = whole,
                                     .bytes = bytes };

    if (bytes.len > 0)
        t->fn(t->ctx, &row);
}

void teller_bytes(const struct teller *t, enum explain_act act,
                  const char *what, struct slice bytes)
{
    teller_part(t, act, what, (struct slice){ 0 }, bytes);
}

void teller_number(const struct teller *t, enum explain_act act,
                   const char *what, uint32_t v)
{
    const uint8_t bytes[] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16),
                              (uint8_t)(v >> 8), (uint8_t)v };

    teller_bytes(t, act, what, SLICE_OF(bytes));
}

void teller_key(const struct teller *t, const struct x509 *cert)
{
    teller_bytes(t, EXPLAIN_KEY, cert->labels->of[X509_KEY], cert->key.bytes);
}

void teller_signed(const struct teller *t, const struct x509 *cert,
                   const struct x509 *issuer)
{
    teller_part(t, EXPLAIN_SIGNED, cert->labels->of[X509_WHOLE], cert->der,
                cert->tbs);
    teller_bytes(t, EXPLAIN_SIGNATURE, cert->labels->of[X509_SIGNATURE],
                 cert->signature);
    teller_key(t, issuer);
}
