#include "proxy/server/sim_source.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/compiler.h"
#include "common/file.h"
#include "common/secret.h"
#include "verifier/quote.h"

#define ACCEPT_MAX_BYTES 4096
#define PATH_ROOM        4096
#define KEYS_FILE        "simulation.keys"

struct sim_source {
    enum tee_type tee;
    struct fault fault; /* all zero: none */
    struct sim *named;  /* owned; whose root the policy names */
    struct sim *other;  /* owned; served instead; NULL: |named| is */
    struct session_stapled stapled;
    uint8_t *flipped; /* owned; the stapled item with one wrong bit */
    uint8_t previous[QUOTE_REPORT_DATA_BYTES]; /* the worker's */
};

static const struct sim *served(const struct sim_source *s)
{
    return s->other != NULL ? s->other : s->named;
}

/* --- what is stapled ----------------------------------------------------- */

static const struct slice *stapled_of(const struct collateral_set *c, size_t i)
{
    const struct slice *const items[SESSION_STAPLED_ARK_CRL] = {
        &c->tcb_info,          &c->tcb_info_chain, &c->qe_identity,
        &c->qe_identity_chain, &c->pck_crl,        &c->pck_crl_chain,
        &c->root_crl,
    };

    return items[i];
}

/* Another digit for the first one behind the middle: still well-formed text,
 * and one bit away from what was signed. */
static void flip_digit(uint8_t *at, size_t len)
{
    for (size_t i = len / 2; i < len; i++) {
        if (at[i] >= '0' && at[i] <= '9') {
            at[i] ^= 1;
            return;
        }
    }
}

static enum status flip_stapled(struct sim_source *s, size_t item,
                                struct why *why)
{
    struct slice sound = s->stapled.item[item];

    s->flipped = malloc(sound.len);
    if (s->flipped == NULL)
        return why_fail(why, STATUS_NO_MEMORY, "simulation", NULL,
                        "out of memory");
    memcpy(s->flipped, sound.at, sound.len);
    flip_digit(s->flipped, sound.len);
    s->stapled.item[item] = slice_of(s->flipped, sound.len);
    return STATUS_OK;
}

static enum status staple(struct sim_source *s, struct why *why)
{
    struct collateral_set set;

    sim_collateral(served(s), s->tee, &set);
    for (size_t i = 0; i < SESSION_STAPLED_ARK_CRL; i++)
        s->stapled.item[i] = *stapled_of(&set, i);
    if (s->fault.flip == FLIP_TCB_INFO)
        return flip_stapled(s, 0, why);
    if (s->fault.flip == FLIP_QE_IDENTITY)
        return flip_stapled(s, 2, why);
    return STATUS_OK;
}

const struct session_stapled *sim_source_stapled(const struct sim_source *s)
{
    return s->fault.no_staple ? NULL : &s->stapled;
}

/* --- life ---------------------------------------------------------------- */

void sim_source_free(struct sim_source *s)
{
    if (s == NULL)
        return;
    free(s->flipped);
    sim_free(s->other);
    sim_free(s->named);
    free(s);
}

/* |name| in |dir|. */
static enum status path_in(const char *dir, const char *name,
                           char path[PATH_ROOM], struct why *why)
{
    int len = snprintf(path, PATH_ROOM, "%s/%s", dir, name);

    if (len < 0 || len >= PATH_ROOM)
        return why_fail(why, STATUS_NO_FILE, "simulation.dir", NULL,
                        "a path of %d bytes", len);
    return STATUS_OK;
}

/* The simulation that the policy names: of the keys in |dir|, or of new ones
 * that are kept there. */
static enum status named_sim(const char *dir, const struct sim_options *options,
                             int64_t now_unix, struct sim **out,
                             struct why *why)
{
    char path[PATH_ROOM];
    enum status st;

    if (dir == NULL)
        return sim_new(options, now_unix, out, why);
    st = path_in(dir, KEYS_FILE, path, why);
    if (st != STATUS_OK)
        return st;
    if (access(path, F_OK) == 0)
        return sim_restore(path, options, now_unix, out, why);
    st = file_make_dirs(dir, why);
    if (st == STATUS_OK)
        st = sim_new(options, now_unix, out, why);
    return st == STATUS_OK ? sim_save_keys(*out, path, why) : st;
}

