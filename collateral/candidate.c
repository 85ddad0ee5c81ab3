#include "collateral/candidate.h"

#include <assert.h>
#include <stdio.h>

#include "collateral/pcs_request.h"
#include "common/limits.h"
#include "verifier/snp_item.h"

static enum status check_item(struct candidate *c, struct slice body,
                              struct slice chain)
{
    switch (c->want->item) {
    case ITEM_TCB_INFO:
    case ITEM_QE_IDENTITY:
    case ITEM_PCK_CRL:
    case ITEM_ROOT_CRL:
    case ITEM_TCB_NUMBERS:
        return collateral_item_check(c->want->item, body, chain, c->root_der,
                                     c->now_unix, &c->facts, &c->why);
    case ITEM_VCEK:
        return snp_item_check_vcek(body, c->root_der, c->now_unix, &c->facts,
                                   &c->why);
    case ITEM_ARK_CRL:
        return snp_item_check_crl(body, c->want->product, c->root_der,
                                  c->now_unix, &c->facts, &c->why);
    case ITEM_COUNT:
    case ITEM_KINDS:
        break;
    }
    assert(!"an item that cannot be checked");
    return STATUS_INTERNAL;
}

/* Signatures and dates, and whether it is ours. Another platform's item says
 * nothing to us, also not by its dates. */
static enum status check(struct candidate *c, struct slice body,
                         struct slice chain)
{
    enum status st;
    struct why why;

    st = check_item(c, body, chain);
    if (st != STATUS_OK && st != STATUS_EXPIRED && st != STATUS_NOT_YET)
        return st;
    if (want_check(c->want, &c->facts, &why) == STATUS_OK)
        return st;
    c->facts = (struct item_facts){ 0 };
    c->why = why;
    return why.status;
}

static enum status judge(struct candidate *c, struct slice body,
                         struct slice chain, int64_t fetched_unix)
{
    enum status st;

    if (body.len > COLLATERAL_MAX_BYTES || chain.len > COLLATERAL_MAX_BYTES)
        return why_fail(&c->why, STATUS_LIMIT, "collateral", NULL,
                        "over %d bytes", COLLATERAL_MAX_BYTES);
    st = check(c, body, chain);
    if (st != STATUS_OK)
        return st;
    st = seen_check(&c->seen, &c->facts, &c->why);
    if (st != STATUS_OK)
        return st;
    c->item = item_new(c->want->item, body, chain, c->origin, fetched_unix,
                       &c->facts);
    if (c->item == NULL)
        return why_fail(&c->why, STATUS_NO_MEMORY, "collateral", NULL,
                        "no memory for %zu bytes", body.len + chain.len);
    c->why = (struct why){ .status = STATUS_OK };
    return STATUS_OK;
}

void candidate_load(struct candidate *c)
{
    char name[WANT_NAME_ROOM];
    struct buffer file;
    struct store_entry entry;

    want_name(c->want, name);
    if (store_load(c->store, name, &file, &entry, &c->why) != STATUS_OK)
        return;
    memcpy(c->origin, entry.origin, sizeof(c->origin));
    /* The time is not signed: at worst, it came just now. */
    (void)judge(c, entry.body, entry.chain,
                MIN_OF(entry.fetched_unix, c->now_unix));
    buffer_free(&file);
}

static void keep(struct candidate *c)
{
    struct store_entry entry = {
        .body = c->item->body,
        .chain = c->item->chain,
        .fetched_unix = c->now_unix,
    };
    char name[WANT_NAME_ROOM];

    want_name(c->want, name);
    memcpy(entry.origin, c->origin, sizeof(entry.origin));
    if (store_save(c->store, name, &entry, &c->store_why) == STATUS_OK)
        c->store_why = (struct why){ .status = STATUS_OK };
}

/* Undo what the transport did. */
static enum status decode(struct candidate *c, struct buffer *body,
                          struct buffer *chain)
{
    enum collateral_item item = c->want->item;
    bool is_crl =
        item == ITEM_PCK_CRL || item == ITEM_ROOT_CRL || item == ITEM_ARK_CRL;

    if (item != ITEM_ROOT_CRL && !want_is_amd(c->want) &&
        pcs_request_chain(buffer_view(&c->chain), chain, &c->why) != STATUS_OK)
        return c->why.status;
    if (is_crl)
        return pcs_request_crl(buffer_view(&c->body), body, &c->why);
    buffer_add(body, buffer_view(&c->body));
    if (!buffer_ok(body))
        return why_fail(&c->why, STATUS_NO_MEMORY, "collateral", NULL,
                        "no memory for %zu bytes", c->body.len);
    return STATUS_OK;
}

static void judge_wire(struct candidate *c)
{
    struct buffer body = buffer_with_max(COLLATERAL_MAX_BYTES);
    struct buffer chain = buffer_with_max(COLLATERAL_MAX_BYTES);

    if (decode(c, &body, &chain) == STATUS_OK)
        (void)judge(c, buffer_view(&body), buffer_view(&chain), c->now_unix);
    buffer_free(&body);
    buffer_free(&chain);
}

void candidate_judge(struct candidate *c)
{
    if (c->is_wire)
        judge_wire(c);
    else
        (void)judge(c, buffer_view(&c->body), buffer_view(&c->chain),
                    c->now_unix);
    if (c->item != NULL && c->store != NULL)
        keep(c);
}

void candidate_fini(struct candidate *c)
{
    buffer_free(&c->body);
    buffer_free(&c->chain);
    item_unref(c->item);
    *c = (struct candidate){ 0 };
}
