#include "collateral/want.h"

#include <assert.h>
#include <stdio.h>

#include "common/cursor.h"
#include "common/text.h"
#include "verifier/snp_tcb.h"
#include "verifier/wolf.h"

static void note_root(struct want *w, struct slice root)
{
    uint8_t digest[WOLF_SHA256_BYTES];

    if (root.len == 0)
        return;
    wolf_sha256(root, (struct slice){ 0 }, digest);
    memcpy(w->root, digest, sizeof(w->root));
}

struct want want_of(enum collateral_item item,
                    const struct quote_platform *platform,
                    const struct collateral_update *update,
                    struct slice root_der)
{
    struct want w = { .item = item };

    if (item == ITEM_TCB_INFO || item == ITEM_QE_IDENTITY) {
        w.tee = platform->tee;
        w.update = *update;
    }
    if (item == ITEM_TCB_INFO)
        memcpy(w.fmspc, platform->fmspc, sizeof(w.fmspc));
    if (item == ITEM_PCK_CRL)
        w.platform_ca = platform->platform_ca;
    note_root(&w, root_der);
    return w;
}

struct want want_of_numbers(enum tee_type tee, struct slice root_der)
{
    struct want w = { .item = ITEM_TCB_NUMBERS, .tee = tee };

    note_root(&w, root_der);
    return w;
}

struct want want_of_snp(enum collateral_item item,
                        const struct snp_item_wish *wish, struct slice root_pem)
{
    struct want w = { .item = item, .product = wish->product };

    assert(item == ITEM_VCEK || item == ITEM_ARK_CRL);
    if (item == ITEM_VCEK) {
        memcpy(w.chip_id, wish->chip_id, sizeof(w.chip_id));
        w.snp_tcb = wish->reported;
    }
    note_root(&w, root_pem);
    return w;
}

bool want_is_amd(const struct want *w)
{
    return w->item == ITEM_VCEK || w->item == ITEM_ARK_CRL;
}

bool want_equal(const struct want *a, const struct want *b)
{
    return a->item == b->item && a->tee == b->tee &&
           slice_equal(SLICE_OF(a->fmspc), SLICE_OF(b->fmspc)) &&
           a->platform_ca == b->platform_ca &&
           a->update.kind == b->update.kind &&
           a->update.number == b->update.number && a->product == b->product &&
           slice_equal(SLICE_OF(a->chip_id), SLICE_OF(b->chip_id)) &&
           snp_tcb_equal(&a->snp_tcb, &b->snp_tcb) &&
           slice_equal(SLICE_OF(a->root), SLICE_OF(b->root));
}

static const char *ca_name(bool platform_ca)
{
    return platform_ca ? "platform" : "processor";
}

static enum status check_tee(const struct want *w, const struct item_facts *f,
                             struct why *why)
{
    if (f->tee == w->tee)
        return STATUS_OK;
    (void)why_fail(why, STATUS_MISMATCH, "collateral.tee", "PCS API v4",
                   "for \"%s\"", tee_name(f->tee));
    return why_expect(why, "\"%s\"", tee_name(w->tee));
}

static enum status check_number(const struct want *w,
                                const struct item_facts *f, struct why *why)
{
    if (w->update.kind != UPDATE_NUMBER ||
        f->evaluation_number == w->update.number)
        return STATUS_OK;
    (void)why_fail(why, STATUS_MISMATCH, "collateral.evaluation_number",
                   "PCS API v4", "%u", (unsigned)f->evaluation_number);
    return why_expect(why, "%u", (unsigned)w->update.number);
}

static enum status check_ca(const struct want *w, const struct item_facts *f,
                            struct why *why)
{
    if (f->platform_ca == w->platform_ca)
        return STATUS_OK;
    (void)why_fail(why, STATUS_MISMATCH, "collateral.ca", "PCS API v4",
                   "of the %s CA", ca_name(f->platform_ca));
    return why_expect(why, "of the %s CA", ca_name(w->platform_ca));
}

static enum status check_vcek(const struct want *w, const struct item_facts *f,
                              struct why *why)
{
    char text[SNP_TCB_TEXT_ROOM];

