#include "proxy/local/status_page.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "common/text.h"
#include "proxy/local/page.h"
#include "proxy/local/refusal_words.h"
#include "proxy/local/verdict_text.h"

#define DETAIL_MAX_BYTES (256 * 1024) /* details of some 15 services */
#define FACT_ROOM        512

PRINTF_LIKE(3, 4)
static void put_fact(struct buffer *out, const char *name, const char *format,
                     ...)
{
    char text[FACT_ROOM];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args); /* cut is fine */
    va_end(args);
    page_fact(name, slice_text(text), out);
}

/* "2026-11-22 17:04 UTC" */
static void put_time(struct buffer *out, int64_t unix_seconds)
{
    char text[TEXT_TIME_ROOM];

    text_time(unix_seconds, text);
    buffer_printf(out, "<time datetime=\"%s\">%.10s %.5s UTC</time>", text,
                  text, text + 11);
}

struct span {
    int64_t count;
    const char *unit;
};

/* How long |seconds| are, for a person. */
static struct span span_of(int64_t seconds)
{
    if (seconds < 120)
        return (struct span){ seconds, "s" };
    if (seconds < 2 * 3600)
        return (struct span){ seconds / 60, "min" };
    if (seconds < 2 * 86400)
        return (struct span){ seconds / 3600, "h" };
    return (struct span){ seconds / 86400, "days" };
}

/* "Expires first": when, how soon that is, and what it is. */
static void put_moment(struct buffer *out, const char *name,
                       int64_t unix_seconds, const char *item, int64_t now_unix)
{
    struct span span = span_of(unix_seconds - now_unix);

    if (unix_seconds == 0)
        return;
    buffer_printf(out, "<dt>%s</dt><dd>", name);
    put_time(out, unix_seconds);
    if (unix_seconds > now_unix)
        buffer_printf(out, ", in %" PRId64 " %s", span.count, span.unit);
    else
        buffer_text(out, ", past");
    if (item != NULL && item[0] != '\0') {
        buffer_text(out, ": ");
        page_text(slice_text(item), out);
    }
    buffer_text(out, "</dd>\n");
}

/* --- the verdict --------------------------------------------------------- */

static const struct look {
    const char *style;
    const char *says;
} looks[] = {
    [STANDING_WAITING] = { "soft", "No session yet: nobody has asked for it. "
                                   "The first request makes one." },
    [STANDING_CONNECTING] = { "soft", "A session is being made; requests wait "
                                      "until the far end has proved itself." },
    [STANDING_UNREACHABLE] = { "warn", "No endpoint could be reached, so "
                                       "nothing goes there." },
    [STANDING_REFUSED] = { "bad", "The far end did not prove what your policy "
                                  "asks for, so nothing goes there." },
    [STANDING_SIMULATED] = { "warn", "Every check passed, but the TEE is "
                                     "simulated: it protects nothing." },
    [STANDING_VERIFIED] = { "good", "The far end has proved what it is; the "
                                    "session ends inside the TEE." },
};

static void put_verdict(const struct status_service *s, struct buffer *out)
{
    const struct look *look = &looks[s->standing];

    buffer_text(out, "<h2>");
    page_text(slice_text(s->service->name), out);
    buffer_printf(out, " <span class=\"badge %s\">%s</span></h2>\n<p>%s</p>\n",
                  look->style, status_data_word(s->standing), look->says);
}

/* What was found and expected, and what to do. */
static void put_failure(const struct status_service *s, struct buffer *out)
{
    const struct why *why = s->failure != NULL ? &s->failure->why : NULL;

    if (why == NULL)
        return;
    buffer_printf(out, "<p class=\"fail\">%s",
                  s->standing >= STANDING_SIMULATED
                      ? "The last attempt at a new session failed: "
                      : "");
    page_text(slice_text(status_text(why->status)), out);
    buffer_text(out, "</p>\n<dl>\n");
    put_fact(out, "Where", "%s", why->field != NULL ? why->field : "");
    put_fact(out, "Found", "%s", why->found);
    put_fact(out, "Expected", "%s", why->expected);
    put_fact(out, "Rule", "%s", why->clause != NULL ? why->clause : "");
    put_fact(out, "What to do", "%s", refusal_words_of(why->status).advice);
    buffer_text(out, "<dt>When</dt><dd>");
    put_time(out, s->failure->at_unix);
    buffer_text(out, "</dd>\n</dl>\n");
}

/* --- what is known of a service ------------------------------------------ */

