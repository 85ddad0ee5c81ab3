#include "proxy/tunnel/teekit_envelope.h"

#include "common/limits.h"
#include "proxy/tunnel/wire_map.h"
#include "proxy/tunnel/wire_out.h"

#define CLAUSE         "PROTOCOL 13.2"
#define TYPE_MAX_BYTES 64
#define DATA_MAX_BYTES 4096 /* binding data: real ones have up to 512 */

/* In the order of enum teekit_outer. */
static const char *const types[] = {
    NULL, "server_kx", "client_kx_ready", "client_kx", "enc",
};

static enum teekit_outer type_of(struct slice name)
{
    for (size_t i = TEEKIT_SERVER_KX; i < COUNT_OF(types); i++)
        if (slice_equal(name, slice_text(types[i])))
            return (enum teekit_outer)i;
    return TEEKIT_OTHER;
}

/* --- reading ------------------------------------------------------------- */

static struct slice exact_bytes(struct wire_in *in, size_t len)
{
    struct slice bytes = wire_in_bytes(in, len);

    if (bytes.len != len)
        wire_in_fail(in);
    return bytes;
}

static struct slice some_bytes(struct wire_in *in, size_t max)
{
    return wire_in_null(in) ? (struct slice){ 0 } : wire_in_bytes(in, max);
}

static struct slice some_text(struct wire_in *in, size_t max)
{
    return wire_in_null(in) ? (struct slice){ 0 } : wire_in_text(in, max);
}

static void read_type(struct wire_in *in, void *out, struct why *why)
{
    struct teekit_envelope *e = out;

    (void)why; /* wire_map.c fills it, here and below */
    e->type = type_of(wire_in_text(in, TYPE_MAX_BYTES));
}

static void read_public_key(struct wire_in *in, void *out, struct why *why)
{
    struct teekit_envelope *e = out;

    (void)why;
    e->public_key = exact_bytes(in, TEEKIT_KEY_BYTES);
}

static void read_quote(struct wire_in *in, void *out, struct why *why)
{
    struct teekit_envelope *e = out;

    (void)why;
    e->quote = wire_in_bytes(in, QUOTE_MAX_BYTES);
    if (e->quote.len == 0)
        wire_in_fail(in);
}

static void read_runtime(struct wire_in *in, void *out, struct why *why)
{
    struct teekit_envelope *e = out;

    (void)why;
    e->runtime = some_bytes(in, QUOTE_MAX_BYTES);
}

static void read_val(struct wire_in *in, void *out, struct why *why)
{
    struct teekit_envelope *e = out;

    (void)why;
    e->val = some_bytes(in, DATA_MAX_BYTES);
}

static void read_iat(struct wire_in *in, void *out, struct why *why)
{
    struct teekit_envelope *e = out;

    (void)why;
    e->iat = some_bytes(in, DATA_MAX_BYTES);
}

static void read_signature(struct wire_in *in, void *out, struct why *why)
{
    struct teekit_envelope *e = out;

    (void)why;
    e->signature = some_bytes(in, DATA_MAX_BYTES);
}

/* clang-format off */
static const struct wire_map_field data_fields[] = {
    { "iat",       "server_kx.verifier_data.iat",       "up to 4096 bytes", read_iat, STATUS_OK },
    { "val",       "server_kx.verifier_data.val",       "up to 4096 bytes", read_val, STATUS_OK },
    { "signature", "server_kx.verifier_data.signature", "up to 4096 bytes", read_signature, STATUS_OK },
};
/* clang-format on */

static const struct wire_map data_map = {
    .path = "server_kx.verifier_data",
    .clause = CLAUSE,
    .fields = data_fields,
    .count = COUNT_OF(data_fields),
};

static void read_data(struct wire_in *in, void *out, struct why *why)
{
    struct teekit_envelope *e = out;

    if (wire_in_null(in))
        return;
    if (wire_in_peek(in) == WIRE_BYTES) {
        e->data = TEEKIT_DATA_BYTES;
        read_val(in, out, why);
        return;
    }
    e->data = TEEKIT_DATA_MAP;
    (void)wire_map_read(&data_map, in, out, why);
}

static void read_vcek(struct wire_in *in, void *out, struct why *why)
{
    struct teekit_envelope *e = out;

    (void)why;
    e->vcek = some_text(in, CERT_MAX_BYTES);
}

static void read_ask(struct wire_in *in, void *out, struct why *why)
{
    struct teekit_envelope *e = out;

    (void)why;
    e->ask = some_text(in, CERT_MAX_BYTES);
}

static void read_ark(struct wire_in *in, void *out, struct why *why)
{
    struct teekit_envelope *e = out;

    (void)why;
    e->ark = some_text(in, CERT_MAX_BYTES);
}

