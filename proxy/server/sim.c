#include "proxy/server/sim.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/builder.h"
#include "common/cursor.h"
#include "common/file.h"
#include "common/limits.h"
#include "common/pem_out.h"
#include "common/secret.h"
#include "proxy/server/sim_cert.h"
#include "proxy/server/sim_crl.h"
#include "proxy/server/sim_json.h"
#include "proxy/server/sim_quote.h"

/* A revocation list with 2000 entries takes 80 KB. */
#define SCRATCH_BYTES (256 * 1024)

/* What a simulation holds besides the signed DER of SIM_ROOT to SIM_PCK_CRL,
 * which come first. */
enum output {
    ROOT_PEM = SIM_PCK_CRL + 1,
    PCK_CHAIN, /* PEM, and so are the next two */
    TCB_CHAIN,
    PCK_CRL_CHAIN,
    SGX_TCB_INFO,
    TDX_TCB_INFO,
    SGX_QE_IDENTITY,
    TDX_QE_IDENTITY,
    SGX_TCB_NUMBERS,
    TDX_TCB_NUMBERS,
    OUTPUT_COUNT
};

/* Written once by sim_new(), then only read: quotes need no lock. */
struct sim {
    struct sim_options options;
    int64_t now_unix;
    struct sim_keys keys;
    struct buffer made[OUTPUT_COUNT]; /* by sim_item, then by output */
};

static struct slice made(const struct sim *sim, size_t which)
{
    return buffer_view(&sim->made[which]);
}

static bool is_missing(const struct sim *sim, enum sim_item item)
{
    return (sim->options.items[item].faults & SIM_MISSING) != 0;
}

static bool make_keys(struct sim_keys *keys)
{
    return tls_key_make(&keys->root) && tls_key_make(&keys->pck_ca) &&
           tls_key_make(&keys->pck) && tls_key_make(&keys->tcb_signing) &&
           tls_key_make(&keys->attestation) && tls_key_make(&keys->rogue);
}

/* Who signs a certificate or a list, if nothing is wrong. */
static const struct tls_key *signer_of(const struct sim *sim,
                                       enum sim_item item)
{
    if ((sim->options.items[item].faults & SIM_ROGUE) != 0)
        return &sim->keys.rogue;
    if (item == SIM_PCK || item == SIM_PCK_CRL)
        return &sim->keys.pck_ca;
    return &sim->keys.root;
}

static void make_signed(struct sim *sim, enum sim_item item,
                        struct builder *scratch)
{
    struct builder tbs = builder_over(scratch->out, scratch->room / 2);
    struct builder whole =
        builder_over(scratch->out + scratch->room / 2, scratch->room / 2);
    struct buffer *out = &sim->made[item];

    if (item <= SIM_TCB_SIGNING)
        sim_cert_tbs(&sim->options, &sim->keys, item, sim->now_unix, &tbs);
    else
        sim_crl_tbs(&sim->options, &sim->keys, item, sim->now_unix, &tbs);
    tls_key_seal(signer_of(sim, item), builder_view(&tbs), &whole);
    buffer_add(out, builder_view(&whole));
    if (!builder_ok(&tbs) || !builder_ok(&whole))
        out->failed = true;
}

static void put_chain(const struct sim *sim, const enum sim_item *items,
                      size_t count, struct buffer *out)
{
    for (size_t i = 0; i < count; i++)
        if (!is_missing(sim, items[i]))
            pem_out_cert(made(sim, items[i]), out);
}

static void make_chains(struct sim *sim)
{
    static const enum sim_item pck[] = { SIM_PCK, SIM_PCK_CA, SIM_ROOT };
    static const enum sim_item tcb[] = { SIM_TCB_SIGNING, SIM_ROOT };

    pem_out_cert(made(sim, SIM_ROOT), &sim->made[ROOT_PEM]);
    put_chain(sim, pck, COUNT_OF(pck), &sim->made[PCK_CHAIN]);
    buffer_byte(&sim->made[PCK_CHAIN], '\0'); /* as quoting enclaves do */
    put_chain(sim, pck + 1, COUNT_OF(pck) - 1, &sim->made[PCK_CRL_CHAIN]);
    put_chain(sim, tcb, COUNT_OF(tcb), &sim->made[TCB_CHAIN]);
}