static enum status make_sims(struct sim_source *s,
                             const struct sim_source_config *config,
                             struct why *why)
{
    struct sim_options options;
    enum status st;

    sim_options_default(&options);
    if (s->fault.bend != NULL)
        s->fault.bend(&options);
    st = named_sim(config->dir, &options, config->now_unix, &s->named, why);
    if (st == STATUS_OK && s->fault.other_root)
        st = sim_new(&options, config->now_unix, &s->other, why);
    return st;
}

static enum status write_files(const struct sim_source *s, const char *dir,
                               struct why *why);

enum status sim_source_new(const struct sim_source_config *config,
                           struct sim_source **out, struct why *why)
{
    struct sim_source *s = calloc(1, sizeof(*s));
    enum status st;

    *out = NULL;
    if (s == NULL)
        return why_fail(why, STATUS_NO_MEMORY, "simulation", NULL,
                        "out of memory");
    s->tee = config->tee;
    if (config->fault != NULL)
        s->fault = *config->fault;
    secret_random(s->previous, sizeof(s->previous));
    st = make_sims(s, config, why);
    if (st == STATUS_OK)
        st = staple(s, why);
    if (st == STATUS_OK && config->dir != NULL)
        st = write_files(s, config->dir, why);
    if (st != STATUS_OK) {
        sim_source_free(s);
        return st;
    }
    *out = s;
    return STATUS_OK;
}

/* --- quotes -------------------------------------------------------------- */

static void choose_binding(struct sim_source *s,
                           const uint8_t asked[QUOTE_REPORT_DATA_BYTES],
                           uint8_t out[QUOTE_REPORT_DATA_BYTES])
{
    switch (s->fault.binding) {
    case BINDING_RIGHT:
        memcpy(out, asked, QUOTE_REPORT_DATA_BYTES);
        break;
    case BINDING_OTHER:
        secret_random(out, QUOTE_REPORT_DATA_BYTES);
        break;
    case BINDING_PREVIOUS:
        memcpy(out, s->previous, QUOTE_REPORT_DATA_BYTES);
        memcpy(s->previous, asked, QUOTE_REPORT_DATA_BYTES);
        break;
    }
}

/* The bytes of |part|, which borrows from |whole|. */
static uint8_t *inside(struct buffer *whole, struct slice part)
{
    return whole->at + (part.at - whole->at);
}

static void flip_quote(struct buffer *bytes, enum fault_flip flip)
{
    struct quote q;
    struct why why;
    enum status st = quote_parse(buffer_view(bytes), &q, &why);

    assert(st == STATUS_OK); /* it is our own */
    switch (flip) {
    case FLIP_QUOTE_BODY: /* its last byte, of the report data */
        inside(bytes, q.signed_part)[q.signed_part.len - 1] ^= 1;
        break;
    case FLIP_QUOTE_SIGNATURE:
        inside(bytes, q.auth.signature)[40] ^= 1;
        break;
    case FLIP_QE_REPORT: /* of its CPUSVN, which nothing else looks at */
        inside(bytes, q.auth.qe_report)[0] ^= 1;
        break;
    case FLIP_QE_SIGNATURE:
        inside(bytes, q.auth.qe_signature)[40] ^= 1;
        break;
    case FLIP_PCK: /* the first third of the chain is the leaf */
        flip_digit(inside(bytes, q.auth.cert_data), q.auth.cert_data.len / 3);
        break;
    case FLIP_NOTHING:
    case FLIP_TCB_INFO:
    case FLIP_QE_IDENTITY:
        break;
    }
}

/* On a worker thread. */
static enum status make(void *ctx,
                        const uint8_t report_data[QUOTE_REPORT_DATA_BYTES],
                        struct proof *out, struct why *why)
{
    struct sim_source *s = ctx;
    uint8_t binding[QUOTE_REPORT_DATA_BYTES];
    enum status st;

