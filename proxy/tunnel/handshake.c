#include "proxy/tunnel/handshake.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>

#include "common/secret.h"
#include "proxy/tunnel/flow.h"
#include "proxy/tunnel/wire_in.h"
#include "proxy/tunnel/wire_out.h"

#define CLAUSE        "PROTOCOL 4"
#define KEY_MAX_BYTES 64 /* of the settings' map */
#define PAIRS_MAX     32 /* unknown ones included */

void handshake_init(struct handshake *h, const struct session_config *config,
                    const uint8_t challenge[static SESSION_CHALLENGE_BYTES])
{
    *h = (struct handshake){ .aes = config->aes,
                             .chacha = config->allow_chacha };
    memcpy(h->challenge, challenge, sizeof(h->challenge));
}

void handshake_fini(struct handshake *h)
{
    enum aead_suite suite = h->suite;

    free(h->message);
    secret_wipe(h, sizeof(*h));
    h->suite = suite;
}

/* The announcement. */

void handshake_identify(struct handshake *h,
                        const struct session_config *config,
                        const struct session_identity *identity,
                        struct announce *out)
{
    memcpy(h->secret_key, identity->secret_key, sizeof(h->secret_key));
    *out = (struct announce){
        .public_key = slice_of(identity->public_key, SESSION_KEY_BYTES),
        .quote = identity->quote,
        .challenged = identity->challenged,
        .epoch = identity->epoch,
        .issued_unix = identity->issued_unix,
        .aes = h->aes,
        .chacha = h->chacha,
        .streams_max = config->streams_max,
        .first_credit = STREAM_CREDIT_BYTES,
    };
    if (!identity->challenged)
        out->nonce = slice_of(identity->nonce, ANNOUNCE_NONCE_BYTES);
    if (identity->stapled != NULL)
        out->stapled = *identity->stapled;
    out->is_snp = identity->snp != NULL;
    if (out->is_snp)
        out->snp = *identity->snp;
}

/* "veritee/2" || 0x00 || challenge || SHA-512(announcement) */
void handshake_bind(struct handshake *h, struct slice message)
{
    struct builder b = builder_over(h->prologue, sizeof(h->prologue));
    uint8_t hash[crypto_hash_sha512_BYTES];

    (void)crypto_hash_sha512(hash, message.at, message.len);
    builder_text(&b, "veritee/2");
    builder_u8(&b, 0);
    builder_bytes(&b, SLICE_OF(h->challenge));
    builder_bytes(&b, SLICE_OF(hash));
    assert(builder_ok(&b) && b.len == HANDSHAKE_PROLOGUE_BYTES);
}

/* The fastest that both have. */
static enum aead_suite choose(const struct handshake *h)
{
    if (h->aes && h->announce.aes)
        return AEAD_AESGCM;
    return h->chacha && h->announce.chacha ? AEAD_CHACHAPOLY : AEAD_NONE;
}

enum status handshake_take_announcement(struct handshake *h,
                                        struct slice message, struct why *why)
{
    struct slice kept;
    enum status st;

    if (message.len > ANNOUNCE_MAX_BYTES)
        return why_fail(why, STATUS_BAD_FIELD, "server_kx", "PROTOCOL 2",
                        "%zu bytes, more than %d", message.len,
                        ANNOUNCE_MAX_BYTES);
    h->message = malloc(MAX_OF(message.len, 1));
    if (h->message == NULL)
        return why_fail(why, STATUS_NO_MEMORY, "server_kx", NULL, "no memory");
    memcpy(h->message, message.at, message.len);
    kept = slice_of(h->message, message.len);
    st = announce_parse(kept, &h->announce, why);
    if (st != STATUS_OK)
        return st;
    h->suite = choose(h);
    if (h->suite == AEAD_NONE)
        return why_fail(why, STATUS_BAD_HANDSHAKE, "server_kx.veritee.suites",
                        CLAUSE, "no suite that we have too");
    handshake_bind(h, kept);
    return STATUS_OK;
}

struct session_evidence handshake_evidence(const struct handshake *h)
{
    const struct announce *a = &h->announce;
    struct session_evidence e = {
        .quote = a->quote,
        .public_key = a->public_key,
        .challenge = SLICE_OF(h->challenge),
        .challenged = a->challenged,
        .issued_unix = a->issued_unix,
        .stapled = a->stapled,
        .is_snp = a->is_snp,
        .vcek = a->snp.vcek,
    };

    if (a->challenged)
        session_challenge_binding(h->challenge, a->public_key.at,
                                  e.report_data);
    else
        session_epoch_binding(a->nonce.at, a->issued_unix, a->public_key.at,
                              e.report_data);
    return e;
}

/* Settings: a map. Keys that this version does not know are passed over. */

static enum status read_settings(struct slice payload, uint32_t *first_credit,
                                 struct why *why)
{
    struct wire_in in = wire_in_over(payload, WIRE_DETERMINISTIC);
    struct wire_list pairs = wire_in_map(&in, PAIRS_MAX);

