#include "proxy/local/status_metrics.h"

#include "common/metrics_out.h"

static void put_totals(const struct status_data *data, struct buffer *out)
{
    const struct tally *t = data->tally;
    const struct {
        const char *name;
        uint64_t value;
        const char *help;
    } totals[] = {
        /* clang-format off */
        { "veritee_connections_total", t->connections,
          "Local connections accepted." },
        { "veritee_streams_total", t->streams, "Requests for a service." },
        { "veritee_direct_total", t->direct, "Requests sent in the clear." },
        { "veritee_blocked_total", t->blocked,
          "Requests the policy blocked." },
        { "veritee_received_bytes_total", data->bytes_in,
          "Received in sessions." },
        { "veritee_sent_bytes_total", data->bytes_out, "Sent in sessions." },
        { "veritee_sessions_lost_total", t->lost, "Sessions that broke." },
        /* clang-format on */
    };

    for (size_t i = 0; i < COUNT_OF(totals); i++)
        metrics_out_single(out, totals[i].name, "counter", totals[i].help,
                           (int64_t)totals[i].value);
    metrics_out_single(out, "veritee_connections", "gauge",
                       "Local connections open now.",
                       (int64_t)data->connections);
    metrics_out_single(out, "veritee_start_time_seconds", "gauge",
                       "Unix time of the start.", data->started_unix);
}

static void put_attestations(const struct tally *t, struct buffer *out)
{
    static const char name[] = "veritee_attestations_total";
    struct metrics_label label = { "result", "accepted" };

    metrics_out_family(out, name, "counter",
                       "Attempts at a session, by result: accepted, or the "
                       "class of what failed.");
    metrics_out_sample(out, name, &label, 1, (int64_t)t->accepted);
    for (int i = CLASS_LOCAL; i <= CLASS_POLICY; i++) {
        label.value = status_class_name((enum status_class)i);
        metrics_out_sample(out, name, &label, 1, (int64_t)t->failed[i]);
    }
}

/* One sample a status that came up, and always one, so that the family is
 * there. */
static void put_refusals(const struct tally *t, struct buffer *out)
{
    static const char name[] = "veritee_refusals_total";

    metrics_out_family(out, name, "counter",
                       "Attempts at a session that failed, and sessions that "
                       "ended before their time, by status.");
    for (int i = 1; i < STATUS_COUNT; i++) {
        const struct metrics_label label = { "status",
                                             status_name((enum status)i) };

        if (t->refused[i] > 0 || i == STATUS_POLICY)
            metrics_out_sample(out, name, &label, 1, (int64_t)t->refused[i]);
    }
}

static int64_t is_verified(const struct status_service *s)
{
    return s->standing == STANDING_VERIFIED;
}

static int64_t is_simulated(const struct status_service *s)
{
    return s->standing == STANDING_SIMULATED;
}

static int64_t sessions(const struct status_service *s)
{
    return (int64_t)s->session_count;
}

static int64_t waiting(const struct status_service *s)
{
    return (int64_t)s->waiting;
}

static int64_t streams(const struct status_service *s)
{
    size_t sum = 0;

    for (size_t i = 0; i < s->session_count; i++)
        sum += s->sessions[i].traffic.streams;
    return (int64_t)sum;
}

static int64_t attested(const struct status_service *s)
{
    return s->attestation != NULL && s->attestation->why.status == STATUS_OK
               ? s->attestation->attested_unix
               : 0;
}

static int64_t deadline(const struct status_service *s)
{
    return s->attestation != NULL ? s->attestation->deadline_unix : 0;
}

static int64_t expiry(const struct status_service *s)
{
    return s->attestation != NULL
               ? s->attestation->claims.validity.earliest_expiry_unix
               : 0;
}

static const struct {
    const char *name;
    int64_t (*of)(const struct status_service *s);
    const char *help;
} gauges[] = {
    /* clang-format off */
    { "veritee_service_verified", is_verified,
      "1 if a real TEE was accepted." },
    { "veritee_service_simulated", is_simulated,
      "1 if a simulated TEE was accepted." },
    { "veritee_service_sessions", sessions, "Sessions now, of any state." },
    { "veritee_service_streams", streams, "Streams open now." },
    { "veritee_service_waiting", waiting, "Requests that wait for a session." },
    { "veritee_service_attested_timestamp_seconds", attested,
      "Unix time of the attestation in use; 0 if there is none." },
    { "veritee_service_deadline_timestamp_seconds", deadline,
      "Unix time until which the session takes streams; 0 if there is none." },
    { "veritee_service_expiry_timestamp_seconds", expiry,
      "Unix time at which the first item of evidence or collateral expires; "
      "0 if nothing was verified." },
    /* clang-format on */
};

void status_metrics_write(const struct status_data *data, struct buffer *out)
{
    put_totals(data, out);
    put_attestations(data->tally, out);
    put_refusals(data->tally, out);
    for (size_t i = 0; i < COUNT_OF(gauges); i++) {
        metrics_out_family(out, gauges[i].name, "gauge", gauges[i].help);
        for (size_t k = 0; k < data->service_count; k++) {
            const struct status_service *s = &data->services[k];
            const struct metrics_label label = { "service", s->service->name };

            metrics_out_sample(out, gauges[i].name, &label, 1, gauges[i].of(s));
        }
    }
}
