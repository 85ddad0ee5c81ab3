#include "verifier/tcb_numbers.h"

#include "verifier/json.h"
#include "verifier/signed_json.h"
#include "verifier/tcb_info.h"

enum {
    SETS_ID,
    SETS_VERSION,
    SETS_ISSUE_DATE,
    SETS_NEXT_UPDATE,
    SETS_NUMBERS,
    SETS_MEMBERS
};

static const char *const sets_names[SETS_MEMBERS] = {
    [SETS_ID] = "id",
    [SETS_VERSION] = "version",
    [SETS_ISSUE_DATE] = "issueDate",
    [SETS_NEXT_UPDATE] = "nextUpdate",
    [SETS_NUMBERS] = "tcbEvalNumbers",
};

enum { SET_NUMBER, SET_EVENT, SET_DATE, SET_MEMBERS };

static const char *const set_names[SET_MEMBERS] = {
    [SET_NUMBER] = "tcbEvaluationDataNumber",
    [SET_EVENT] = "tcbRecoveryEventDate",
    [SET_DATE] = "tcbDate",
};

static void read_set(struct json *j, struct tcb_number *out)
{
    struct json_object o = JSON_OBJECT(set_names);

    while (json_member(j, &o)) {
        if (o.at == SET_NUMBER)
            out->number = json_number(j, UINT32_MAX);
        else if (o.at == SET_EVENT)
            out->event_unix = json_time(j);
        else
            out->date_unix = json_time(j);
    }
    json_require(j, &o, (1 << SET_MEMBERS) - 1);
}

static void read_sets(struct json *j, struct tcb_numbers *out)
{
    struct json_array a = { 0 };

    while (json_element(j, &a)) {
        struct tcb_number set = { 0 };

        read_set(j, &set);
        if (out->count == TCB_NUMBERS_MAX)
            json_fail(j, "too many TCB data sets");
        else if (tcb_numbers_find(out, set.number) != NULL)
            json_fail(j, "a TCB data set stands twice");
        else
            out->at[out->count++] = set;
    }
    if (json_ok(j) && out->count == 0)
        json_fail(j, "no TCB data sets");
}

static void read_member(struct json *j, unsigned at, struct tcb_numbers *out,
                        uint32_t *version)
{
    switch (at) {
    case SETS_ID:
        out->tee = tcb_info_read_tee(j);
        break;
    case SETS_VERSION:
        *version = json_number(j, UINT32_MAX);
        break;
    case SETS_ISSUE_DATE:
        out->dates.from_unix = json_time(j);
        break;
    case SETS_NEXT_UPDATE:
        out->dates.until_unix = json_time(j);
        break;
    case SETS_NUMBERS:
        read_sets(j, out);
        break;
    }
}

enum status tcb_numbers_parse(struct slice text, struct tcb_numbers *out,
                              struct why *why)
{
    struct json j = json_over(text);
    struct json_object o = JSON_OBJECT(sets_names);
    struct tcb_numbers n = { .tee = TEE_NONE };
    uint32_t version = 0;
    enum status st;

    *out = n;
    while (json_member(&j, &o))
        read_member(&j, o.at, &n, &version);
    json_end(&j);
    json_require(&j, &o, (1 << SETS_MEMBERS) - 1);
    st = json_status(&j, "tcb_numbers", why);
    if (st == STATUS_OK && version != 1) {
        (void)why_fail(why, STATUS_BAD_VERSION, "tcb_numbers.version",
                       "PCS API v4", "version %u", (unsigned)version);
        return why_expect(why, "1");
    }
    if (st == STATUS_OK)
        *out = n;
    return st;
}

enum status tcb_numbers_read(struct slice body, struct tcb_numbers *out,
                             struct why *why)
{
    struct signed_json text;
    enum status st = signed_json_parse(body, "tcbEvaluationDataNumbers",
                                       "tcb_numbers", &text, why);

    *out = (struct tcb_numbers){ 0 };
    if (st != STATUS_OK)
        return st;
    return tcb_numbers_parse(text.body, out, why);
}

const struct tcb_number *tcb_numbers_find(const struct tcb_numbers *n,
                                          uint32_t number)
{
    for (size_t i = 0; i < n->count; i++)
        if (n->at[i].number == number)
            return &n->at[i];
    return NULL;
}

uint32_t tcb_numbers_greatest(const struct tcb_numbers *n)
{
    uint32_t greatest = 0;

    for (size_t i = 0; i < n->count; i++)
        greatest = MAX_OF(greatest, n->at[i].number);
    return greatest;
}
