#include "proxy/local/status_metrics.h"

#include <inttypes.h>

static void put_family(struct buffer *out, const char *name, const char *type,
                       const char *help)
{
    buffer_printf(out, "# HELP veritee_%s %s\n# TYPE veritee_%s %s\n", name,
                  help, name, type);
}

static void put_totals(const struct status_data *data, struct buffer *out)
{
    const struct tally *t = data->tally;
    const struct {
        const char *name;
        uint64_t value;
        const char *help;
    } totals[] = {
        { "connections_total", t->connections, "Local connections accepted." },
        { "streams_total", t->streams, "Requests for a service." },
        { "direct_total", t->direct, "Requests sent in the clear." },
        { "blocked_total", t->blocked, "Requests the policy blocked." },
        { "received_bytes_total", data->bytes_in, "Received in sessions." },
        { "sent_bytes_total", data->bytes_out, "Sent in sessions." },
        { "sessions_lost_total", t->lost, "Sessions that broke." },
    };

    for (size_t i = 0; i < COUNT_OF(totals); i++) {
        put_family(out, totals[i].name, "counter", totals[i].help);
        buffer_printf(out, "veritee_%s %" PRIu64 "\n", totals[i].name,
                      totals[i].value);
    }
    put_family(out, "connections", "gauge", "Local connections open now.");
    buffer_printf(out, "veritee_connections %zu\n", data->connections);
    put_family(out, "start_time_seconds", "gauge", "Unix time of the start.");
    buffer_printf(out, "veritee_start_time_seconds %" PRId64 "\n",
                  data->started_unix);
}

static void put_attestations(const struct tally *t, struct buffer *out)
{
    put_family(out, "attestations_total", "counter",
               "Attempts at a session, by result: accepted, or the class of "
               "what failed.");
    buffer_printf(out,
                  "veritee_attestations_total{result=\"accepted\"} %" PRIu64
                  "\n",
                  t->accepted);
    for (int i = CLASS_LOCAL; i <= CLASS_POLICY; i++)
        buffer_printf(out,
                      "veritee_attestations_total{result=\"%s\"} %" PRIu64 "\n",
                      status_class_name((enum status_class)i), t->failed[i]);
}

/* A label's value: three characters are escaped. */
static void put_label(const char *text, struct buffer *out)
{
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '\\' || *c == '"')
            buffer_byte(out, '\\');
        if (*c == '\n')
            buffer_text(out, "\\n");
        else
            buffer_byte(out, (uint8_t)*c);
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
    { "service_verified", is_verified, "1 if a real TEE was accepted." },
    { "service_simulated", is_simulated, "1 if a simulated TEE was accepted." },
    { "service_sessions", sessions, "Sessions now, of any state." },
    { "service_streams", streams, "Streams open now." },
    { "service_waiting", waiting, "Requests that wait for a session." },
    { "service_deadline_seconds", deadline,
      "Unix time until which the session takes streams; 0 if there is none." },
    { "service_expiry_seconds", expiry,
      "Unix time at which the first item of evidence or collateral expires; "
      "0 if nothing was verified." },
    /* clang-format on */
};

void status_metrics_write(const struct status_data *data, struct buffer *out)
{
    put_totals(data, out);
    put_attestations(data->tally, out);
    for (size_t i = 0; i < COUNT_OF(gauges); i++) {
        put_family(out, gauges[i].name, "gauge", gauges[i].help);
        for (size_t k = 0; k < data->service_count; k++) {
            const struct status_service *s = &data->services[k];

            buffer_printf(out, "veritee_%s{service=\"", gauges[i].name);
            put_label(s->service->name, out);
            buffer_printf(out, "\"} %" PRId64 "\n", gauges[i].of(s));
        }
    }
}