static void make_documents(struct sim *sim)
{
    const struct sim_options *o = &sim->options;
    const struct sim_keys *k = &sim->keys;
    int64_t now = sim->now_unix;

    sim_json_tcb_info(o, k, TEE_SGX, now, &sim->made[SGX_TCB_INFO]);
    sim_json_tcb_info(o, k, TEE_TDX, now, &sim->made[TDX_TCB_INFO]);
    sim_json_qe_identity(o, k, TEE_SGX, now, &sim->made[SGX_QE_IDENTITY]);
    sim_json_qe_identity(o, k, TEE_TDX, now, &sim->made[TDX_QE_IDENTITY]);
    sim_json_tcb_numbers(o, k, TEE_SGX, now, &sim->made[SGX_TCB_NUMBERS]);
    sim_json_tcb_numbers(o, k, TEE_TDX, now, &sim->made[TDX_TCB_NUMBERS]);
}

static bool make_all(struct sim *sim)
{
    uint8_t *room = malloc(SCRATCH_BYTES);
    struct builder scratch = builder_over(room, SCRATCH_BYTES);

    if (room == NULL)
        return false;
    for (size_t i = 0; i < OUTPUT_COUNT; i++)
        sim->made[i] = buffer_with_max(COLLATERAL_MAX_BYTES);
    for (enum sim_item item = SIM_ROOT; item <= SIM_PCK_CRL; item++)
        make_signed(sim, item, &scratch);
    free(room);
    make_chains(sim);
    make_documents(sim);
    for (size_t i = 0; i < OUTPUT_COUNT; i++)
        if (!buffer_ok(&sim->made[i]))
            return false;
    return true;
}

/* |keys|: NULL for fresh ones. */
static enum status make(const struct sim_keys *keys,
                        const struct sim_options *options, int64_t now_unix,
                        struct sim **out, struct why *why)
{
    struct sim *sim = calloc(1, sizeof(*sim));
    bool ok = true;

    *out = NULL;
    if (sim == NULL)
        return why_fail(why, STATUS_NO_MEMORY, "sim", NULL, "no memory");
    if (options != NULL)
        sim->options = *options;
    else
        sim_options_default(&sim->options);
    sim->now_unix = now_unix;
    if (keys != NULL)
        sim->keys = *keys;
    else
        ok = make_keys(&sim->keys);
    if ((sim->options.items[SIM_QUOTE].faults & SIM_OFF_CURVE) != 0)
        sim->keys.attestation.point[63] ^= 1;
    if (!ok || !make_all(sim)) {
        sim_free(sim);
        return why_fail(why, STATUS_INTERNAL, "sim", NULL,
                        "no memory or randomness, or options out of range");
    }
    *out = sim;
    return STATUS_OK;
}

enum status sim_new(const struct sim_options *options, int64_t now_unix,
                    struct sim **out, struct why *why)
{
    return make(NULL, options, now_unix, out, why);
}

enum status sim_renew(const struct sim *from, const struct sim_options *options,
                      int64_t now_unix, struct sim **out, struct why *why)
{
    return make(&from->keys, options, now_unix, out, why);
}

/* The file of keys: each key's secret and point, in the order of the struct. */
#define KEY_COUNT 6
static_assert(sizeof(struct sim_keys) == KEY_COUNT * sizeof(struct tls_key),
              "all keys are counted");

enum status sim_save_keys(const struct sim *sim, const char *path,
                          struct why *why)
{
    return file_replace(
        path, slice_of((const uint8_t *)&sim->keys, sizeof(sim->keys)), 0600,
        why);
}

enum status sim_restore(const char *path, const struct sim_options *options,
                        int64_t now_unix, struct sim **out, struct why *why)
{
    struct buffer file;
    struct sim_keys keys;
    struct tls_key *const all[KEY_COUNT] = {
        &keys.root,        &keys.pck_ca,      &keys.pck,
        &keys.tcb_signing, &keys.attestation, &keys.rogue
    };
    enum status st = file_read(path, sizeof(keys), &file, why);
    struct cursor c = cursor_over(buffer_view(&file));

    *out = NULL;
    if (st != STATUS_OK)
        return st;
    for (size_t i = 0; i < KEY_COUNT; i++) {
        cursor_copy(&c, all[i]->secret, sizeof(all[i]->secret));
        cursor_copy(&c, all[i]->point, sizeof(all[i]->point));
    }
    if (cursor_finish(&c))
        st = make(&keys, options, now_unix, out, why);
    else
        st = why_fail(why, STATUS_NO_FILE, "sim", NULL,
                      "%s does not hold the keys of a simulation", path);
    secret_wipe(&keys, sizeof(keys));
    buffer_free(&file);
    return st;
}

