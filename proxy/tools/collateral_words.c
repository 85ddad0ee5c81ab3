#include "proxy/tools/collateral_words.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/text.h"

#define DAY_S ((int64_t)24 * 3600)

static bool is_known(const struct collateral_words *w)
{
    return w->item->facts.next_update_unix != 0;
}

static const char *state_of(const struct collateral_words *w)
{
    return w->item->why.status == STATUS_OK ? "good"
                                            : status_name(w->item->why.status);
}

static void put_dates(const struct collateral_words *w, struct buffer *out)
{
    const struct item_facts *f = &w->item->facts;
    char issued[TEXT_TIME_ROOM], until[TEXT_TIME_ROOM];
    int64_t left = f->next_update_unix - w->now_unix;

    text_time(f->issued_unix, issued);
    text_time(f->next_update_unix, until);
    buffer_printf(out, "    issued %s, until %s", issued, until);
    if (left >= 0)
        buffer_printf(out, " (%" PRId64 " days left)", left / DAY_S);
    if (f->evaluation_number != 0)
        buffer_printf(out, ", evaluation number %u",
                      (unsigned)f->evaluation_number);
    if (f->crl_number_len != 0) {
        buffer_text(out, ", CRL number ");
        buffer_hex(out, slice_of(f->crl_number, f->crl_number_len));
    }
    buffer_byte(out, '\n');
}

void collateral_words_text(const struct collateral_words *w, struct buffer *out)
{
    char fetched[TEXT_TIME_ROOM];
    char line[512];

    buffer_printf(out, "%s: %s\n", w->name,
                  w->outcome != NULL ? w->outcome : state_of(w));
    if (is_known(w))
        put_dates(w, out);
    if (w->item->why.status != STATUS_OK) {
        why_line(&w->item->why, line, sizeof(line));
        buffer_printf(out, "    %s\n", line);
    }
    text_time(w->entry->fetched_unix, fetched);
    buffer_printf(out, "    from %s, %s\n", w->entry->origin, fetched);
}

static void put_times_json(const struct collateral_words *w, struct json_out *j)
{
    const struct item_facts *f = &w->item->facts;

    json_out_time(j, "issued", f->issued_unix);
    json_out_time(j, "next_update", f->next_update_unix);
    json_out_int(j, "seconds_left", f->next_update_unix - w->now_unix);
}

/* Whose it is: what does not apply is left out. */
static void put_key_json(const struct stock_item *item, struct json_out *j)
{
    const struct want *want = &item->want;
    const struct item_facts *f = &item->facts;

    json_out_text(j, "item", collateral_item_name(want->item));
    if (want->tee != TEE_NONE)
        json_out_text(j, "tee", tee_name(want->tee));
    if (want->item == ITEM_TCB_INFO)
        json_out_hex(j, "fmspc", SLICE_OF(want->fmspc));
    if (want->item == ITEM_PCK_CRL)
        json_out_text(j, "ca", want->platform_ca ? "platform" : "processor");
    if (want->product != SNP_NO_PRODUCT)
        json_out_text(j, "product", snp_product_name(want->product));
    if (want->item == ITEM_VCEK)
        json_out_hex(j, "chip_id", SLICE_OF(want->chip_id));
    if (want->update.kind != UPDATE_STANDARD)
        json_out_text(j, "update",
                      want->update.kind == UPDATE_EARLY ? "early" : "number");
    if (f->evaluation_number != 0)
        json_out_int(j, "evaluation_number", f->evaluation_number);
    if (f->crl_number_len != 0)
        json_out_hex(j, "crl_number",
                     slice_of(f->crl_number, f->crl_number_len));
    json_out_text(j, "root", item->root.len > 0 ? "named" : "built-in");
}

void collateral_words_json(const struct collateral_words *w, struct json_out *j)
{
    char line[512] = "";

    if (w->item->why.status != STATUS_OK)
        why_line(&w->item->why, line, sizeof(line));
    json_out_object(j, NULL);
    json_out_text(j, "name", w->name);
    if (w->outcome != NULL)
        json_out_text(j, "outcome", w->outcome);
    json_out_text(j, "status", status_name(w->item->why.status));
    json_out_text(j, "reason", line);
    if (is_known(w)) {
        put_key_json(w->item, j);
        put_times_json(w, j);
    }
    json_out_text(j, "origin", w->entry->origin);
    json_out_time(j, "fetched", w->entry->fetched_unix);
    json_out_end_object(j);
}
