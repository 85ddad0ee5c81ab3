#include "proxy/tunnel/announce.h"

#include <inttypes.h>

#include "common/cursor.h"
#include "proxy/tunnel/aead.h"
#include "proxy/tunnel/flow.h"
#include "proxy/tunnel/wire_in.h"
#include "proxy/tunnel/wire_map.h"
#include "proxy/tunnel/wire_out.h"

#define CLAUSE           "PROTOCOL 2"
#define SUITES_MAX       16   /* unknown ones included */
#define FIELDS_MAX_BYTES 1024 /* a message without its longer byte strings */
#define PEM_MAX_BYTES    (2 * CERT_MAX_BYTES) /* of one certificate */
#define ISSUED_BYTES     8

/* In the order of struct session_stapled. */
static const char *const stapled_keys[SESSION_STAPLED_ITEMS] = {
    "tcb_info",    "tcb_info_issuer_chain",
    "qe_identity", "qe_identity_issuer_chain",
    "pck_crl",     "pck_crl_issuer_chain",
    "root_ca_crl", "ark_crl",
};

static size_t stapled_count(const struct announce *a)
{
    size_t count = 0;

    for (size_t i = 0; i < SESSION_STAPLED_ITEMS; i++)
        count += a->stapled.item[i].len > 0;
    return count;
}

size_t announce_room(const struct announce *a)
{
    size_t room = FIELDS_MAX_BYTES + a->quote.len + a->snp.vcek.len +
                  a->snp.ask.len + a->snp.ark.len;

    for (size_t i = 0; i < SESSION_STAPLED_ITEMS; i++)
        room += a->stapled.item[i].len;
    return room;
}

static void put_verifier_data(const struct announce *a, struct builder *out)
{
    uint8_t issued[ISSUED_BYTES];
    struct builder b = builder_over(issued, sizeof(issued));

    wire_out_text(out, "verifier_data");
    if (a->challenged) {
        wire_out_null(out);
        return;
    }
    builder_u64be(&b, (uint64_t)a->issued_unix);
    wire_out_map(out, 3);
    wire_out_text(out, "iat");
    wire_out_bytes(out, builder_view(&b));
    wire_out_text(out, "val");
    wire_out_bytes(out, a->nonce);
    wire_out_text(out, "signature");
    wire_out_bytes(out, (struct slice){ 0 });
}

static void put_suites(const struct announce *a, struct builder *out)
{
    wire_out_text(out, "suites");
    wire_out_array(out, (size_t)a->aes + (size_t)a->chacha);
    if (a->aes)
        wire_out_uint(out, AEAD_AESGCM);
    if (a->chacha)
        wire_out_uint(out, AEAD_CHACHAPOLY);
}

static void put_stapled(const struct announce *a, struct builder *out)
{
    wire_out_text(out, "collateral");
    wire_out_map(out, stapled_count(a));
    for (size_t i = 0; i < SESSION_STAPLED_ITEMS; i++) {
        if (a->stapled.item[i].len == 0)
            continue;
        wire_out_text(out, stapled_keys[i]);
        wire_out_bytes(out, a->stapled.item[i]);
    }
}

static void put_veritee(const struct announce *a, struct builder *out)
{
    bool stapled = stapled_count(a) > 0;

    wire_out_text(out, "veritee");
    wire_out_map(out, stapled ? 7 : 6);
    wire_out_text(out, "version");
    wire_out_uint(out, ANNOUNCE_VERSION);
    wire_out_text(out, "epoch");
    wire_out_uint(out, a->epoch);
    wire_out_text(out, "issued");
    wire_out_uint(out, (uint64_t)a->issued_unix);
    put_suites(a, out);
    wire_out_text(out, "limits");
    wire_out_map(out, 2);
    wire_out_text(out, "streams");
    wire_out_uint(out, a->streams_max);
    wire_out_text(out, "credit");
    wire_out_uint(out, a->first_credit);
    wire_out_text(out, "challenged");
    wire_out_bool(out, a->challenged);
    if (stapled)
        put_stapled(a, out);
}