/* clang-format off */
static const struct wire_map_field cert_fields[] = {
    { "vcek_cert", "server_kx.sev_snp_data.vcek_cert", "PEM or null", read_vcek, STATUS_OK },
    { "ask_cert",  "server_kx.sev_snp_data.ask_cert",  "PEM or null", read_ask, STATUS_OK },
    { "ark_cert",  "server_kx.sev_snp_data.ark_cert",  "PEM or null", read_ark, STATUS_OK },
};
/* clang-format on */

static const struct wire_map cert_map = {
    .path = "server_kx.sev_snp_data",
    .clause = CLAUSE,
    .fields = cert_fields,
    .count = COUNT_OF(cert_fields),
};

static void read_certs(struct wire_in *in, void *out, struct why *why)
{
    struct teekit_envelope *e = out;

    if (wire_in_null(in))
        return;
    e->has_certs = true;
    (void)wire_map_read(&cert_map, in, out, why);
}

static void read_veritee(struct wire_in *in, void *out, struct why *why)
{
    struct teekit_envelope *e = out;

    (void)why;
    e->veritee = wire_in_peek(in) == WIRE_MAP;
    wire_in_skip(in);
}

static void read_sealed(struct wire_in *in, void *out, struct why *why)
{
    struct teekit_envelope *e = out;

    (void)why;
    e->sealed = exact_bytes(in, TEEKIT_SEALED_BYTES);
}

static void read_nonce(struct wire_in *in, void *out, struct why *why)
{
    struct teekit_envelope *e = out;

    (void)why;
    e->nonce = exact_bytes(in, TEEKIT_NONCE_BYTES);
}

static void read_ciphertext(struct wire_in *in, void *out, struct why *why)
{
    struct teekit_envelope *e = out;

    (void)why;
    e->ciphertext = wire_in_bytes(in, SIZE_MAX); /* the caller has the limit */
    if (e->ciphertext.len < TEEKIT_TAG_BYTES)
        wire_in_fail(in);
}

/* In the order of |fields|. */
enum field {
    FIELD_TYPE,
    FIELD_PUBLIC_KEY,
    FIELD_QUOTE,
    FIELD_SEALED,
    FIELD_NONCE,
    FIELD_CIPHERTEXT,
};

/* clang-format off */
static const struct wire_map_field fields[] = {
    { "type",               "teekit.type",                  "a text", read_type, STATUS_OK },
    { "x25519PublicKey",    "server_kx.x25519PublicKey",    "32 bytes", read_public_key, STATUS_OK },
    { "quote",              "server_kx.quote",              "1 to 65536 bytes", read_quote, STATUS_OK },
    { "sealedSymmetricKey", "client_kx.sealedSymmetricKey", "80 bytes", read_sealed, STATUS_OK },
    { "nonce",              "enc.nonce",                    "24 bytes", read_nonce, STATUS_OK },
    { "ciphertext",         "enc.ciphertext",               "16 bytes or more", read_ciphertext, STATUS_OK },
    { "runtime_data",       "server_kx.runtime_data",       "null or up to 65536 bytes", read_runtime, STATUS_OK },
    { "verifier_data",      "server_kx.verifier_data",      "null, bytes or a map", read_data, STATUS_OK },
    { "sev_snp_data",       "server_kx.sev_snp_data",       "null or a map", read_certs, STATUS_OK },
    { "veritee",            "server_kx.veritee",            "a well-formed item", read_veritee, STATUS_OK },
};
/* clang-format on */

static const struct wire_map map = {
    .path = "teekit",
    .clause = CLAUSE,
    .fields = fields,
    .count = COUNT_OF(fields),
};

static void require(enum teekit_outer type, uint32_t seen, struct wire_in *in,
                    struct why *why)
{
    wire_map_require(&map, seen, FIELD_TYPE, in, why);
    switch (type) {
    case TEEKIT_OTHER:
    case TEEKIT_CLIENT_READY:
        return;
    case TEEKIT_SERVER_KX:
        wire_map_require(&map, seen, FIELD_PUBLIC_KEY, in, why);
        wire_map_require(&map, seen, FIELD_QUOTE, in, why);
        return;
    case TEEKIT_CLIENT_KX:
        wire_map_require(&map, seen, FIELD_SEALED, in, why);
        return;
    case TEEKIT_ENC:
        wire_map_require(&map, seen, FIELD_NONCE, in, why);
        wire_map_require(&map, seen, FIELD_CIPHERTEXT, in, why);
        return;
    }
}

/* Only what belongs to its type. */
static struct teekit_envelope reduce(const struct teekit_envelope *e)
{
    struct teekit_envelope only = { .type = e->type };

