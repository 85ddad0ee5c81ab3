#include "proxy/server/metrics_page.h"

#include "common/compiler.h"
#include "common/metrics_out.h"

static void put_connections(const struct metrics_sources *from,
                            struct buffer *out)
{
    static const char refused[] = "veriteed_connections_refused_total";
    struct peers_figures f;

    peers_read(from->peers, &f);
    metrics_out_single(out, "veriteed_connections_total", "counter",
                       "Connections taken.", (int64_t)f.entered);
    metrics_out_family(out, refused, "counter",
                       "Connections reset at once, by the --limit reached.");
    for (int i = 0; i < PEERS_LIMITS; i++) {
        const struct metrics_label limit = { "limit", peers_limit_name((
                                                          enum peers_limit)i) };

        metrics_out_sample(out, refused, &limit, 1, (int64_t)f.refused[i]);
    }
    metrics_out_single(out, "veriteed_connections", "gauge",
                       "Connections open now.", (int64_t)f.all);
    metrics_out_single(out, "veriteed_connections_pending", "gauge",
                       "Those of them without a session.", (int64_t)f.pending);
    metrics_out_single(out, "veriteed_peers", "gauge",
                       "Addresses that have a connection now.",
                       (int64_t)f.peers);
    metrics_out_single(out, "veriteed_queued_bytes", "gauge",
                       "Memory reserved for what waits to be passed on.",
                       (int64_t)f.queued);
}

static const char *const protocols[METER_PROTOCOLS] = {
    [METER_VERITEE] = "veritee",
    [METER_TEEKIT] = "teekit",
};

/* Of one count; or, with |less|, how many of the one have not come to the
 * other. */
static void put_count(const struct metrics_sources *from, struct buffer *out,
                      const char *name, enum meter_count which,
                      enum meter_count less)
{
    for (size_t p = 0; p < METER_PROTOCOLS; p++) {
        const struct metrics_label protocol = { "protocol", protocols[p] };
        const uint64_t *count = from->sum->count[p];
        uint64_t value = count[which] - (less == which ? 0 : count[less]);

        metrics_out_sample(out, name, &protocol, 1, (int64_t)value);
    }
}

static void put_traffic(const struct metrics_sources *from, struct buffer *out)
{
    static const struct {
        const char *name;
        const char *kind;
        enum meter_count which, less;
        const char *help;
    } rows[] = {
        /* clang-format off */
        { "veriteed_sessions_total", "counter",
          METER_SESSIONS, METER_SESSIONS, "Sessions that became ready." },
        { "veriteed_sessions_failed_total", "counter",
          METER_SESSIONS_FAILED, METER_SESSIONS_FAILED,
          "Sessions that ended before they were ready." },
        { "veriteed_sessions", "gauge",
          METER_SESSIONS, METER_SESSIONS_ENDED, "Sessions open now." },
        { "veriteed_streams_total", "counter",
          METER_STREAMS, METER_STREAMS,
          "Streams; of teekit, requests and WebSockets." },
        { "veriteed_streams", "gauge",
          METER_STREAMS, METER_STREAMS_ENDED, "Those of them open now." },
        { "veriteed_received_bytes_total", "counter",
          METER_RECEIVED_BYTES, METER_RECEIVED_BYTES,
          "From clients, in streams; of teekit, whole messages." },
        { "veriteed_sent_bytes_total", "counter",
          METER_SENT_BYTES, METER_SENT_BYTES,
          "To clients, in streams; of teekit, whole messages." },
        /* clang-format on */
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        metrics_out_family(out, rows[i].name, rows[i].kind, rows[i].help);
        put_count(from, out, rows[i].name, rows[i].which, rows[i].less);
    }
}

/* One sample a reason that came up, and always one, so that the family is
 * there. */
static void put_reasons(const struct metrics_sources *from, struct buffer *out)
{
    static const struct {
        const char *name;
        const char *help;
    } rows[METER_REASONS] = {
        /* clang-format off */
        [METER_REQUEST_REFUSED] = { "veriteed_requests_refused_total",
            "Requests refused before there was a session." },
        [METER_STREAM_REFUSED] = { "veriteed_streams_refused_total",
            "Streams refused, by the rules or for want of room." },
        [METER_STREAM_CUT] = { "veriteed_streams_cut_total",
            "Streams ended before their time, by us or the backend." },
        [METER_STREAM_RESET] = { "veriteed_streams_reset_total",
            "Streams ended before their time, by the client." },
        /* clang-format on */
    };

    for (size_t r = 0; r < METER_REASONS; r++) {
        metrics_out_family(out, rows[r].name, "counter", rows[r].help);
        for (int s = 1; s < STATUS_COUNT; s++) {
            const uint64_t value = from->sum->reason[r][s];
            const struct metrics_label reason = { "reason",
                                                  status_name((enum status)s) };

            if (value > 0 || s == STATUS_BUSY)
                metrics_out_sample(out, rows[r].name, &reason, 1,
                                   (int64_t)value);
        }
    }
}