static void put_pem(const char *key, struct slice pem, struct builder *out)
{
    wire_out_text(out, key);
    if (pem.len == 0)
        wire_out_null(out);
    else
        wire_out_text_slice(out, pem);
}

static void put_snp(const struct announce *a, struct builder *out)
{
    wire_out_text(out, "sev_snp_data");
    if (!a->is_snp) {
        wire_out_null(out);
        return;
    }
    wire_out_map(out, 3);
    put_pem("vcek_cert", a->snp.vcek, out);
    put_pem("ask_cert", a->snp.ask, out);
    put_pem("ark_cert", a->snp.ark, out);
}

void announce_encode(const struct announce *a, struct builder *out)
{
    wire_out_map(out, 7);
    wire_out_text(out, "type");
    wire_out_text(out, "server_kx");
    wire_out_text(out, "x25519PublicKey");
    wire_out_bytes(out, a->public_key);
    wire_out_text(out, "quote");
    wire_out_bytes(out, a->quote);
    wire_out_text(out, "runtime_data");
    wire_out_null(out);
    put_verifier_data(a, out);
    put_snp(a, out);
    put_veritee(a, out);
}

/* Reading. */

struct reading {
    struct announce announce;
    bool has_nonce;
    int64_t nonce_issued_unix;
};

static void read_type(struct wire_in *in, void *out, struct why *why)
{
    (void)out;
    (void)why; /* wire_map.c fills it, here and below */
    if (!slice_equal(wire_in_text(in, WIRE_MAP_KEY_BYTES),
                     slice_text("server_kx")))
        wire_in_fail(in);
}

static struct slice exact_bytes(struct wire_in *in, size_t len)
{
    struct slice bytes = wire_in_bytes(in, len);

    if (bytes.len != len)
        wire_in_fail(in);
    return bytes;
}

static void read_public_key(struct wire_in *in, void *out, struct why *why)
{
    struct reading *r = out;

    (void)why;
    r->announce.public_key = exact_bytes(in, SESSION_KEY_BYTES);
}

static void read_quote(struct wire_in *in, void *out, struct why *why)
{
    struct reading *r = out;

    (void)why;
    r->announce.quote = wire_in_bytes(in, QUOTE_MAX_BYTES);
    if (r->announce.quote.len == 0)
        wire_in_fail(in);
}

static void read_iat(struct wire_in *in, void *out, struct why *why)
{
    struct reading *r = out;
    struct cursor c = cursor_over(exact_bytes(in, ISSUED_BYTES));
    uint64_t issued = cursor_u64be(&c);

    (void)why;
    if (issued > INT64_MAX)
        wire_in_fail(in);
    else
        r->nonce_issued_unix = (int64_t)issued;
}

static void read_val(struct wire_in *in, void *out, struct why *why)
{
    struct reading *r = out;

    (void)why;
    r->announce.nonce = exact_bytes(in, ANNOUNCE_NONCE_BYTES);
}

/* clang-format off */
static const struct wire_map_field verifier_fields[] = {
    { "iat", "server_kx.verifier_data.iat", "8 bytes, at most 2^63-1", read_iat, STATUS_BAD_FIELD },
    { "val", "server_kx.verifier_data.val", "32 bytes", read_val, STATUS_BAD_FIELD },
    { "signature", "server_kx.verifier_data.signature", NULL, NULL, STATUS_OK },
};
/* clang-format on */
static const struct wire_map verifier_map = { "server_kx.verifier_data", CLAUSE,
                                              verifier_fields,
                                              COUNT_OF(verifier_fields) };

static void read_verifier_data(struct wire_in *in, void *out, struct why *why)
{
    struct reading *r = out;

    if (wire_in_null(in))
        return;
    (void)wire_map_read(&verifier_map, in, out, why);
    r->has_nonce = true;
}

static void read_vcek(struct wire_in *in, void *out, struct why *why)
{
    struct reading *r = out;

    (void)why;
    if (!wire_in_null(in))
        r->announce.snp.vcek = wire_in_text(in, PEM_MAX_BYTES);
}