static void put_hosts(const struct service *s, struct buffer *out)
{
    if (s->host_count == 0)
        return;
    buffer_text(out, "<dt>Hosts</dt><dd>");
    for (size_t i = 0; i < s->host_count; i++) {
        const struct host_pattern *h = &s->hosts[i];

        buffer_printf(out, "%s%s", i > 0 ? ", " : "", h->wildcard ? "*." : "");
        page_text(slice_text(h->host), out);
        if (h->port != 0)
            buffer_printf(out, ":%u", (unsigned)h->port);
    }
    buffer_text(out, "</dd>\n");
}

static void put_endpoints(const struct status_service *s, struct buffer *out)
{
    for (size_t i = 0; i < s->service->endpoint_count; i++) {
        buffer_printf(out, "<dt>%s</dt><dd>", i == 0 ? "Endpoints" : "");
        page_text(slice_text(s->service->endpoints[i].url), out);
        buffer_printf(out, ": %s", status_data_endpoint(s, i));
        if (s->attempts[i].why.status != STATUS_OK) {
            buffer_text(out, ", ");
            page_text(slice_text(status_text(s->attempts[i].why.status)), out);
        }
        buffer_text(out, "</dd>\n");
    }
}

static void put_traffic(const struct status_service *s, struct buffer *out)
{
    size_t streams = 0;
    uint64_t in = 0, sent = 0;

    for (size_t i = 0; i < s->session_count; i++) {
        streams += s->sessions[i].traffic.streams;
        in += s->sessions[i].traffic.bytes_in;
        sent += s->sessions[i].traffic.bytes_out;
    }
    put_fact(out, "Sessions", "%zu", s->session_count);
    put_fact(out, "Streams", "%zu open, %zu waiting", streams, s->waiting);
    put_fact(out, "Bytes", "%" PRIu64 " received, %" PRIu64 " sent", in, sent);
}

static void put_summary(const struct status_data *data,
                        const struct status_service *s, struct buffer *out)
{
    const struct attestation *a = s->attestation;

    buffer_text(out, "<dl>\n");
    put_hosts(s->service, out);
    put_endpoints(s, out);
    if (a != NULL && a->decision.release != NULL)
        put_fact(out, "Release", "%s",
                 a->decision.release[0] != '\0' ? a->decision.release
                                                : "the one that is accepted");
    if (a != NULL && a->claims.tcb.status != TCB_NONE)
        put_fact(out, "TCB status", "%s, %zu advisories",
                 tcb_status_name(a->claims.tcb.status),
                 a->claims.tcb.advisories.count);
    if (a != NULL) {
        put_moment(out, "Expires first",
                   a->claims.validity.earliest_expiry_unix,
                   a->claims.validity.earliest_expiry_item, data->now_unix);
        put_moment(out, "Session until", a->deadline_unix,
                   a->decision.deadline_item, data->now_unix);
    }
    put_traffic(s, out);
    buffer_text(out, "</dl>\n");
}

static void put_claim(void *ctx, const char *name, const char *value)
{
    page_fact(name, slice_text(value), ctx);
}

static void put_evidence(const struct claims *c, struct buffer *out)
{
    if (c->tee == TEE_NONE)
        return;
    buffer_text(out, "<details>\n<summary>What was proved</summary>\n<dl>\n");
    verdict_text_facts(c, put_claim, out);
    buffer_text(out, "</dl>\n</details>\n");
}

/* --- the checks ---------------------------------------------------------- */

/* What was found and, of the check that failed, what was expected. */
static void put_found(const struct why *why, struct buffer *out)
{
    buffer_text(out, "<td>");
    page_text(slice_text(why->found), out);
    if (why->expected[0] != '\0') {
        buffer_text(out, "<br><span class=\"soft\">expected</span> ");
        page_text(slice_text(why->expected), out);
    }
    buffer_text(out, "</td>");
}

static void put_rows(const struct verdict *v, size_t first, struct buffer *out)
{
    static const struct look rows[] = {
        [OUTCOME_SKIP] = { "skip", "skipped" },
        [OUTCOME_PASS] = { "pass", "passed" },
        [OUTCOME_FAIL] = { "fail", "FAILED" },
    };

    for (size_t i = 0; i < v->count; i++) {
        const struct check_result *c = &v->checks[i];

        buffer_printf(out, "<tr class=\"%s\"><td>%zu</td><td>",
                      rows[c->outcome].style, first + i);
        page_text(slice_text(c->title), out);
        buffer_printf(out, "</td><td>%s</td>", rows[c->outcome].says);
        put_found(&c->why, out);
        buffer_text(out, "</tr>\n");
    }
}

static size_t count_of(const struct attestation *a, enum outcome outcome)
{
    const struct verdict *all[] = { &a->verdict, &a->decision.verdict };
    size_t count = 0;

    for (size_t i = 0; i < COUNT_OF(all); i++)
        for (size_t k = 0; k < all[i]->count; k++)
            count += all[i]->checks[k].outcome == outcome;
    return count;
}

