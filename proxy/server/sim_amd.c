#include "proxy/server/sim_maker.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/compiler.h"
#include "common/file.h"
#include "common/limits.h"
#include "common/pem_out.h"
#include "common/secret.h"
#include "proxy/server/sim_snp.h"

/* names: sim_maker_amd the only one */

#define DAY_S             INT64_C(86400)
#define YEAR_S            (365 * DAY_S)
#define REPORT_DATA_AT    0x50
#define MEASUREMENT_AT    0x90
#define MEASUREMENT_BYTES 48

struct amd {
    struct sim_snp_plan plan;
    struct sim_snp_keys keys;
    struct sim_snp first; /* certificates are its */
    struct sim_snp fresh; /* the list is its */
    enum fault_above above;
    bool no_vcek;
    struct buffer vcek; /* PEM, as |ask| and |ark|, which are terminated */
    char ask[4096];
    char ark[4096];
};

static void amd_close(void *sim)
{
    struct amd *s = sim;

    if (s == NULL)
        return;
    sim_snp_key_wipe(&s->keys);
    buffer_free(&s->vcek);
    free(s);
}

/* The certificates last for years, as AMD's do, the list for a month. */
static void plan_dates(struct sim_snp_plan *p, int64_t now_unix)
{
    for (size_t i = 0; i < COUNT_OF(p->certs); i++)
        p->certs[i].dates =
            (struct window){ now_unix - YEAR_S, now_unix + 7 * YEAR_S };
    p->list_dates = (struct window){ now_unix - DAY_S, now_unix + 30 * DAY_S };
}

static enum status read_keys(const char *path, struct sim_snp_keys *out,
                             struct why *why)
{
    struct buffer file;
    enum status st = file_read(path, sizeof(*out), &file, why);

    if (st != STATUS_OK)
        return st;
    if (file.len == sizeof(*out))
        memcpy(out, file.at, sizeof(*out));
    else
        st = why_fail(why, STATUS_NO_FILE, "simulation.keys", NULL,
                      "%zu bytes: not keys of a simulated AMD", file.len);
    secret_wipe(file.at, file.len);
    buffer_free(&file);
    return st;
}

static enum status find_keys(struct sim_snp_keys *keys, const char *path,
                             struct why *why)
{
    if (path != NULL && access(path, F_OK) == 0)
        return read_keys(path, keys, why);
    if (!sim_snp_key_make(keys))
        return why_fail(why, STATUS_INTERNAL, "simulation.keys", NULL,
                        "no memory or randomness");
    if (path == NULL)
        return STATUS_OK;
    return file_replace(path, slice_of(keys, sizeof(*keys)), 0600, why);
}

/* |root| is the ASK, then the ARK. */
static void put_above(struct amd *s)
{
    static const char end[] = "-----END CERTIFICATE-----\n";
    const char *ark = strstr(s->first.root, end) + strlen(end);

    pem_out_cert(slice_of(s->first.endorsement, s->first.endorsement_len),
                 &s->vcek);
    (void)snprintf(s->ask, sizeof(s->ask), "%.*s", (int)(ark - s->first.root),
                   s->first.root);
    (void)snprintf(s->ark, sizeof(s->ark), "%s", ark);
}

static enum status make(struct amd *s, const char *keys_path, struct why *why)
{
    enum status st = find_keys(&s->keys, keys_path, why);

    if (st != STATUS_OK)
        return st;
    if (!sim_snp_make(&s->plan, &s->keys, &s->first))
        return why_fail(why, STATUS_INTERNAL, "simulation", NULL,
                        "no memory or randomness, or keys that are none");
    s->fresh = s->first;
    put_above(s);
    if (!buffer_ok(&s->vcek))
        return why_fail(why, STATUS_NO_MEMORY, "simulation", NULL, "no memory");
    return STATUS_OK;
}

static enum status amd_open(enum tee_type tee, const struct fault *fault,
                            const char *keys_path, int64_t now_unix, void **out,
                            struct why *why)
{
    struct amd *s = calloc(1, sizeof(*s));
    enum status st;

    (void)tee; /* AMD has only one */
    *out = NULL;
    if (s == NULL)
        return why_fail(why, STATUS_NO_MEMORY, "simulation", NULL, "no memory");
    s->vcek = buffer_with_max((size_t)2 * CERT_MAX_BYTES);
    s->above = fault->above;
    s->no_vcek = fault->no_vcek;
    sim_snp_default(&s->plan, now_unix);
    plan_dates(&s->plan, now_unix);
    s->plan.certs[SIM_SNP_ENDORSEMENT].serial = 0x51; /* to be revoked by */
    if (fault->bend_snp != NULL)
        fault->bend_snp(&s->plan, now_unix);
    st = make(s, keys_path, why);
    if (st != STATUS_OK) {
        amd_close(s);
        return st;
    }
    *out = s;
    return STATUS_OK;
}