/* clang-format off */
static const struct wire_map_field snp_fields[] = {
    { "vcek_cert", "server_kx.sev_snp_data.vcek_cert", "null or a text of at most 16384 bytes", read_vcek, STATUS_OK },
    { "ask_cert", "server_kx.sev_snp_data.ask_cert", NULL, NULL, STATUS_OK },
    { "ark_cert", "server_kx.sev_snp_data.ark_cert", NULL, NULL, STATUS_OK },
};
/* clang-format on */
static const struct wire_map snp_map = { "server_kx.sev_snp_data", CLAUSE,
                                         snp_fields, COUNT_OF(snp_fields) };

static void read_snp(struct wire_in *in, void *out, struct why *why)
{
    struct reading *r = out;

    if (wire_in_null(in))
        return;
    (void)wire_map_read(&snp_map, in, out, why);
    r->announce.is_snp = true;
}

static void read_version(struct wire_in *in, void *out, struct why *why)
{
    uint64_t version = wire_in_uint(in, UINT64_MAX);

    (void)out;
    if (!wire_in_ok(in) || version == ANNOUNCE_VERSION)
        return;
    wire_in_fail(in);
    (void)why_fail(why, STATUS_BAD_VERSION, "server_kx.veritee.version", CLAUSE,
                   "%" PRIu64, version);
    (void)why_expect(why, "%d", ANNOUNCE_VERSION);
}

static void read_epoch(struct wire_in *in, void *out, struct why *why)
{
    struct reading *r = out;

    (void)why;
    r->announce.epoch = wire_in_uint(in, UINT64_MAX);
}

static void read_issued(struct wire_in *in, void *out, struct why *why)
{
    struct reading *r = out;

    (void)why;
    r->announce.issued_unix = (int64_t)wire_in_uint(in, INT64_MAX);
}

static void read_suites(struct wire_in *in, void *out, struct why *why)
{
    struct reading *r = out;
    struct wire_list list = wire_in_array(in, SUITES_MAX);

    (void)why;
    while (wire_in_more(in, &list)) {
        uint64_t suite = wire_in_uint(in, UINT8_MAX);

        r->announce.aes = r->announce.aes || suite == AEAD_AESGCM;
        r->announce.chacha = r->announce.chacha || suite == AEAD_CHACHAPOLY;
    }
}

static void read_streams(struct wire_in *in, void *out, struct why *why)
{
    struct reading *r = out;

    (void)why;
    r->announce.streams_max = (uint32_t)wire_in_uint(in, UINT32_MAX);
    if (r->announce.streams_max == 0)
        wire_in_fail(in);
}

static void read_credit(struct wire_in *in, void *out, struct why *why)
{
    struct reading *r = out;

    (void)why;
    r->announce.first_credit = (uint32_t)wire_in_uint(in, FLOW_CREDIT_MAX);
}

/* clang-format off */
static const struct wire_map_field limits_fields[] = {
    { "streams", "server_kx.veritee.limits.streams", "1 to 2^32-1", read_streams, STATUS_BAD_FIELD },
    { "credit", "server_kx.veritee.limits.credit", "0 to 2^31-1", read_credit, STATUS_BAD_FIELD },
};
/* clang-format on */
static const struct wire_map limits_map = { "server_kx.veritee.limits", CLAUSE,
                                            limits_fields,
                                            COUNT_OF(limits_fields) };

static void read_limits(struct wire_in *in, void *out, struct why *why)
{
    (void)wire_map_read(&limits_map, in, out, why);
}

static void read_challenged(struct wire_in *in, void *out, struct why *why)
{
    struct reading *r = out;

    (void)why;
    r->announce.challenged = wire_in_bool(in);
}

static void read_stapled(struct wire_in *in, void *out, struct why *why)
{
    struct reading *r = out;
    struct wire_list pairs = wire_in_map(in, WIRE_MAP_PAIRS_MAX);

    (void)why;
    while (wire_in_more(in, &pairs)) {
        struct slice key = wire_in_text(in, WIRE_MAP_KEY_BYTES);
        struct slice *item = NULL;

        for (size_t i = 0; i < SESSION_STAPLED_ITEMS; i++)
            if (slice_equal(key, slice_text(stapled_keys[i])))
                item = &r->announce.stapled.item[i];
        if (item == NULL)
            wire_in_skip(in);
        else if (item->len > 0)
            wire_in_fail(in); /* twice */
        else
            *item = wire_in_bytes(in, COLLATERAL_MAX_BYTES);
    }
}

