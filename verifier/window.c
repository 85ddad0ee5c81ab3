#include "verifier/window.h"

#include "common/text.h"

static enum status refuse(struct why *why, enum status st, const char *field,
                          const char *clause, int64_t end_unix,
                          int64_t now_unix)
{
    char end[TEXT_TIME_ROOM];
    char now[TEXT_TIME_ROOM];
    bool expired = st == STATUS_EXPIRED;

    text_time(end_unix, end);
    text_time(now_unix, now);
    (void)why_fail(why, st, field, clause, "%s %s",
                   expired ? "valid until" : "valid from", end);
    return why_expect(why, "%s %s", expired ? "at least" : "at most", now);
}

enum status window_check(const struct window *w, int64_t now_unix,
                         const char *field, const char *clause, struct why *why)
{
    if (now_unix < w->from_unix)
        return refuse(why, STATUS_NOT_YET, field, clause, w->from_unix,
                      now_unix);
    if (now_unix > w->until_unix)
        return refuse(why, STATUS_EXPIRED, field, clause, w->until_unix,
                      now_unix);
    return STATUS_OK;
}
