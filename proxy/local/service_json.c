#include "proxy/local/service_json.h"

#include "common/json_out.h"
#include "proxy/local/local_page.h"
#include "verifier/verify.h"

/* "ready", "AESGCM" ... of the session that takes streams. */
static void put_session(const struct status_service *s, struct json_out *j)
{
    for (size_t i = 0; i < s->session_count; i++)
        if (s->sessions[i].traffic.suite[0] != '\0') {
            json_out_text(j, "suite", s->sessions[i].traffic.suite);
            return;
        }
    json_out_null(j, "suite");
}

/* A server that was refused has no page that could ask. */
static void put_attestation(const struct attestation *a, struct json_out *j)
{
    if (a == NULL || a->why.status != STATUS_OK) {
        json_out_null(j, "attestation");
        return;
    }
    json_out_object(j, "attestation");
    json_out_text(j, "release",
                  a->decision.release != NULL ? a->decision.release : "");
    json_out_time(j, "attested", a->attested_unix);
    json_out_time(j, "deadline", a->deadline_unix);
    json_out_int(j, "passed", (int64_t)status_data_checks(a, OUTCOME_PASS));
    json_out_int(j, "skipped", (int64_t)status_data_checks(a, OUTCOME_SKIP));
    json_out_object(j, "claims");
    claims_json(&a->claims, j);
    json_out_end_object(j);
    json_out_end_object(j);
}

void service_json_write(const struct status_service *s, struct buffer *out)
{
    struct json_out j = json_out_to(out);

    json_out_object(&j, NULL);
    json_out_int(&j, "version", SERVICE_JSON_VERSION);
    json_out_text(&j, "program", "veritee " VERITEE_VERSION);
    json_out_text(&j, "service", s->service->name);
    json_out_text(&j, "state", status_data_word(s->standing));
    json_out_text(&j, "protocol", policy_protocol_name(s->service->protocol));
    put_session(s, &j);
    put_attestation(s->attestation, &j);
    json_out_text(&j, "status_page", "http://" LOCAL_PAGE_HOST "/");
    json_out_end_object(&j);
    buffer_byte(out, '\n');
}
