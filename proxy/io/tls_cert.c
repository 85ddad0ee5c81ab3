#include "proxy/io/tls_cert.h"

#include <stdio.h>
#include <string.h>

#include "common/cert_out.h"
#include "common/der_out.h"
#include "common/limits.h"
#include "common/secret.h"

#define ORGANIZATION "Veritee"
#define LEAF_NAME    "Veritee, on this computer"

/* Bits of KeyUsage, RFC 5280 section 4.2.1.3. */
#define DIGITAL_SIGNATURE 0x80
#define KEY_CERT_SIGN     0x04

#define SERIAL_BYTES 16 /* random: unique without being counted */

static void put_serial(struct builder *b)
{
    uint8_t serial[SERIAL_BYTES];

    secret_random(serial, sizeof(serial));
    serial[0] = (uint8_t)((serial[0] & 0x7f) | 0x40); /* of this many bytes */
    der_out_unsigned(b, SLICE_OF(serial));
}

static void put_key_id(const struct tls_key *key,
                       void (*put)(const uint8_t id[20], struct builder *b),
                       struct builder *b)
{
    uint8_t id[20];

    tls_key_id(key, id);
    put(id, b);
}

/* Certificates for servers (serverAuth), and for nothing else. */
static void put_purpose(struct builder *b)
{
    static const uint8_t server_auth[] = { 0x2b, 0x06, 0x01, 0x05,
                                           0x05, 0x07, 0x03, 0x01 };
    uint8_t room[16];
    struct builder value = builder_over(room, sizeof(room));
    size_t list = der_out_open(&value, DER_SEQUENCE);

    der_out_put(&value, DER_OID, SLICE_OF(server_auth));
    der_out_close(&value, list);
    cert_out_extension(CERT_OUT_EXTENDED_KEY_USAGE, false, builder_view(&value),
                       b);
}

/* One GeneralSubtree. */
static void put_subtree(struct builder *b, uint8_t tag, struct slice base)
{
    size_t subtree = der_out_open(b, DER_SEQUENCE);

    der_out_put(b, tag, base);
    der_out_close(b, subtree);
}

/* Constraints bind only names of the kinds that they speak of: all addresses
 * are excluded in so many words, as an address and a mask of zeros. */
static void put_name_constraints(const char *const *names, size_t count,
                                 struct builder *b)
{
    static const uint8_t zeros[2 * 16];
    uint8_t room[CERT_MAX_BYTES];
    struct builder value = builder_over(room, sizeof(room));
    size_t whole = der_out_open(&value, DER_SEQUENCE);
    size_t part = der_out_open(&value, DER_CONTEXT_CONSTRUCTED_0);

    for (size_t i = 0; i < count; i++)
        put_subtree(&value, DER_CONTEXT_2, slice_text(names[i]));
    der_out_close(&value, part);
    part = der_out_open(&value, DER_CONTEXT_CONSTRUCTED_1);
    put_subtree(&value, DER_CONTEXT_7, slice_of(zeros, 2 * 4));
    put_subtree(&value, DER_CONTEXT_7, slice_of(zeros, 2 * 16));
    der_out_close(&value, part);
    der_out_close(&value, whole);
    if (!builder_ok(&value))
        b->failed = true;
    cert_out_extension(CERT_OUT_NAME_CONSTRAINTS, true, builder_view(&value),
                       b);
}

/* The only name that counts (RFC 9525 section 2). */
static void put_alt_name(const char *host, struct builder *b)
{
    uint8_t room[512];
    struct builder value = builder_over(room, sizeof(room));
    size_t list = der_out_open(&value, DER_SEQUENCE);

    der_out_put(&value, DER_CONTEXT_2, slice_text(host));
    der_out_close(&value, list);
    if (!builder_ok(&value))
        b->failed = true;
    cert_out_extension(CERT_OUT_ALT_NAMES, false, builder_view(&value), b);
}

/* The beginning of a TBSCertificate, to where its issuer stands. */
static size_t open_tbs(struct builder *b)
{
    size_t tbs = der_out_open(b, DER_SEQUENCE);

    cert_out_version(b);
    put_serial(b);
    tls_key_algorithm(b);
    return tbs;
}

static void seal(const struct tls_key *key, const struct builder *tbs,
                 struct builder *b)
{
    if (!builder_ok(tbs))
        b->failed = true;
    else
        tls_key_seal(key, builder_view(tbs), b);
}

void tls_cert_ca_name(const uint8_t id[20], char out[TLS_CERT_NAME_ROOM])
{
    (void)snprintf(out, TLS_CERT_NAME_ROOM, "Veritee local CA %02x%02x%02x%02x",
                   id[0], id[1], id[2], id[3]);
}

static void put_ca_name(const struct tls_key *key, struct builder *b)
{
    uint8_t id[20];
    char name[TLS_CERT_NAME_ROOM];

    tls_key_id(key, id);
    tls_cert_ca_name(id, name);
    cert_out_name(name, ORGANIZATION, b);
}

void tls_cert_ca(const struct tls_key *key, const char *const *names,
                 size_t count, const struct tls_cert_span *span,
                 struct builder *b)
{
    uint8_t room[CERT_MAX_BYTES];
    struct builder tbs = builder_over(room, sizeof(room));
    size_t whole = open_tbs(&tbs);
    size_t wrapper, list;

    put_ca_name(key, &tbs);
    cert_out_validity(span->from_unix, span->until_unix, &tbs);
    put_ca_name(key, &tbs);
    tls_key_spki(key, &tbs);
    wrapper = der_out_open(&tbs, DER_CONTEXT_CONSTRUCTED_3);
    list = der_out_open(&tbs, DER_SEQUENCE);
    cert_out_constraints(true, 0, &tbs);
    cert_out_key_usage(KEY_CERT_SIGN, &tbs);
    put_purpose(&tbs);
    put_name_constraints(names, count, &tbs);
    put_key_id(key, cert_out_subject_id, &tbs);
    der_out_close(&tbs, list);
    der_out_close(&tbs, wrapper);
    der_out_close(&tbs, whole);
    seal(key, &tbs, b);
}

void tls_cert_leaf(const struct tls_key *ca_key, struct slice ca_subject,
                   const struct tls_key *key, const char *host,
                   const struct tls_cert_span *span, struct builder *b)
{
    uint8_t room[CERT_MAX_BYTES];
    struct builder tbs = builder_over(room, sizeof(room));
    size_t whole = open_tbs(&tbs);
    size_t wrapper, list;

    builder_bytes(&tbs, ca_subject);
    cert_out_validity(span->from_unix, span->until_unix, &tbs);
    cert_out_name(LEAF_NAME, ORGANIZATION, &tbs);
    tls_key_spki(key, &tbs);
    wrapper = der_out_open(&tbs, DER_CONTEXT_CONSTRUCTED_3);
    list = der_out_open(&tbs, DER_SEQUENCE);
    cert_out_constraints(false, 0, &tbs);
    cert_out_key_usage(DIGITAL_SIGNATURE, &tbs);
    put_purpose(&tbs);
    put_alt_name(host, &tbs);
    put_key_id(key, cert_out_subject_id, &tbs);
    put_key_id(ca_key, cert_out_authority_id, &tbs);
    der_out_close(&tbs, list);
    der_out_close(&tbs, wrapper);
    der_out_close(&tbs, whole);
    seal(ca_key, &tbs, b);
}