    switch (e->type) {
    case TEEKIT_OTHER:
    case TEEKIT_CLIENT_READY:
        break;
    case TEEKIT_SERVER_KX:
        only = *e;
        only.sealed = only.nonce = only.ciphertext = (struct slice){ 0 };
        break;
    case TEEKIT_CLIENT_KX:
        only.sealed = e->sealed;
        break;
    case TEEKIT_ENC:
        only.nonce = e->nonce;
        only.ciphertext = e->ciphertext;
        break;
    }
    return only;
}

enum status teekit_envelope_parse(struct slice message,
                                  struct teekit_envelope *out, struct why *why)
{
    struct wire_in in = wire_in_over(message, WIRE_ANY);
    struct teekit_envelope e = { 0 };
    uint32_t seen;

    *out = e;
    *why = (struct why){ 0 };
    seen = wire_map_read(&map, &in, &e, why);
    require(e.type, seen, &in, why);
    if (!wire_in_ok(&in))
        return why->status;
    if (!wire_in_finish(&in))
        return why_fail(why, STATUS_TRAILING, "teekit", CLAUSE,
                        "%zu bytes behind the map", in.left.len);
    *out = reduce(&e);
    return STATUS_OK;
}

/* --- writing ------------------------------------------------------------- */

#define FIXED_BYTES 512 /* keys, heads and words of any message */

size_t teekit_envelope_room(const struct teekit_envelope *e)
{
    return FIXED_BYTES + e->public_key.len + e->quote.len + e->runtime.len +
           e->val.len + e->iat.len + e->signature.len + e->vcek.len +
           e->ask.len + e->ark.len + e->sealed.len + e->nonce.len +
           e->ciphertext.len;
}

static void put_bytes(struct builder *b, enum teekit_style style,
                      const char *key, struct slice bytes)
{
    wire_out_text(b, key);
    teekit_write_bytes(b, style, bytes);
}

static void put_text(struct builder *b, const char *key, struct slice text)
{
    wire_out_text(b, key);
    if (text.len == 0)
        wire_out_null(b);
    else
        wire_out_text_slice(b, text);
}

static void put_data(const struct teekit_envelope *e, enum teekit_style style,
                     struct builder *b)
{
    wire_out_text(b, "verifier_data");
    switch (e->data) {
    case TEEKIT_DATA_NONE:
        wire_out_null(b);
        return;
    case TEEKIT_DATA_BYTES:
        teekit_write_bytes(b, style, e->val);
        return;
    case TEEKIT_DATA_MAP:
        teekit_write_map(b, style, 3);
        put_bytes(b, style, "iat", e->iat);
        put_bytes(b, style, "val", e->val);
        put_bytes(b, style, "signature", e->signature);
        return;
    }
}

static void put_certs(const struct teekit_envelope *e, enum teekit_style style,
                      struct builder *b)
{
    wire_out_text(b, "sev_snp_data");
    if (!e->has_certs) {
        wire_out_null(b);
        return;
    }
    teekit_write_map(b, style, 3);
    put_text(b, "vcek_cert", e->vcek);
    put_text(b, "ask_cert", e->ask);
    put_text(b, "ark_cert", e->ark);
}

static void put_server_kx(const struct teekit_envelope *e,
                          enum teekit_style style, struct builder *b)
{
    put_bytes(b, style, "x25519PublicKey", e->public_key);
    put_bytes(b, style, "quote", e->quote);
    wire_out_text(b, "runtime_data");
    if (e->runtime.len == 0)
        wire_out_null(b);
    else
        teekit_write_bytes(b, style, e->runtime);
    put_data(e, style, b);
    put_certs(e, style, b);
}

void teekit_envelope_encode(const struct teekit_envelope *e,
                            enum teekit_style style, struct builder *out)
{
    static const size_t pairs[] = {
        [TEEKIT_OTHER] = 0,        [TEEKIT_SERVER_KX] = 6,
        [TEEKIT_CLIENT_READY] = 1, [TEEKIT_CLIENT_KX] = 2,
        [TEEKIT_ENC] = 3,
    };

    teekit_write_map(out, style, pairs[e->type]);
    if (e->type != TEEKIT_OTHER)
        teekit_write_pair(out, "type", types[e->type]);
    switch (e->type) {
    case TEEKIT_OTHER:
    case TEEKIT_CLIENT_READY:
        return;
    case TEEKIT_SERVER_KX:
        put_server_kx(e, style, out);
        return;
    case TEEKIT_CLIENT_KX:
        put_bytes(out, style, "sealedSymmetricKey", e->sealed);
        return;
    case TEEKIT_ENC:
        put_bytes(out, style, "nonce", e->nonce);
        put_bytes(out, style, "ciphertext", e->ciphertext);
        return;
    }
}
