#include "collateral/want.h"

#include <assert.h>
#include <stdio.h>

#include "common/text.h"
#include "verifier/wolf.h"

struct want want_of(enum collateral_item item,
                    const struct quote_platform *platform,
                    const struct collateral_update *update,
                    struct slice root_der)
{
    struct want w = { .item = item };
    uint8_t digest[WOLF_SHA256_BYTES];

    if (item == ITEM_TCB_INFO || item == ITEM_QE_IDENTITY) {
        w.tee = platform->tee;
        w.update = *update;
    }
    if (item == ITEM_TCB_INFO)
        memcpy(w.fmspc, platform->fmspc, sizeof(w.fmspc));
    if (item == ITEM_PCK_CRL)
        w.platform_ca = platform->platform_ca;
    if (root_der.len > 0) {
        wolf_sha256(root_der, (struct slice){ 0 }, digest);
        memcpy(w.root, digest, sizeof(w.root));
    }
    return w;
}

bool want_equal(const struct want *a, const struct want *b)
{
    return a->item == b->item && a->tee == b->tee &&
           slice_equal(SLICE_OF(a->fmspc), SLICE_OF(b->fmspc)) &&
           a->platform_ca == b->platform_ca &&
           a->update.kind == b->update.kind &&
           a->update.number == b->update.number &&
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
        return STATUS_OK;
    case ITEM_COUNT:
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
        (void)snprintf(out, room, "intel");
    else
        text_hex(SLICE_OF(w->root), out, room);
}

void want_name(const struct want *w, char out[WANT_NAME_ROOM])
{
    const char *item = collateral_item_name(w->item);
    char fmspc[2 * sizeof(w->fmspc) + 1];
    char root[2 * sizeof(w->root) + 1];
    char update[16];

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
    case ITEM_COUNT:
        break;
    }
    assert(!"an item without a name");
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
    case ITEM_COUNT:
        break;
    }
    assert(!"an item without a purpose");
}