static void put_quotes(const struct metrics_sources *from, struct buffer *out)
{
    const struct quote_figures f = quote_source_figures(from->quotes);
    const size_t waiting = quote_source_waiting(from->quotes);

    metrics_out_single(out, "veriteed_quotes_total", "counter", "Quotes made.",
                       (int64_t)f.made);
    metrics_out_single(out, "veriteed_quotes_failed_total", "counter",
                       "Quotes that the source did not make.",
                       (int64_t)f.failed);
    metrics_out_single(out, "veriteed_quotes_busy_total", "counter",
                       "Requests for a quote refused: too many at once, or in "
                       "a second.",
                       (int64_t)f.busy);
    metrics_out_single(out, "veriteed_quotes_waiting", "gauge",
                       "Requests for a quote that wait now.", (int64_t)waiting);
}

static void put_keys(const struct metrics_sources *from, struct buffer *out)
{
    struct keys_epoch *e = keys_hold(from->keys);
    const uint64_t number = e != NULL ? e->number : 0;
    const int64_t issued_unix = e != NULL ? e->issued_unix : 0;
    const int64_t age_s = e != NULL ? from->now_unix - issued_unix : 0;

    keys_let_go(e);
    metrics_out_single(out, "veriteed_key_epoch", "gauge",
                       "Number of the current key; 0 if there is none.",
                       (int64_t)number);
    metrics_out_single(out, "veriteed_key_issued_timestamp_seconds", "gauge",
                       "Unix time at which it was made; 0 if there is none.",
                       issued_unix);
    metrics_out_single(out, "veriteed_key_age_seconds", "gauge",
                       "How old it is; 0 if there is none.", age_s);
}

static void put_staple(const struct metrics_sources *from, struct buffer *out)
{
    struct stapler_figures f = { .until_unix = 0 };
    struct staple_set *set = staple_hold(from->staple);

    if (from->stapler != NULL)
        f = stapler_figures_of(from->stapler);
    metrics_out_single(out, "veriteed_stapled", "gauge",
                       "1 if collateral is stapled.", set != NULL);
    staple_let_go(set);
    metrics_out_single(out, "veriteed_stapled_expiry_timestamp_seconds",
                       "gauge",
                       "Unix time of its last second; 0 if there is none, or "
                       "if it is simulated.",
                       f.until_unix);
    metrics_out_single(out, "veriteed_staple_failing", "gauge",
                       "1 while what is to be stapled cannot be fetched.",
                       f.is_failing);
}

static void put_program(const struct metrics_sources *from, struct buffer *out)
{
    static const char name[] = "veriteed_build_info";
    const struct metrics_label labels[] = {
        { "version", VERITEE_VERSION },
        { "simulated", from->simulated ? "yes" : "no" },
    };

    metrics_out_family(out, name, "gauge",
                       "Always 1; which program this is, and whether its TEE "
                       "is simulated.");
    metrics_out_sample(out, name, labels, COUNT_OF(labels), 1);
    metrics_out_single(out, "veriteed_start_time_seconds", "gauge",
                       "Unix time of the start.", from->started_unix);
    metrics_out_single(out, "veriteed_workers", "gauge", "Threads.",
                       (int64_t)from->workers);
    metrics_out_single(out, "veriteed_draining", "gauge",
                       "1 once the program was told to stop.", from->draining);
    metrics_out_single(out, "veriteed_rules_reloads_total", "counter",
                       "Times that rules were read again and held.",
                       (int64_t)from->reloads);
}

void metrics_page_write(const struct metrics_sources *from, struct buffer *out)
{
    put_program(from, out);
    put_connections(from, out);
    put_traffic(from, out);
    put_reasons(from, out);
    put_quotes(from, out);
    put_keys(from, out);
    put_staple(from, out);
}
