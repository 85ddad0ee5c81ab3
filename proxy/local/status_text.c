#include "proxy/local/status_text.h"

#include <inttypes.h>

#include "common/text.h"
#include "proxy/local/refusal_words.h"
#include "proxy/local/weakness.h"

static void put_time(struct buffer *out, const char *name, int64_t unix_seconds,
                     const char *item)
{
    char text[TEXT_TIME_ROOM];

    if (unix_seconds == 0)
        return;
    text_time(unix_seconds, text);
    buffer_printf(out, "  %-14s  %s", name, text);
    if (item != NULL && item[0] != '\0')
        buffer_printf(out, " (%s)", item);
    buffer_byte(out, '\n');
}

static void put_attestation(const struct attestation *a, struct buffer *out)
{
    if (a->decision.release != NULL && a->decision.release[0] != '\0')
        buffer_printf(out, "  %-14s  %s\n", "release", a->decision.release);
    if (a->claims.tcb.status != TCB_NONE)
        buffer_printf(out, "  %-14s  %s, %zu advisories\n", "tcb status",
                      tcb_status_name(a->claims.tcb.status),
                      a->claims.tcb.advisories.count);
    put_time(out, "expires first", a->claims.validity.earliest_expiry_unix,
             a->claims.validity.earliest_expiry_item);
    put_time(out, "session until", a->deadline_unix, a->decision.deadline_item);
}

static void put_failure(const struct attempt *failure, struct buffer *out)
{
    char line[512];

    why_line(&failure->why, line, sizeof(line));
    buffer_printf(out, "  %-14s  %s\n", "reason", line);
    put_time(out, "when", failure->at_unix, NULL);
    buffer_printf(out, "  %-14s  %s\n", "what to do",
                  refusal_words_of(failure->why.status).advice);
}

static void put_weaknesses(enum protocol protocol, struct buffer *out)
{
    size_t count;
    const struct weakness *list = weakness_list(protocol, &count);

    for (size_t i = 0; i < count; i++)
        buffer_printf(out, "  %-14s  %s (%s)\n",
                      i == 0 ? policy_protocol_name(protocol) : "",
                      list[i].text, list[i].id);
}

static void put_service(const struct status_service *s, struct buffer *out)
{
    buffer_printf(out, "%s: %s\n", s->service->name,
                  status_data_word(s->standing));
    for (size_t i = 0; i < s->service->endpoint_count; i++)
        buffer_printf(out, "  %-14s  %s: %s\n", i == 0 ? "endpoints" : "",
                      s->service->endpoints[i].url, status_data_endpoint(s, i));
    put_weaknesses(s->service->protocol, out);
    if (s->https.status != STATUS_OK)
        buffer_printf(out, "  %-14s  %s; expected %s\n", "https fails",
                      s->https.found, s->https.expected);
    if (s->attestation != NULL)
        put_attestation(s->attestation, out);
    for (size_t i = 0; i < s->session_count; i++) {
        const struct peer_traffic *t = &s->sessions[i].traffic;

        buffer_printf(out,
                      "  %-14s  %s, %zu streams, %" PRIu64
                      " bytes received, %" PRIu64 " sent\n",
                      "session", s->sessions[i].state, t->streams, t->bytes_in,
                      t->bytes_out);
    }
    if (s->waiting > 0)
        buffer_printf(out, "  %-14s  %zu requests\n", "waiting", s->waiting);
    if (s->failure != NULL)
        put_failure(s->failure, out);
    if (s->forecast != NULL)
        forecast_text(s->forecast, "  ", out);
    buffer_byte(out, '\n');
}

void status_text_write(const struct status_data *data, struct buffer *out)
{
    const struct tally *t = data->tally;

    for (size_t i = 0; i < data->service_count; i++)
        put_service(&data->services[i], out);
    buffer_printf(out, "proxy at %s, policy %s\n", data->address,
                  data->policy->file_name);
    put_time(out, "running since", data->started_unix, NULL);
    buffer_printf(out, "  %-14s  %zu open, %" PRIu64 " so far\n", "connections",
                  data->connections, t->connections);
    buffer_printf(out,
                  "  %-14s  %" PRIu64 " to services, %" PRIu64
                  " in the clear, %" PRIu64 " blocked\n",
                  "requests", t->streams, t->direct, t->blocked);
}