static enum status amd_renew(void *sim, int64_t now_unix, struct why *why)
{
    struct amd *s = sim;
    struct sim_snp_plan plan = s->plan;
    struct sim_snp fresh;

    plan.list_dates.until_unix += now_unix - plan.list_dates.from_unix - DAY_S;
    plan.list_dates.from_unix = now_unix - DAY_S;
    if (!sim_snp_make(&plan, &s->keys, &fresh))
        return why_fail(why, STATUS_INTERNAL, "simulation", NULL,
                        "no memory or randomness");
    s->fresh = fresh;
    return STATUS_OK;
}

static struct slice list_of(const struct amd *s)
{
    return slice_of(s->fresh.list, s->fresh.list_len);
}

static void amd_staple(const void *sim, struct session_stapled *out)
{
    *out = (struct session_stapled){ 0 };
    out->item[SESSION_STAPLED_ARK_CRL] = list_of(sim);
}

static void put_proof(const struct amd *s, struct slice report,
                      struct proof *out)
{
    out->is_snp = true;
    buffer_add(&out->quote, report);
    if (!s->no_vcek)
        buffer_add(&out->vcek, buffer_view(&s->vcek));
    switch (s->above) {
    case ABOVE_RIGHT:
        buffer_text(&out->ask, s->ask);
        buffer_text(&out->ark, s->ark);
        break;
    case ABOVE_OTHER:
        buffer_text(&out->ask, s->ark);
        buffer_add(&out->ark, buffer_view(&s->vcek));
        break;
    case ABOVE_NONE:
        break;
    }
}

static enum status amd_quote(const void *sim, const uint8_t report_data[64],
                             struct proof *out)
{
    const struct amd *s = sim;
    struct sim_snp_plan plan = s->plan;
    uint8_t report[SNP_REPORT_BYTES];

    memcpy(plan.report + REPORT_DATA_AT, report_data, 64);
    if (!sim_snp_report(&plan, &s->keys, report))
        return STATUS_INTERNAL;
    put_proof(s, SLICE_OF(report), out);
    return proof_ok(out) ? STATUS_OK : STATUS_NO_MEMORY;
}

static void amd_flip(enum fault_flip flip, struct proof *proof)
{
    switch (flip) {
    case FLIP_QUOTE_BODY: /* the last byte of the report data */
        proof->quote.at[MEASUREMENT_AT - 1] ^= 1;
        break;
    case FLIP_QUOTE_SIGNATURE:
        proof->quote.at[SNP_REPORT_SIGNED_BYTES + 10] ^= 1;
        break;
    case FLIP_VCEK: /* its last third is the signature */
        fault_flip_digit(proof->vcek.at + proof->vcek.len / 2,
                         proof->vcek.len - proof->vcek.len / 2);
        break;
    case FLIP_NOTHING:
    case FLIP_QE_REPORT:
    case FLIP_QE_SIGNATURE:
    case FLIP_PCK:
    case FLIP_TCB_INFO:
    case FLIP_QE_IDENTITY:
    case FLIP_ARK_CRL:
        break;
    }
}

static struct slice amd_root_pem(const void *sim)
{
    const struct amd *s = sim;

    return slice_text(s->first.root);
}

static enum status amd_write(const void *sim, const char *dir, struct why *why)
{
    const struct amd *s = sim;
    enum status st = file_make_dirs(dir, why);

    if (st == STATUS_OK)
        st = file_replace_in(dir, "vcek.pem", buffer_view(&s->vcek), 0644, why);
    if (st == STATUS_OK)
        st = file_replace_in(dir, "ark_crl.der", list_of(s), 0644, why);
    return st;
}

static void amd_accept(enum tee_type tee, struct buffer *out)
{
    struct sim_snp_plan sound;

    (void)tee; /* AMD has only one */
    sim_snp_default(&sound, 0);
    buffer_printf(out,
                  "  vmpl: 1\n"
                  "  tcb: { bootloader: %u, snp: %u, microcode: %u }\n"
                  "  any-of:\n    - name: \"simulated\"\n"
                  "      measurement: \"",
                  sound.spl[1], sound.spl[3], sound.spl[8]);
    buffer_hex(out, slice_of(sound.report + MEASUREMENT_AT, MEASUREMENT_BYTES));
    buffer_text(out, "\"\n");
}

const struct sim_maker sim_maker_amd = {
    .open = amd_open,
    .close = amd_close,
    .renew = amd_renew,
    .staple = amd_staple,
    .quote = amd_quote,
    .flip = amd_flip,
    .root_pem = amd_root_pem,
    .write = amd_write,
    .accept = amd_accept,
};
