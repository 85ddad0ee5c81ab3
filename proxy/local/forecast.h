/* proxy/local/forecast.h: what a TCB recovery that is coming does to a service.
 *
 * Intel publishes new TCB data early and makes it the standard some time
 * later, without saying when. The same evidence, judged by both, tells what
 * will break before it does. Text and data only: nothing is decided by it.
 * PCS API v4, update=early. */
#ifndef PROXY_LOCAL_FORECAST_H
#define PROXY_LOCAL_FORECAST_H

#include <stdint.h>

#include "common/buffer.h"
#include "common/json_out.h"
#include "common/status.h"
#include "proxy/local/attest.h"
#include "verifier/claims.h"
#include "verifier/tcb_numbers.h"

enum outlook {
    OUTLOOK_NONE,    /* nothing was looked at */
    OUTLOOK_UNKNOWN, /* the early data could not be had; |why| */
    OUTLOOK_HOLDS,   /* accepted by the early data too */
    OUTLOOK_BREAKS   /* refused by it; |why| */
};

/* Plain data. All zero: nothing is known. */
struct forecast {
    enum outlook outlook;
    int64_t at_unix;         /* when it was looked at */
    uint32_t present_number; /* of the TCB data judged by now */
    uint32_t early_number;   /* of the early one; 0 if that is not known */
    int64_t event_unix;      /* when the recovery was made public; 0: unknown */
    enum tcb_status present_status;
    enum tcb_status early_status; /* TCB_NONE if verification failed */
    struct advisories news;       /* that are not there now */
    struct why why;               /* all zero when it holds */
};

/* Compare |early|, of the early TCB data, with |present|, which was accepted,
 * of the same evidence. */
void forecast_compare(const struct attestation *present,
                      const struct attestation *early, int64_t now_unix,
                      struct forecast *out);

/* Take the date from |numbers|. */
void forecast_date(struct forecast *f, const struct tcb_numbers *numbers);

/* What to do, to a person; "" if there is nothing to do. Static. */
const char *forecast_advice(const struct forecast *f);

/* Lines for a person, each after |indent|; nothing for OUTLOOK_NONE. */
void forecast_text(const struct forecast *f, const char *indent,
                   struct buffer *out);

/* The member |key|: an object, or null for OUTLOOK_NONE. In the shape of
 * docs/schema/status.schema.json. */
void forecast_json(const struct forecast *f, const char *key,
                   struct json_out *j);

#endif