    while (wire_in_more(&in, &pairs)) {
        struct slice key = wire_in_text(&in, KEY_MAX_BYTES);

        if (first_credit != NULL && slice_equal(key, slice_text("credit")))
            *first_credit = (uint32_t)wire_in_uint(&in, FLOW_CREDIT_MAX);
        else
            wire_in_skip(&in);
    }
    if (wire_in_finish(&in))
        return STATUS_OK;
    return why_fail(why, STATUS_BAD_HANDSHAKE, "handshake.settings", CLAUSE,
                    "not a map of settings");
}

/* The two messages. */

static void start_noise(struct handshake *h, enum noise_role role,
                        const uint8_t key[static NOISE_KEY_BYTES])
{
    uint8_t ephemeral[NOISE_KEY_BYTES];

    secret_random(ephemeral, sizeof(ephemeral));
    noise_init(&h->noise, role, h->suite, SLICE_OF(h->prologue), key,
               ephemeral);
    secret_wipe(ephemeral, sizeof(ephemeral));
}

/* |st| of noise.h, told. */
static enum status not_made(enum status st, struct why *why)
{
    if (st == STATUS_NO_MEMORY)
        return why_fail(why, st, "handshake", NULL, "no memory");
    return why_fail(why, st, "handshake", CLAUSE, "a key of small order");
}

static enum status not_opened(enum status st, size_t len, struct why *why)
{
    if (st == STATUS_NO_MEMORY)
        return why_fail(why, st, "handshake", NULL, "no memory");
    return why_fail(why, st, "handshake", CLAUSE,
                    "a message of %zu bytes made for another key, challenge, "
                    "announcement or suite, or altered",
                    len);
}

enum status handshake_write_hello(struct handshake *h, struct builder *out,
                                  struct why *why)
{
    uint8_t settings[HANDSHAKE_SETTINGS_MAX_BYTES];
    struct builder b = builder_over(settings, sizeof(settings));
    enum status st;

    wire_out_map(&b, 1);
    wire_out_text(&b, "credit");
    wire_out_uint(&b, STREAM_CREDIT_BYTES);
    start_noise(h, NOISE_INITIATOR, h->announce.public_key.at);
    builder_u8(out, (uint8_t)h->suite);
    st = noise_write(&h->noise, builder_view(&b), out);
    return st == STATUS_OK ? STATUS_OK : not_made(st, why);
}

/* The suite that |message| names, if we offered it. */
static enum aead_suite suite_of(const struct handshake *h,
                                const uint8_t *message, size_t len)
{
    if (len < 1 + NOISE_OVERHEAD_BYTES || len > HANDSHAKE_MAX_BYTES)
        return AEAD_NONE;
    if (message[0] == AEAD_AESGCM && h->aes)
        return AEAD_AESGCM;
    return message[0] == AEAD_CHACHAPOLY && h->chacha ? AEAD_CHACHAPOLY
                                                      : AEAD_NONE;
}

static enum status write_reply(struct handshake *h, struct builder *out,
                               struct why *why)
{
    uint8_t settings[HANDSHAKE_SETTINGS_MAX_BYTES];
    struct builder b = builder_over(settings, sizeof(settings));
    enum status st;

    wire_out_map(&b, 0);
    st = noise_write(&h->noise, builder_view(&b), out);
    return st == STATUS_OK ? STATUS_OK : not_made(st, why);
}

enum status handshake_take_hello(struct handshake *h, uint8_t *message,
                                 size_t len, struct builder *out,
                                 struct handshake_result *result,
                                 struct why *why)
{
    uint32_t first_credit = 0;
    struct slice payload;
    enum status st;

    *result = (struct handshake_result){ 0 };
    h->suite = suite_of(h, message, len);
    if (h->suite == AEAD_NONE)
        return why_fail(why, STATUS_BAD_HANDSHAKE, "handshake.suite", CLAUSE,
                        "%zu bytes, or a suite that was not offered", len);
    start_noise(h, NOISE_RESPONDER, h->secret_key);
    st = noise_read(&h->noise, message + 1, len - 1, &payload);
    if (st != STATUS_OK)
        return not_opened(st, len, why);
    st = read_settings(payload, &first_credit, why);
    if (st == STATUS_OK)
        st = write_reply(h, out, why);
    if (st != STATUS_OK)
        return st;
    noise_split(&h->noise, &result->keys);
    result->first_credit = first_credit;
    return STATUS_OK;
}

enum status handshake_take_reply(struct handshake *h, uint8_t *message,
                                 size_t len, struct handshake_result *result,
                                 struct why *why)
{
    enum status st = STATUS_BAD_HANDSHAKE;
    struct slice payload;

    *result = (struct handshake_result){ 0 };
    if (len <= HANDSHAKE_MAX_BYTES)
        st = noise_read(&h->noise, message, len, &payload);
    if (st != STATUS_OK)
        return not_opened(st, len, why);
    st = read_settings(payload, NULL, why);
    if (st != STATUS_OK)
        return st;
    noise_split(&h->noise, &result->keys);
    result->first_credit = h->announce.first_credit;
    return STATUS_OK;
}
