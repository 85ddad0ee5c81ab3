#include "collateral/seen.h"

#include "common/text.h"

void seen_raise(struct seen *seen, const struct item_facts *facts)
{
    seen->issued_unix = MAX_OF(seen->issued_unix, facts->issued_unix);
    seen->evaluation_number =
        MAX_OF(seen->evaluation_number, facts->evaluation_number);
}

enum status seen_check(const struct seen *seen, const struct item_facts *facts,
                       struct why *why)
{
    char issued[TEXT_TIME_ROOM];

    if (facts->issued_unix < seen->issued_unix) {
        text_time(facts->issued_unix, issued);
        (void)why_fail(why, STATUS_ROLLBACK, "collateral.issue_date", NULL,
                       "issued %s", issued);
        text_time(seen->issued_unix, issued);
        return why_expect(why, "%s or later, as seen before", issued);
    }
    if (facts->evaluation_number < seen->evaluation_number) {
        (void)why_fail(why, STATUS_ROLLBACK, "collateral.evaluation_number",
                       NULL, "%u", (unsigned)facts->evaluation_number);
        return why_expect(why, "%u or more, as seen before",
                          (unsigned)seen->evaluation_number);
    }
    return STATUS_OK;
}