    if (s->fault.no_quote)
        return STATUS_OK;
    choose_binding(s, report_data, binding);
    st = sim_quote(served(s), s->tee, binding, &out->quote);
    if (st != STATUS_OK)
        return why_fail(why, st, "simulation.quote", NULL, "%s",
                        status_text(st));
    flip_quote(&out->quote, s->fault.flip);
    return STATUS_OK;
}

struct quote_maker sim_source_maker(struct sim_source *s)
{
    return (struct quote_maker){ .name = "simulated", .make = make, .ctx = s };
}

/* --- files --------------------------------------------------------------- */

static void accept_line(struct buffer *b, const char *word, struct slice value)
{
    buffer_printf(b, "      %s: \"", word);
    buffer_hex(b, value);
    buffer_text(b, "\"\n");
}

static void accept_tdx(struct buffer *b, const struct tdx_claims *c)
{
    static const char *const words[] = { "rtmr0", "rtmr1", "rtmr2", "rtmr3" };

    accept_line(b, "mrtd", SLICE_OF(c->mr_td));
    for (size_t i = 0; i < COUNT_OF(words); i++)
        accept_line(b, words[i], SLICE_OF(c->rtmr[i]));
}

static void accept_sgx(struct buffer *b, const struct sgx_claims *c)
{
    accept_line(b, "mrenclave", SLICE_OF(c->mr_enclave));
    accept_line(b, "mrsigner", SLICE_OF(c->mr_signer));
}

/* What the sound simulation measures. */
static void accept_text(const struct sim_source *s, struct buffer *b)
{
    struct sim_options sound;

    sim_options_default(&sound);
    buffer_text(b, "accept:\n"
                   "  # SIMULATED: who has this file's root can forge all\n");
    buffer_printf(b, "  tee: %s\n  any-of:\n    - name: \"simulated\"\n",
                  tee_name(s->tee));
    if (s->tee == TEE_TDX)
        accept_tdx(b, &sound.tdx);
    else
        accept_sgx(b, &sound.sgx);
}

static enum status write_file(const char *dir, const char *name,
                              const struct buffer *content, struct why *why)
{
    char path[PATH_ROOM];
    enum status st = path_in(dir, name, path, why);

    if (st != STATUS_OK)
        return st;
    if (!buffer_ok(content))
        return why_fail(why, STATUS_NO_MEMORY, name, NULL, "out of memory");
    return file_replace(path, buffer_view(content), 0644, why);
}

static enum status write_quote(const struct sim_source *s, const char *dir,
                               struct why *why)
{
    static const uint8_t zeros[QUOTE_REPORT_DATA_BYTES];
    struct buffer quote = buffer_with_max(QUOTE_MAX_BYTES);
    enum status st = sim_quote(served(s), s->tee, zeros, &quote);

    if (st == STATUS_OK)
        st = write_file(dir, "quote.bin", &quote, why);
    else
        (void)why_fail(why, st, "quote.bin", NULL, "%s", status_text(st));
    buffer_free(&quote);
    return st;
}

static enum status write_accept(const struct sim_source *s, const char *dir,
                                struct why *why)
{
    struct buffer accept = buffer_with_max(ACCEPT_MAX_BYTES);
    enum status st;

    accept_text(s, &accept);
    st = write_file(dir, "accept.yaml", &accept, why);
    buffer_free(&accept);
    return st;
}

/* The collateral is of what is served, root.pem of what the policy names. */
static enum status write_files(const struct sim_source *s, const char *dir,
                               struct why *why)
{
    struct buffer root = buffer_with_max(COLLATERAL_MAX_BYTES);
    enum status st = sim_write_dir(served(s), s->tee, dir, why);

    if (st == STATUS_OK)
        st = write_quote(s, dir, why);
    buffer_add(&root, sim_root_pem(s->named));
    if (st == STATUS_OK)
        st = write_file(dir, "root.pem", &root, why);
    if (st == STATUS_OK)
        st = write_accept(s, dir, why);
    buffer_free(&root);
    return st;
}