    if (f->product != w->product) {
        (void)why_fail(why, STATUS_MISMATCH, "collateral.product", "AMD 57230",
                       "of %s", snp_product_name(f->product));
        return why_expect(why, "of %s", snp_product_name(w->product));
    }
    if (!slice_equal(SLICE_OF(f->chip_id), SLICE_OF(w->chip_id)))
        return why_bytes(why, STATUS_MISMATCH, "collateral.chip_id",
                         "AMD 57230", SLICE_OF(f->chip_id),
                         SLICE_OF(w->chip_id));
    if (snp_tcb_equal(&f->snp_tcb, &w->snp_tcb))
        return STATUS_OK;
    snp_tcb_text(&f->snp_tcb, text);
    (void)why_fail(why, STATUS_MISMATCH, "collateral.tcb", "AMD 57230", "%s",
                   text);
    snp_tcb_text(&w->snp_tcb, text);
    return why_expect(why, "%s", text);
}

enum status want_check(const struct want *w, const struct item_facts *facts,
                       struct why *why)
{
    switch (w->item) {
    case ITEM_TCB_INFO:
        if (!slice_equal(SLICE_OF(facts->fmspc), SLICE_OF(w->fmspc)))
            return why_bytes(why, STATUS_MISMATCH, "collateral.fmspc",
                             "PCS API v4", SLICE_OF(facts->fmspc),
                             SLICE_OF(w->fmspc));
        if (check_tee(w, facts, why) != STATUS_OK)
            return STATUS_MISMATCH;
        return check_number(w, facts, why);
    case ITEM_QE_IDENTITY:
        if (check_tee(w, facts, why) != STATUS_OK)
            return STATUS_MISMATCH;
        return check_number(w, facts, why);
    case ITEM_PCK_CRL:
        return check_ca(w, facts, why);
    case ITEM_ROOT_CRL:
    case ITEM_ARK_CRL: /* whose it is, its signature says */
        return STATUS_OK;
    case ITEM_TCB_NUMBERS:
        return check_tee(w, facts, why);
    case ITEM_VCEK:
        return check_vcek(w, facts, why);
    case ITEM_COUNT:
    case ITEM_KINDS:
        break;
    }
    assert(!"an item that cannot be wanted");
    return STATUS_MISMATCH;
}

/* "-early", "-e19" or nothing. */
static void update_name(const struct collateral_update *u, char *out,
                        size_t room)
{
    out[0] = '\0';
    switch (u->kind) {
    case UPDATE_STANDARD:
        return;
    case UPDATE_EARLY:
        (void)snprintf(out, room, "-early");
        return;
    case UPDATE_NUMBER:
        (void)snprintf(out, room, "-e%u", (unsigned)u->number);
        return;
    }
    assert(!"an update without a name");
}

static void root_name_of(const struct want *w, char *out, size_t room)
{
    if (slice_is_zero(SLICE_OF(w->root)))
        (void)snprintf(out, room, "%s", want_is_amd(w) ? "amd" : "intel");
    else
        text_hex(SLICE_OF(w->root), out, room);
}

/* A chip id is too long for a file's name. */
static void chip_name_of(const struct want *w, char out[33])
{
    const uint8_t tcb[] = { w->snp_tcb.fmc, w->snp_tcb.bootloader,
                            w->snp_tcb.tee, w->snp_tcb.snp,
                            w->snp_tcb.microcode };
    uint8_t digest[WOLF_SHA256_BYTES];

    wolf_sha256(SLICE_OF(w->chip_id), SLICE_OF(tcb), digest);
    text_hex(slice_of(digest, 16), out, 33);
}

void want_name(const struct want *w, char out[WANT_NAME_ROOM])
{
    const char *item = collateral_item_name(w->item);
    char fmspc[2 * sizeof(w->fmspc) + 1];
    char root[2 * sizeof(w->root) + 1];
    char update[16], chip[33];

    text_hex(SLICE_OF(w->fmspc), fmspc, sizeof(fmspc));
    root_name_of(w, root, sizeof(root));
    update_name(&w->update, update, sizeof(update));
    switch (w->item) {
    case ITEM_TCB_INFO:
        (void)snprintf(out, WANT_NAME_ROOM, "%s-%s-%s%s-%s", item,
                       tee_name(w->tee), fmspc, update, root);
        return;
    case ITEM_QE_IDENTITY:
        (void)snprintf(out, WANT_NAME_ROOM, "%s-%s%s-%s", item,
                       tee_name(w->tee), update, root);
        return;
    case ITEM_PCK_CRL:
        (void)snprintf(out, WANT_NAME_ROOM, "%s-%s-%s", item,
                       ca_name(w->platform_ca), root);
        return;
    case ITEM_ROOT_CRL:
        (void)snprintf(out, WANT_NAME_ROOM, "%s-%s", item, root);
        return;
    case ITEM_TCB_NUMBERS:
        (void)snprintf(out, WANT_NAME_ROOM, "%s-%s-%s", item, tee_name(w->tee),
                       root);
        return;
    case ITEM_VCEK:
        chip_name_of(w, chip);
        (void)snprintf(out, WANT_NAME_ROOM, "%s-%s-%s-%s", item,
                       snp_product_name(w->product), chip, root);
        return;
    case ITEM_ARK_CRL:
        (void)snprintf(out, WANT_NAME_ROOM, "%s-%s-%s", item,
                       snp_product_name(w->product), root);
        return;
    case ITEM_COUNT:
    case ITEM_KINDS:
        break;
    }
    assert(!"an item without a name");
}

