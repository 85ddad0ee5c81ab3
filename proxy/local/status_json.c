#include "proxy/local/status_json.h"

#include "common/json_out.h"
#include "proxy/local/refusal_words.h"
#include "proxy/local/verdict_text.h"
#include "proxy/local/weakness.h"

#define DETAIL_MAX_BYTES (256 * 1024) /* details of some 20 services */

static void put_time(struct json_out *j, const char *key, int64_t unix_seconds)
{
    if (unix_seconds == 0)
        json_out_null(j, key);
    else
        json_out_time(j, key, unix_seconds);
}

static void put_text(struct json_out *j, const char *key, const char *value)
{
    if (value == NULL)
        json_out_null(j, key);
    else
        json_out_text(j, key, value);
}

static void put_why(struct json_out *j, const char *key, const struct why *why)
{
    if (why == NULL || why->status == STATUS_OK) {
        json_out_null(j, key);
        return;
    }
    json_out_object(j, key);
    json_out_text(j, "status", status_name(why->status));
    json_out_text(j, "class", status_class_name(status_class(why->status)));
    json_out_text(j, "message", status_text(why->status));
    put_text(j, "field", why->field);
    put_text(j, "clause", why->clause);
    json_out_text(j, "found", why->found);
    json_out_text(j, "expected", why->expected);
    json_out_text(j, "advice", refusal_words_of(why->status).advice);
    json_out_end_object(j);
}

static void put_hosts(struct json_out *j, const struct service *s)
{
    json_out_array(j, "hosts");
    for (size_t i = 0; i < s->host_count; i++) {
        json_out_object(j, NULL);
        json_out_text(j, "host", s->hosts[i].host);
        json_out_bool(j, "below", s->hosts[i].wildcard);
        json_out_int(j, "port", s->hosts[i].port);
        json_out_end_object(j);
    }
    json_out_end_array(j);
}

static void put_endpoints(struct json_out *j, const struct status_service *s)
{
    json_out_array(j, "endpoints");
    for (size_t i = 0; i < s->service->endpoint_count; i++) {
        json_out_object(j, NULL);
        json_out_text(j, "url", s->service->endpoints[i].url);
        json_out_text(j, "state", status_data_endpoint(s, i));
        put_time(j, "tried", s->attempts[i].at_unix);
        json_out_int(j, "failures", s->attempts[i].failures);
        put_why(j, "reason", &s->attempts[i].why);
        json_out_end_object(j);
    }
    json_out_end_array(j);
}

static void put_sessions(struct json_out *j, const struct status_service *s)
{
    json_out_array(j, "sessions");
    for (size_t i = 0; i < s->session_count; i++) {
        const struct status_session *session = &s->sessions[i];

        json_out_object(j, NULL);
        json_out_text(j, "endpoint", session->endpoint);
        json_out_text(j, "state", session->state);
        json_out_text(j, "suite", session->traffic.suite);
        json_out_int(j, "streams", (int64_t)session->traffic.streams);
        json_out_int(j, "bytes_in", (int64_t)session->traffic.bytes_in);
        json_out_int(j, "bytes_out", (int64_t)session->traffic.bytes_out);
        json_out_end_object(j);
    }
    json_out_end_array(j);
}

static void put_verdict(struct json_out *j, const char *key,
                        const struct verdict *v)
{
    json_out_object(j, key);
    verdict_text_checks(v, j);
    json_out_end_object(j);
}

static void put_details(struct json_out *j, const struct attestation *a)
{
    /* Claims exist only when every check passed. */
    if (a->claims.tee == TEE_NONE) {
        json_out_null(j, "claims");
    } else {
        json_out_object(j, "claims");
        claims_json(&a->claims, j);
        json_out_end_object(j);
    }
    put_verdict(j, "verification", &a->verdict);
    put_verdict(j, "policy", &a->decision.verdict);
}

