#include "proxy/server/sim_source.h"

#include <stdlib.h>

#include "common/compiler.h"
#include "common/file.h"
#include "common/secret.h"
#include "proxy/server/sim_maker.h"

#define ACCEPT_MAX_BYTES 4096
#define KEYS_FILE        "simulation.keys"

#define RENEW_S INT64_C(86400) /* of collateral good for 30 days */

struct sim_source {
    enum tee_type tee;
    const struct sim_maker *maker; /* static */
    struct fault fault;            /* all zero: none */
    const char *dir;               /* borrowed; NULL: nothing is written */
    void *named;                   /* owned; whose root the policy names */
    void *other;                   /* owned; served instead; NULL: |named| is */
    int64_t made_unix;             /* when the collateral was */
    struct session_stapled stapled;
    uint8_t *flipped; /* owned; the stapled item with one wrong bit */
    uint8_t previous[QUOTE_REPORT_DATA_BYTES]; /* the worker's */
};

static void *served(const struct sim_source *s)
{
    return s->other != NULL ? s->other : s->named;
}

bool sim_source_built_in(void)
{
    return true;
}

/* --- what is stapled ----------------------------------------------------- */

static enum status flip_stapled(struct sim_source *s, size_t item,
                                struct why *why)
{
    struct slice sound = s->stapled.item[item];
    uint8_t *flipped = malloc(sound.len);

    if (flipped == NULL)
        return why_fail(why, STATUS_NO_MEMORY, "simulation", NULL,
                        "out of memory");
    memcpy(flipped, sound.at, sound.len);
    if (s->fault.flip == FLIP_ARK_CRL) /* DER ends with the signature */
        flipped[sound.len - 1] ^= 1;
    else
        fault_flip_digit(flipped, sound.len);
    free(s->flipped);
    s->flipped = flipped;
    s->stapled.item[item] = slice_of(flipped, sound.len);
    return STATUS_OK;
}

static enum status staple(struct sim_source *s, struct why *why)
{
    s->maker->staple(served(s), &s->stapled);
    if (s->fault.no_staple)
        s->stapled = (struct session_stapled){ 0 };
    if (s->fault.flip == FLIP_TCB_INFO)
        return flip_stapled(s, 0, why);
    if (s->fault.flip == FLIP_QE_IDENTITY)
        return flip_stapled(s, 2, why);
    if (s->fault.flip == FLIP_ARK_CRL)
        return flip_stapled(s, SESSION_STAPLED_ARK_CRL, why);
    return STATUS_OK;
}

const struct session_stapled *sim_source_stapled(const struct sim_source *s)
{
    return &s->stapled;
}

/* --- life ---------------------------------------------------------------- */

void sim_source_free(struct sim_source *s)
{
    if (s == NULL)
        return;
    free(s->flipped);
    s->maker->close(s->other);
    s->maker->close(s->named);
    free(s);
}

/* The simulation that the policy names: of the keys in |dir|, or of new ones
 * that are kept there. */
static enum status make_named(struct sim_source *s,
                              const struct sim_source_config *config,
                              struct why *why)
{
    char path[PATH_MAX];
    enum status st;

    if (s->dir == NULL)
        return s->maker->open(s->tee, &s->fault, NULL, config->now_unix,
                              &s->named, why);
    st = file_path(s->dir, KEYS_FILE, "simulation.dir", path, why);
    if (st == STATUS_OK)
        st = file_make_dirs(s->dir, why);
    if (st != STATUS_OK)
        return st;
    return s->maker->open(s->tee, &s->fault, path, config->now_unix, &s->named,
                          why);
}

static enum status make_sims(struct sim_source *s,
                             const struct sim_source_config *config,
                             struct why *why)
{
    enum status st = make_named(s, config, why);

    if (st != STATUS_OK || !s->fault.other_root)
        return st;
    return s->maker->open(s->tee, &s->fault, NULL, config->now_unix, &s->other,
                          why);
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
    s->maker = s->tee == TEE_SEV_SNP ? &sim_maker_amd : &sim_maker_intel;
    s->dir = config->dir;
    s->made_unix = config->now_unix;
    if (config->fault != NULL)
        s->fault = *config->fault;
    secret_random(s->previous, sizeof(s->previous));
    st = make_sims(s, config, why);
    if (st == STATUS_OK)
        st = staple(s, why);
    if (st == STATUS_OK && s->dir != NULL)
        st = write_files(s, s->dir, why);
    if (st != STATUS_OK) {
        sim_source_free(s);
        return st;
    }
    *out = s;
    return STATUS_OK;
}

enum status sim_source_renew(struct sim_source *s, int64_t now_unix,
                             struct why *why)
{
    enum status st;

    if (now_unix < s->made_unix + RENEW_S && now_unix >= s->made_unix)
        return STATUS_OK;
    st = s->maker->renew(served(s), now_unix, why);
    if (st == STATUS_OK)
        st = staple(s, why);
    if (st == STATUS_OK && s->dir != NULL)
        st = s->maker->write(served(s), s->dir, why);
    if (st == STATUS_OK)
        s->made_unix = now_unix;
    return st;
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
    st = s->maker->quote(served(s), binding, out);
    if (st != STATUS_OK)
        return why_fail(why, st, "simulation.quote", NULL, "%s",
                        status_text(st));
    s->maker->flip(s->fault.flip, out);
    return STATUS_OK;
}

struct quote_maker sim_source_maker(struct sim_source *s)
{
    return (struct quote_maker){ .name = "simulated", .make = make, .ctx = s };
}

/* --- files --------------------------------------------------------------- */

/* What the sound simulation measures. */
static void accept_text(const struct sim_source *s, struct buffer *b)
{
    buffer_text(b, "accept:\n"
                   "  # SIMULATED: who has this file's root can forge all\n");
    buffer_printf(b, "  tee: %s\n", tee_name(s->tee));
    s->maker->accept(s->tee, b);
}

static enum status write_file(const char *dir, const char *name,
                              const struct buffer *content, struct why *why)
{
    char path[PATH_MAX];
    enum status st = file_path(dir, name, "simulation.dir", path, why);

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
    struct proof proof;
    enum status st;

    proof_init(&proof);
    st = s->maker->quote(served(s), zeros, &proof);
    if (st == STATUS_OK)
        st = write_file(dir, "quote.bin", &proof.quote, why);
    else
        (void)why_fail(why, st, "quote.bin", NULL, "%s", status_text(st));
    proof_fini(&proof);
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
    enum status st = s->maker->write(served(s), dir, why);

    if (st == STATUS_OK)
        st = write_quote(s, dir, why);
    buffer_add(&root, s->maker->root_pem(s->named));
    if (st == STATUS_OK)
        st = write_file(dir, "root.pem", &root, why);
    if (st == STATUS_OK)
        st = write_accept(s, dir, why);
    buffer_free(&root);
    return st;
}