/* "early" or "e19"; anything else is of the standard update. */
static void read_update(struct slice word, struct collateral_update *out)
{
    uint64_t number;

    *out = (struct collateral_update){ UPDATE_STANDARD, 0 };
    if (slice_equal(word, slice_text("early")))
        out->kind = UPDATE_EARLY;
    else if (word.len > 1 && word.at[0] == 'e' &&
             text_from_decimal(slice_of(word.at + 1, word.len - 1), UINT32_MAX,
                               &number))
        *out = (struct collateral_update){ UPDATE_NUMBER, (uint32_t)number };
}

bool want_read_name(const char *name, enum collateral_item *item,
                    struct collateral_update *update)
{
    struct cursor c = cursor_over(slice_text(name));
    struct slice first = cursor_until(&c, "-");
    struct slice word = first, last = first;

    while (cursor_skip(&c, "-")) {
        word = last;
        last = cursor_until(&c, "-");
    }
    read_update(word, update);
    for (enum collateral_item i = ITEM_TCB_INFO; i < ITEM_KINDS; i++)
        if (i != ITEM_COUNT &&
            slice_equal(first, slice_text(collateral_item_name(i)))) {
            *item = i;
            return true;
        }
    return false;
}

struct want want_of_facts(enum collateral_item item,
                          const struct collateral_update *update,
                          const struct item_facts *facts, struct slice root)
{
    struct quote_platform platform = { .tee = facts->tee,
                                       .platform_ca = facts->platform_ca };
    struct snp_item_wish wish = { .product = facts->product,
                                  .reported = facts->snp_tcb };

    if (item == ITEM_TCB_NUMBERS)
        return want_of_numbers(facts->tee, root);
    if (item == ITEM_VCEK || item == ITEM_ARK_CRL) {
        memcpy(wish.chip_id, facts->chip_id, sizeof(wish.chip_id));
        return want_of_snp(item, &wish, root);
    }
    memcpy(platform.fmspc, facts->fmspc, sizeof(platform.fmspc));
    return want_of(item, &platform, update, root);
}

void want_purpose(const struct want *w, char out[WANT_PURPOSE_ROOM])
{
    char fmspc[2 * sizeof(w->fmspc) + 1];

    text_hex(SLICE_OF(w->fmspc), fmspc, sizeof(fmspc));
    switch (w->item) {
    case ITEM_TCB_INFO:
        (void)snprintf(out, WANT_PURPOSE_ROOM,
                       "the TCB info to judge quotes of %s platform %s",
                       tee_name(w->tee), fmspc);
        return;
    case ITEM_QE_IDENTITY:
        (void)snprintf(out, WANT_PURPOSE_ROOM,
                       "the QE identity to judge who signs %s quotes",
                       tee_name(w->tee));
        return;
    case ITEM_PCK_CRL:
        (void)snprintf(out, WANT_PURPOSE_ROOM,
                       "the list of PCKs that the %s CA revoked",
                       ca_name(w->platform_ca));
        return;
    case ITEM_ROOT_CRL:
        (void)snprintf(out, WANT_PURPOSE_ROOM,
                       "the list of what the root CA has revoked");
        return;
    case ITEM_TCB_NUMBERS:
        (void)snprintf(out, WANT_PURPOSE_ROOM,
                       "the list of TCB data sets for %s, to see what comes",
                       tee_name(w->tee));
        return;
    case ITEM_VCEK:
        text_hex(slice_of(w->chip_id, 6), fmspc, sizeof(fmspc));
        (void)snprintf(out, WANT_PURPOSE_ROOM,
                       "the certificate of the %s chip %s... at its TCB",
                       snp_product_name(w->product), fmspc);
        return;
    case ITEM_ARK_CRL:
        (void)snprintf(out, WANT_PURPOSE_ROOM,
                       "the list of what AMD's root of %s has revoked",
                       snp_product_name(w->product));
        return;
    case ITEM_COUNT:
    case ITEM_KINDS:
        break;
    }
    assert(!"an item without a purpose");
}
