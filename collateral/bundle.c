#include "collateral/bundle.h"

#include <assert.h>
#include <stdlib.h>

static void note_end(struct bundle *b, enum collateral_item i)
{
    int64_t end = b->items[i]->facts.next_update_unix;

    if (i == 0 || end < b->next_update_unix) {
        b->next_update_unix = end;
        b->next_item = i;
    }
}

struct bundle *bundle_new(struct item *const items[ITEM_COUNT])
{
    struct bundle *b = calloc(1, sizeof(*b));

    if (b == NULL)
        return NULL;
    for (enum collateral_item i = 0; i < ITEM_COUNT; i++) {
        assert(items[i]->kind == i);
        b->items[i] = item_ref(items[i]);
        note_end(b, i);
    }
    b->set = (struct collateral_set){
        .tcb_info = items[ITEM_TCB_INFO]->body,
        .tcb_info_chain = items[ITEM_TCB_INFO]->chain,
        .qe_identity = items[ITEM_QE_IDENTITY]->body,
        .qe_identity_chain = items[ITEM_QE_IDENTITY]->chain,
        .pck_crl = items[ITEM_PCK_CRL]->body,
        .pck_crl_chain = items[ITEM_PCK_CRL]->chain,
        .root_crl = items[ITEM_ROOT_CRL]->body,
    };
    b->refs = 1;
    return b;
}

struct bundle *bundle_ref(struct bundle *b)
{
    assert(b->refs > 0);
    b->refs++;
    return b;
}

void bundle_unref(struct bundle *b)
{
    if (b == NULL)
        return;
    assert(b->refs > 0);
    if (--b->refs > 0)
        return;
    for (enum collateral_item i = 0; i < ITEM_COUNT; i++)
        item_unref(b->items[i]);
    verify_trusted_free(b->trusted);
    free(b);
}

bool bundle_usable(const struct bundle *b, int64_t now_unix)
{
    return now_unix <= b->next_update_unix;
}