static void put_attestation(struct json_out *j, const struct attestation *a)
{
    if (a == NULL) {
        json_out_null(j, "attestation");
        return;
    }
    json_out_object(j, "attestation");
    json_out_bool(j, "accepted", a->why.status == STATUS_OK);
    json_out_bool(j, "simulated", a->claims.simulated);
    put_text(j, "release", a->decision.release);
    put_time(j, "attested", a->attested_unix);
    put_time(j, "deadline", a->deadline_unix);
    put_text(j, "deadline_item", a->decision.deadline_item);
    put_time(j, "expires", a->claims.validity.earliest_expiry_unix);
    put_text(j, "expires_item", a->claims.validity.earliest_expiry_item);
    put_why(j, "reason", &a->why);
    if (j->to->len < DETAIL_MAX_BYTES)
        put_details(j, a);
    json_out_end_object(j);
}

static void put_weaknesses(struct json_out *j, enum protocol protocol)
{
    size_t count;
    const struct weakness *list = weakness_list(protocol, &count);

    json_out_array(j, "weaknesses");
    for (size_t i = 0; i < count; i++) {
        json_out_object(j, NULL);
        json_out_text(j, "id", list[i].id);
        json_out_text(j, "text", list[i].text);
        json_out_end_object(j);
    }
    json_out_end_array(j);
}

static void put_service(struct json_out *j, const struct status_service *s)
{
    json_out_object(j, NULL);
    json_out_text(j, "name", s->service->name);
    json_out_text(j, "state", status_data_word(s->standing));
    put_hosts(j, s->service);
    json_out_text(j, "protocol", policy_protocol_name(s->service->protocol));
    json_out_text(j, "tls", policy_tls_name(s->service));
    put_why(j, "tls_problem", s->https.status != STATUS_OK ? &s->https : NULL);
    put_weaknesses(j, s->service->protocol);
    json_out_int(j, "waiting", (int64_t)s->waiting);
    put_endpoints(j, s);
    put_sessions(j, s);
    put_why(j, "failure", s->failure != NULL ? &s->failure->why : NULL);
    put_attestation(j, s->attestation);
    if (s->forecast != NULL)
        forecast_json(s->forecast, "forecast", j);
    else
        json_out_null(j, "forecast");
    json_out_end_object(j);
}

static void put_totals(struct json_out *j, const struct status_data *data)
{
    const struct tally *t = data->tally;

    json_out_object(j, "totals");
    json_out_int(j, "connections", (int64_t)t->connections);
    json_out_int(j, "streams", (int64_t)t->streams);
    json_out_int(j, "direct", (int64_t)t->direct);
    json_out_int(j, "blocked", (int64_t)t->blocked);
    json_out_int(j, "bytes_in", (int64_t)data->bytes_in);
    json_out_int(j, "bytes_out", (int64_t)data->bytes_out);
    json_out_int(j, "sessions", (int64_t)t->accepted);
    json_out_int(j, "sessions_lost", (int64_t)t->lost);
    json_out_object(j, "failed");
    for (int i = CLASS_LOCAL; i <= CLASS_POLICY; i++)
        json_out_int(j, status_class_name((enum status_class)i),
                     (int64_t)t->failed[i]);
    json_out_end_object(j);
    json_out_end_object(j);
}

static void put_refusals(struct json_out *j, const struct tally *t)
{
    const struct tally_refusal *r = tally_last(t, 0);

    json_out_array(j, "refusals");
    for (size_t back = 1; r != NULL; r = tally_last(t, back++)) {
        json_out_object(j, NULL);
        json_out_time(j, "time", r->at_unix);
        json_out_text(j, "service", r->service);
        json_out_text(j, "endpoint", r->endpoint);
        put_why(j, "reason", &r->why);
        json_out_end_object(j);
    }
    json_out_end_array(j);
}

void status_json_write(const struct status_data *data, struct buffer *out)
{
    struct json_out j = json_out_to(out);

    json_out_object(&j, NULL);
    json_out_int(&j, "version", STATUS_JSON_VERSION);
    json_out_text(&j, "program", "veritee " VERITEE_VERSION);
    json_out_time(&j, "time", data->now_unix);
    json_out_time(&j, "started", data->started_unix);
    json_out_text(&j, "address", data->address);
    json_out_text(&j, "policy", data->policy->file_name);
    json_out_int(&j, "connections", (int64_t)data->connections);
    put_totals(&j, data);
    json_out_array(&j, "services");
    for (size_t i = 0; i < data->service_count; i++)
        put_service(&j, &data->services[i]);
    json_out_end_array(&j);
    put_refusals(&j, data->tally);
    json_out_end_object(&j);
    buffer_byte(out, '\n');
}