static void put_checks(const struct attestation *a, struct buffer *out)
{
    const struct verdict *first = &a->verdict;
    const struct verdict *then = &a->decision.verdict;

    buffer_printf(
        out,
        "<details>\n<summary>Every check: %zu passed, %zu failed, "
        "%zu skipped</summary>\n<table>\n<thead><tr><th>No.</th>"
        "<th>Check</th><th>Outcome</th><th>Found</th></tr></thead>\n<tbody>\n",
        count_of(a, OUTCOME_PASS), count_of(a, OUTCOME_FAIL),
        count_of(a, OUTCOME_SKIP));
    put_rows(first, 1, out);
    put_rows(then, first->count + 1, out);
    buffer_text(out, "</tbody>\n</table>\n</details>\n");
}

static void put_service(const struct status_data *data,
                        const struct status_service *s, struct buffer *out)
{
    buffer_text(out, "<section>\n");
    put_verdict(s, out);
    put_failure(s, out);
    put_summary(data, s, out);
    if (s->attestation != NULL && out->len < DETAIL_MAX_BYTES) {
        put_evidence(&s->attestation->claims, out);
        put_checks(s->attestation, out);
    }
    buffer_text(out, "</section>\n");
}

/* --- the whole ----------------------------------------------------------- */

static void put_refusals(const struct tally *t, struct buffer *out)
{
    const struct tally_refusal *r = tally_last(t, 0);
    char line[512];

    if (r == NULL)
        return;
    buffer_text(out, "<section>\n<h2>Last refusals</h2>\n<ul>\n");
    for (size_t back = 1; r != NULL; r = tally_last(t, back++)) {
        buffer_text(out, "<li>");
        put_time(out, r->at_unix);
        buffer_text(out, " <b>");
        page_text(slice_text(r->service), out);
        buffer_text(out, "</b> at ");
        page_text(slice_text(r->endpoint), out);
        buffer_text(out, "<br>");
        why_line(&r->why, line, sizeof(line));
        page_text(slice_text(line), out);
        buffer_text(out, "</li>\n");
    }
    buffer_text(out, "</ul>\n</section>\n");
}

static void put_proxy(const struct status_data *data, struct buffer *out)
{
    const struct tally *t = data->tally;

    buffer_text(out, "<section>\n<h2>This proxy</h2>\n<dl>\n");
    put_fact(out, "Address", "%s", data->address);
    put_fact(out, "Policy", "%s", data->policy->file_name);
    put_fact(out, "Other hosts", "%s",
             data->policy->unnamed == DEFAULT_BLOCK ? "blocked"
                                                    : "in the clear");
    buffer_text(out, "<dt>Running since</dt><dd>");
    put_time(out, data->started_unix);
    buffer_text(out, "</dd>\n");
    put_fact(out, "Connections", "%zu open, %" PRIu64 " so far",
             data->connections, t->connections);
    put_fact(out, "Requests",
             "%" PRIu64 " to services, %" PRIu64 " in the clear, %" PRIu64
             " blocked",
             t->streams, t->direct, t->blocked);
    put_fact(out, "Bytes", "%" PRIu64 " received, %" PRIu64 " sent",
             data->bytes_in, data->bytes_out);
    buffer_text(out, "<dt>For programs</dt><dd>"
                     "<a href=\"/status.json\">status.json</a>, "
                     "<a href=\"/metrics\">metrics</a>, "
                     "<a href=\"/proxy.pac\">proxy.pac</a></dd>\n"
                     "</dl>\n</section>\n");
}

/* "3 services: 2 verified, 1 waiting" */
static void put_lead(const struct status_data *data, struct buffer *out)
{
    const char *sep = ": ";

    buffer_printf(out, "<p class=\"lead\">%zu service%s", data->service_count,
                  data->service_count == 1 ? "" : "s");
    for (int i = STANDING_VERIFIED; i >= STANDING_WAITING; i--) {
        size_t count = 0;

        for (size_t k = 0; k < data->service_count; k++)
            count += data->services[k].standing == (enum standing)i;
        if (count == 0)
            continue;
        buffer_printf(out, "%s%zu %s", sep, count,
                      status_data_word((enum standing)i));
        sep = ", ";
    }
    buffer_text(out, ". As of ");
    put_time(out, data->now_unix);
    buffer_text(out, ".</p>\n");
}

void status_page_write(const struct status_data *data, struct buffer *out)
{
    page_begin("What your proxy trusts", out);
    put_lead(data, out);
    for (size_t i = 0; i < data->service_count; i++)
        put_service(data, &data->services[i], out);
    put_refusals(data->tally, out);
    put_proxy(data, out);
    page_end(out);
}