void sim_free(struct sim *sim)
{
    if (sim == NULL)
        return;
    for (size_t i = 0; i < OUTPUT_COUNT; i++)
        buffer_free(&sim->made[i]);
    secret_wipe(&sim->keys, sizeof(sim->keys));
    free(sim);
}

struct slice sim_root_pem(const struct sim *sim)
{
    return made(sim, ROOT_PEM);
}

struct slice sim_pck_chain(const struct sim *sim)
{
    return made(sim, PCK_CHAIN);
}

static struct slice unless_missing(const struct sim *sim, enum sim_item item,
                                   size_t which)
{
    return is_missing(sim, item) ? (struct slice){ 0 } : made(sim, which);
}

void sim_collateral(const struct sim *sim, enum tee_type tee,
                    struct collateral_set *out)
{
    bool tdx = tee == TEE_TDX;

    *out = (struct collateral_set){
        .tcb_info = unless_missing(sim, SIM_TCB_INFO,
                                   tdx ? TDX_TCB_INFO : SGX_TCB_INFO),
        .tcb_info_chain = made(sim, TCB_CHAIN),
        .qe_identity = unless_missing(sim, SIM_QE_IDENTITY,
                                      tdx ? TDX_QE_IDENTITY : SGX_QE_IDENTITY),
        .qe_identity_chain = made(sim, TCB_CHAIN),
        .pck_crl = unless_missing(sim, SIM_PCK_CRL, SIM_PCK_CRL),
        .pck_crl_chain = made(sim, PCK_CRL_CHAIN),
        .root_crl = unless_missing(sim, SIM_ROOT_CRL, SIM_ROOT_CRL),
    };
}

struct slice sim_tcb_numbers(const struct sim *sim, enum tee_type tee)
{
    return made(sim, tee == TEE_TDX ? TDX_TCB_NUMBERS : SGX_TCB_NUMBERS);
}

/* A quote is its chain and less than 2 KB of its own. */
enum status sim_quote(const struct sim *sim, enum tee_type tee,
                      const uint8_t report_data[64], struct buffer *out)
{
    struct slice chain = made(sim, PCK_CHAIN);
    size_t room = chain.len + 2048;
    uint8_t *at = buffer_reserve(out, room);
    struct builder b = builder_over(at, room);

    assert(tee == TEE_SGX || tee == TEE_TDX);
    if (at == NULL)
        return STATUS_NO_MEMORY;
    sim_quote_write(&sim->options, &sim->keys, chain, tee, report_data, &b);
    if (!builder_ok(&b))
        return STATUS_INTERNAL;
    buffer_commit(out, b.len);
    return STATUS_OK;
}

enum status sim_write_dir(const struct sim *sim, enum tee_type tee,
                          const char *dir, struct why *why)
{
    struct collateral_set c;
    enum status st = file_make_dirs(dir, why);

    sim_collateral(sim, tee, &c);
    const struct {
        const char *name;
        struct slice bytes;
    } files[] = {
        { "root.pem", sim_root_pem(sim) },
        { "tcb_info.json", c.tcb_info },
        { "tcb_info_issuer_chain.pem", c.tcb_info_chain },
        { "qe_identity.json", c.qe_identity },
        { "qe_identity_issuer_chain.pem", c.qe_identity_chain },
        { "pck_crl.der", c.pck_crl },
        { "pck_crl_issuer_chain.pem", c.pck_crl_chain },
        { "root_ca_crl.der", c.root_crl },
        { "tcb_numbers.json", sim_tcb_numbers(sim, tee) },
    };
    for (size_t i = 0; i < COUNT_OF(files) && st == STATUS_OK; i++)
        st = file_replace_in(dir, files[i].name, files[i].bytes, 0644, why);
    return st;
}
