#include "proxy/local/forecast.h"

#include <assert.h>
#include <string.h>

#include "common/text.h"

static const char *word_of(enum outlook o)
{
    switch (o) {
    case OUTLOOK_NONE:
        return "";
    case OUTLOOK_UNKNOWN:
        return "unknown";
    case OUTLOOK_HOLDS:
        return "holds";
    case OUTLOOK_BREAKS:
        return "breaks";
    }
    assert(!"an outlook without a word");
    return "";
}

/* Evidence and policy say no; a network that is down says nothing. */
static enum outlook outlook_of(enum status st)
{
    enum status_class class = status_class(st);

    if (st == STATUS_OK)
        return OUTLOOK_HOLDS;
    return class == CLASS_EVIDENCE || class == CLASS_POLICY ? OUTLOOK_BREAKS
                                                            : OUTLOOK_UNKNOWN;
}

static bool has(const struct advisories *set, const char *name)
{
    for (size_t i = 0; i < set->count; i++)
        if (strcmp(set->names[i], name) == 0)
            return true;
    return false;
}

static void note_news(const struct advisories *before,
                      const struct advisories *after, struct advisories *out)
{
    for (size_t i = 0; i < after->count; i++) {
        bool added = has(before, after->names[i]) ||
                     advisories_add(out, slice_text(after->names[i]),
                                    (enum tcb_part)after->parts[i]);

        assert(added); /* it is part of a set of that size */
    }
}

void forecast_compare(const struct attestation *present,
                      const struct attestation *early, int64_t now_unix,
                      struct forecast *out)
{
    const struct tcb_claims *before = &present->claims.tcb;
    const struct tcb_claims *after = &early->claims.tcb;

    *out = (struct forecast){
        .outlook = outlook_of(early->why.status),
        .at_unix = now_unix,
        .present_number = before->evaluation_number,
        .early_number = after->evaluation_number,
        .present_status = before->status,
        .early_status = after->status,
    };
    if (out->outlook != OUTLOOK_HOLDS)
        out->why = early->why;
    note_news(&before->advisories, &after->advisories, &out->news);
}

/* A verification that failed does not tell its number: then it is the newest
 * there is. */
void forecast_date(struct forecast *f, const struct tcb_numbers *numbers)
{
    const struct tcb_number *set;

    if (f->early_number == 0)
        f->early_number = tcb_numbers_greatest(numbers);
    set = tcb_numbers_find(numbers, f->early_number);
    f->event_unix = set == NULL ? 0 : set->event_unix;
}

const char *forecast_advice(const struct forecast *f)
{
    switch (f->outlook) {
    case OUTLOOK_NONE:
    case OUTLOOK_HOLDS:
        return "";
    case OUTLOOK_UNKNOWN:
        return "Nothing is wrong now. See that a source of the policy can be "
               "asked for update=early.";
    case OUTLOOK_BREAKS:
        return "Ask the operator of the service to update its platform before "
               "this becomes the standard. Or name in the policy what you "
               "accept: TCB status, advisories, a grace time.";
    }
    assert(!"an outlook without advice");
    return "";
}

static void put_names(const struct advisories *set, struct buffer *out)
{
    for (size_t i = 0; i < set->count; i++)
        buffer_printf(out, "%s%s", i > 0 ? ", " : "", set->names[i]);
}

static void put_change(const struct forecast *f, const char *indent,
                       struct buffer *out)
{
    char day[TEXT_TIME_ROOM];

    buffer_printf(out, "%sTCB data        %u now", indent,
                  (unsigned)f->present_number);
    if (f->early_number != 0)
        buffer_printf(out, ", %u to come", (unsigned)f->early_number);
    if (f->event_unix != 0) {
        text_time(f->event_unix, day);
        buffer_printf(out, ", public since %.10s", day);
    }
    buffer_printf(out, "\n%sTCB status      %s now", indent,
                  tcb_status_name(f->present_status));
    if (f->early_status != TCB_NONE)
        buffer_printf(out, ", %s then", tcb_status_name(f->early_status));
    buffer_byte(out, '\n');
    if (f->news.count == 0)
        return;
    buffer_printf(out, "%sadvisories      ", indent);
    put_names(&f->news, out);
    buffer_byte(out, '\n');
}

void forecast_text(const struct forecast *f, const char *indent,
                   struct buffer *out)
{
    char line[512];

    if (f->outlook == OUTLOOK_NONE)
        return;
    buffer_printf(out, "%sforecast        %s\n", indent, word_of(f->outlook));
    if (f->outlook != OUTLOOK_UNKNOWN)
        put_change(f, indent, out);
    if (f->outlook == OUTLOOK_HOLDS)
        return;
    why_line(&f->why, line, sizeof(line));
    buffer_printf(out, "%sreason          %s\n", indent, line);
    buffer_printf(out, "%swhat to do      %s\n", indent, forecast_advice(f));
}

static void put_number(struct json_out *j, const char *key, uint32_t number)
{
    if (number == 0)
        json_out_null(j, key);
    else
        json_out_int(j, key, number);
}

static void put_status(struct json_out *j, const char *key, enum tcb_status s)
{
    if (s == TCB_NONE)
        json_out_null(j, key);
    else
        json_out_text(j, key, tcb_status_name(s));
}

void forecast_json(const struct forecast *f, const char *key,
                   struct json_out *j)
{
    char line[512] = "";

    if (f->outlook == OUTLOOK_NONE) {
        json_out_null(j, key);
        return;
    }
    if (f->outlook != OUTLOOK_HOLDS)
        why_line(&f->why, line, sizeof(line));
    json_out_object(j, key);
    json_out_text(j, "outlook", word_of(f->outlook));
    json_out_time(j, "time", f->at_unix);
    put_number(j, "evaluation_number", f->present_number);
    put_number(j, "early_evaluation_number", f->early_number);
    if (f->event_unix == 0)
        json_out_null(j, "public_since");
    else
        json_out_time(j, "public_since", f->event_unix);
    put_status(j, "tcb_status", f->present_status);
    put_status(j, "early_tcb_status", f->early_status);
    json_out_array(j, "new_advisories");
    for (size_t i = 0; i < f->news.count; i++)
        json_out_text(j, NULL, f->news.names[i]);
    json_out_end_array(j);
    json_out_text(j, "status", status_name(f->why.status));
    json_out_text(j, "reason", line);
    json_out_text(j, "advice", forecast_advice(f));
    json_out_end_object(j);
}