/* clang-format off */
static const struct wire_map_field veritee_fields[] = {
    { "version", "server_kx.veritee.version", "a number", read_version, STATUS_BAD_FIELD },
    { "epoch", "server_kx.veritee.epoch", "a number", read_epoch, STATUS_BAD_FIELD },
    { "issued", "server_kx.veritee.issued", "0 to 2^63-1", read_issued, STATUS_BAD_FIELD },
    { "suites", "server_kx.veritee.suites", "at most 16 numbers below 256", read_suites, STATUS_BAD_FIELD },
    { "limits", "server_kx.veritee.limits", "a map", read_limits, STATUS_BAD_FIELD },
    { "challenged", "server_kx.veritee.challenged", "true or false", read_challenged, STATUS_BAD_FIELD },
    { "collateral", "server_kx.veritee.collateral", "a map of byte strings, each key once", read_stapled, STATUS_OK },
};
/* clang-format on */
static const struct wire_map veritee_map = { "server_kx.veritee", CLAUSE,
                                             veritee_fields,
                                             COUNT_OF(veritee_fields) };

static void read_veritee(struct wire_in *in, void *out, struct why *why)
{
    (void)wire_map_read(&veritee_map, in, out, why);
}

/* clang-format off */
static const struct wire_map_field fields[] = {
    { "type", "server_kx.type", "\"server_kx\"", read_type, STATUS_BAD_FIELD },
    { "x25519PublicKey", "server_kx.x25519PublicKey", "32 bytes", read_public_key, STATUS_BAD_FIELD },
    { "quote", "server_kx.quote", "1 to 65536 bytes", read_quote, STATUS_BAD_FIELD },
    { "runtime_data", "server_kx.runtime_data", NULL, NULL, STATUS_OK },
    { "verifier_data", "server_kx.verifier_data", "null or a map", read_verifier_data, STATUS_OK },
    { "sev_snp_data", "server_kx.sev_snp_data", "null or a map", read_snp, STATUS_OK },
    { "veritee", "server_kx.veritee", "a map: the server must speak veritee/2", read_veritee, STATUS_BAD_VERSION },
};
/* clang-format on */
static const struct wire_map map = { "server_kx", CLAUSE, fields,
                                     COUNT_OF(fields) };

/* An epoch's quote is bound to a nonce and a time, a challenge's to neither. */
static enum status check_binding_data(const struct reading *r, struct why *why)
{
    const struct announce *a = &r->announce;

    if (a->challenged && r->has_nonce) {
        (void)why_fail(why, STATUS_BAD_FIELD, "server_kx.verifier_data", CLAUSE,
                       "a nonce, with a quote for a challenge");
        return why_expect(why, "null");
    }
    if (!a->challenged && !r->has_nonce) {
        (void)why_fail(why, STATUS_BAD_FIELD, "server_kx.verifier_data", CLAUSE,
                       "no nonce, with a quote for an epoch");
        return why_expect(why, "a map");
    }
    if (!a->challenged && a->issued_unix != r->nonce_issued_unix)
        return why_fail(why, STATUS_BAD_FIELD, "server_kx.veritee.issued",
                        CLAUSE, "another time than in verifier_data.iat");
    return STATUS_OK;
}

enum status announce_parse(struct slice message, struct announce *out,
                           struct why *why)
{
    struct wire_in in = wire_in_over(message, WIRE_ANY);
    struct reading r = { .has_nonce = false };
    enum status st;

    *out = (struct announce){ 0 };
    *why = (struct why){ 0 };
    (void)wire_map_read(&map, &in, &r, why);
    if (!wire_in_ok(&in))
        return why->status;
    if (!wire_in_finish(&in)) {
        (void)why_fail(why, STATUS_TRAILING, "server_kx", CLAUSE,
                       "bytes behind the map");
        return why_expect(why, "one map");
    }
    st = check_binding_data(&r, why);
    if (st == STATUS_OK)
        *out = r.announce;
    return st;
}
