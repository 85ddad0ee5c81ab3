#include "proxy/local/status_card.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "proxy/local/forecast_page.h"
#include "proxy/local/page.h"
#include "proxy/local/refusal_words.h"
#include "proxy/local/verdict_text.h"
#include "proxy/local/weakness.h"

#define DETAIL_MAX_BYTES (256 * 1024) /* details of some 15 services */
#define SPAN_ROOM        32

/* "3 h": how long |seconds| are, for a person. */
static void span_text(int64_t seconds, char text[SPAN_ROOM])
{
    int64_t count = seconds;
    const char *unit = "s";

    if (seconds >= (int64_t)2 * 86400) {
        count = seconds / 86400;
        unit = "days";
    } else if (seconds >= (int64_t)2 * 3600) {
        count = seconds / 3600;
        unit = "h";
    } else if (seconds >= 120) {
        count = seconds / 60;
        unit = "min";
    }
    (void)snprintf(text, SPAN_ROOM, "%" PRId64 " %s", count, unit);
}

/* Is it as "tcb", "qe" or "crl"? No other word is so short. */
static bool is_acronym(const char *word)
{
    const size_t len = strcspn(word, "_.");

    return len <= 3 || strncmp(word, "vcek", len) == 0;
}

static uint8_t upper(char c)
{
    return (uint8_t)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
}

/* What ends first, by a name of ours: "tcb_info" is "TCB info" to people. */
static void put_item(const char *item, struct buffer *out)
{
    bool capitals = is_acronym(item);

    for (const char *at = item; *at != '\0'; at++) {
        const bool gap = *at == '_' || *at == '.';

        if (gap)
            capitals = is_acronym(at + 1);
        buffer_byte(out, gap ? ' ' : capitals ? upper(*at) : (uint8_t)*at);
    }
}

/* "Expires first": how soon, when exactly, and what it is. */
static void put_moment(struct buffer *out, const char *name,
                       int64_t unix_seconds, const char *item, int64_t now_unix)
{
    char span[SPAN_ROOM];

    if (unix_seconds == 0)
        return;
    span_text(unix_seconds - now_unix, span);
    buffer_printf(out, "<div><dt>%s</dt><dd>%s%s<small>", name,
                  unix_seconds > now_unix ? "in " : "",
                  unix_seconds > now_unix ? span : "past");
    page_time(unix_seconds, out);
    if (item != NULL && item[0] != '\0') {
        buffer_text(out, "<br>");
        put_item(item, out);
    }
    buffer_text(out, "</small></dd></div>\n");
}

/* --- the verdict --------------------------------------------------------- */

static const struct look {
    const char *style;
    const char *icon;
    const char *says;
} looks[] = {
    [STANDING_WAITING] = { "calm", "waiting",
                           "No session yet: nobody has asked for it. The first "
                           "request makes one." },
    [STANDING_CONNECTING] = { "calm", "waiting",
                              "A session is being made; requests wait until "
                              "the far end has proved itself." },
    [STANDING_UNREACHABLE] = { "warn", "unreachable",
                               "No endpoint could be reached, so nothing goes "
                               "there." },
    [STANDING_REFUSED] = { "bad", "refused",
                           "The far end did not prove what your policy asks "
                           "for, so nothing goes there." },
    [STANDING_SIMULATED] = { "warn", "simulated",
                             "Every check passed, but the TEE is simulated: it "
                             "protects nothing." },
    [STANDING_VERIFIED] = { "good", "verified",
                            "The far end has proved what it is; the session "
                            "ends inside the TEE." },
};

const char *status_card_style(enum standing s)
{
    return looks[s].style;
}

static void put_hosts(const struct service *s, struct buffer *out)
{
    for (size_t i = 0; i < s->host_count; i++) {
        const struct host_pattern *h = &s->hosts[i];

        buffer_printf(out, "%s%s", i > 0 ? ", " : "", h->wildcard ? "*." : "");
        page_text(slice_text(h->host), out);
        if (h->port != 0)
            buffer_printf(out, ":%u", (unsigned)h->port);
    }
}

static void put_verdict(const struct status_service *s, struct buffer *out)
{
    const struct look *look = &looks[s->standing];

    buffer_printf(out, "<div class=\"verdict %s\">\n", look->style);
    page_icon(look->icon, out);
    buffer_text(out, "<div><h2>");
    page_text(slice_text(s->service->name), out);
    buffer_text(out, "</h2><p class=\"hosts\">");
    put_hosts(s->service, out);
    buffer_printf(out, "</p></div>\n<span class=\"pill\">%s</span>\n</div>\n",
                  status_data_word(s->standing));
    buffer_printf(out, "<p class=\"says\">%s</p>\n", look->says);
}

/* What no client can mend. */
static void put_weaknesses(enum protocol protocol, struct buffer *out)
{
    size_t count;
    const struct weakness *list = weakness_list(protocol, &count);

    if (count == 0)
        return;
    buffer_printf(out,
                  "<div class=\"reason warn\">\n<h3>It speaks %s, which "
                  "leaves open:</h3>\n<dl class=\"rows\">\n",
                  policy_protocol_name(protocol));
    for (size_t i = 0; i < count; i++)
        page_sentence(list[i].id, list[i].text, out);
    buffer_text(out, "</dl>\n</div>\n");
}

/* https should end at the proxy, and cannot. */
static void put_https(const struct why *why, struct buffer *out)
{
    if (why->status == STATUS_OK)
        return;
    buffer_text(out, "<div class=\"reason warn\">\n<h3>https to it fails: "
                     "see veritee ca</h3>\n<dl class=\"rows\">\n");
    page_why(why, out);
    buffer_text(out, "</dl>\n</div>\n");
}

/* What was found and expected, and what to do. */
static void put_failure(const struct status_service *s, struct buffer *out)
{
    const struct why *why = s->failure != NULL ? &s->failure->why : NULL;
    const bool spare = s->standing >= STANDING_SIMULATED;

    if (why == NULL)
        return;
    buffer_printf(out, "<div class=\"reason %s\">\n<h3>%s",
                  spare ? "warn" : looks[s->standing].style,
                  spare ? "The last attempt at a new session failed: " : "");
    page_text(slice_text(status_text(why->status)), out);
    buffer_text(out, "</h3>\n<dl class=\"rows\">\n");
    page_why(why, out);
    page_sentence("What to do", refusal_words_of(why->status).advice, out);
    buffer_text(out, "<dt>When</dt><dd>");
    page_time(s->failure->at_unix, out);
    buffer_text(out, "</dd>\n</dl>\n</div>\n");
}

/* --- what is known of a service ------------------------------------------ */

static const char *maker_of(enum tee_type tee)
{
    switch (tee) {
    case TEE_SGX:
        return "Intel SGX";
    case TEE_TDX:
        return "Intel TDX";
    case TEE_SEV_SNP:
        return "AMD SEV-SNP";
    case TEE_NONE:
        break;
    }
    return "";
}

static void put_release(const struct attestation *a, struct buffer *out)
{
    const char *release = a->decision.release;

    if (release == NULL)
        return;
    buffer_text(out, "<div><dt>Release</dt><dd>");
    page_text(slice_text(release[0] != '\0' ? release : "accepted"), out);
    buffer_printf(out, "<small>%s, measurements match</small></dd></div>\n",
                  maker_of(a->claims.tee));
}

static void put_tcb(const struct tcb_claims *tcb, struct buffer *out)
{
    if (tcb->status == TCB_NONE)
        return;
    buffer_printf(out, "<div><dt>TCB status</dt><dd>%s<small>",
                  tcb_status_name(tcb->status));
    if (tcb->advisories.count == 0)
        buffer_text(out, "no advisories");
    for (size_t i = 0; i < tcb->advisories.count; i++) {
        buffer_text(out, i > 0 ? ", " : "");
        page_text(slice_text(tcb->advisories.names[i]), out);
    }
    buffer_text(out, "</small></dd></div>\n");
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
    buffer_printf(out,
                  "<div><dt>Sessions</dt><dd>%zu<small>%zu open stream%s, %zu "
                  "waiting</small></dd></div>\n<div><dt>Traffic</dt><dd>",
                  s->session_count, streams, page_plural(streams), s->waiting);
    page_bytes(in, out);
    buffer_text(out, " in<small>");
    page_bytes(sent, out);
    buffer_text(out, " out</small></dd></div>\n");
}

static void put_summary(const struct status_data *data,
                        const struct status_service *s, struct buffer *out)
{
    const struct attestation *a = s->attestation;

    buffer_text(out, "<dl class=\"facts\">\n");
    if (a != NULL) {
        put_release(a, out);
        put_tcb(&a->claims.tcb, out);
        put_moment(out, "Expires first",
                   a->claims.validity.earliest_expiry_unix,
                   a->claims.validity.earliest_expiry_item, data->now_unix);
        put_moment(out, "Session until", a->deadline_unix,
                   a->decision.deadline_item, data->now_unix);
    }
    if (s->forecast != NULL)
        forecast_page_fact(s->forecast, out);
    put_traffic(s, out);
    buffer_text(out, "</dl>\n");
}

/* Good, bad, or neither yet. */
static const char *endpoint_style(const struct status_service *s, size_t i)
{
    if (s->attempts[i].order == 0)
        return "calm";
    return s->attempts[i].why.status == STATUS_OK ? "good" : "bad";
}

static size_t sessions_with(const struct status_service *s, size_t i)
{
    size_t count = 0;

    for (size_t k = 0; k < s->session_count; k++)
        count +=
            strcmp(s->sessions[k].endpoint, s->service->endpoints[i].url) == 0;
    return count;
}

/* When it was tried last, and what came of it. */
static void put_tried(const struct attempt *tried, size_t sessions,
                      struct buffer *out)
{
    buffer_text(out, "<small>");
    if (sessions > 0)
        buffer_printf(out, "%zu session%s, ", sessions, page_plural(sessions));
    buffer_text(out, "tried ");
    page_time(tried->at_unix, out);
    if (tried->failures > 0) {
        buffer_text(out, ": ");
        page_text(slice_text(status_text(tried->why.status)), out);
    }
    if (tried->failures > 1)
        buffer_printf(out, ", %u times in a row", tried->failures);
    buffer_text(out, "</small>");
}

static void put_endpoint(const struct status_service *s, size_t i,
                         struct buffer *out)
{
    buffer_text(out, "<li><p class=\"code\">");
    page_text(slice_text(s->service->endpoints[i].url), out);
    buffer_printf(out, "</p><span class=\"state %s\">%s</span>",
                  endpoint_style(s, i), status_data_endpoint(s, i));
    if (s->attempts[i].order > 0)
        put_tried(&s->attempts[i], sessions_with(s, i), out);
    buffer_text(out, "</li>\n");
}

static void put_endpoints(const struct status_service *s, struct buffer *out)
{
    buffer_printf(out, "<h3>Endpoint%s</h3>\n<ul class=\"things plain\">\n",
                  page_plural(s->service->endpoint_count));
    for (size_t i = 0; i < s->service->endpoint_count; i++)
        put_endpoint(s, i, out);
    buffer_text(out, "</ul>\n");
}

static void put_claim(void *ctx, const char *name, const char *value)
{
    buffer_printf(ctx, "<dt>%s</dt><dd class=\"code\">", name);
    page_text(slice_text(value), ctx);
    buffer_text(ctx, "</dd>\n");
}

static void put_evidence(const struct claims *c, size_t id, struct buffer *out)
{
    if (c->tee == TEE_NONE)
        return;
    buffer_printf(out,
                  "<details id=\"proved-%zu\">\n<summary>What was proved "
                  "<small>measurements, platform, dates</small></summary>\n"
                  "<dl class=\"rows\">\n",
                  id);
    verdict_text_facts(c, put_claim, out);
    buffer_text(out, "</dl>\n</details>\n");
}

static void put_checks(const struct attestation *a, size_t id,
                       struct buffer *out)
{
    buffer_printf(
        out,
        "<details id=\"checks-%zu\">\n<summary>Every check <small>%zu "
        "passed, %zu failed, %zu skipped</small></summary>\n"
        "<ol class=\"checks\">\n",
        id, status_data_checks(a, OUTCOME_PASS),
        status_data_checks(a, OUTCOME_FAIL),
        status_data_checks(a, OUTCOME_SKIP));
    page_checks(&a->verdict, 1, out);
    page_checks(&a->decision.verdict, a->verdict.count + 1, out);
    buffer_text(out, "</ol>\n</details>\n");
}

void status_card_write(const struct status_data *data, size_t i,
                       struct buffer *out)
{
    const struct status_service *s = &data->services[i];

    buffer_printf(out, "<article class=\"card\" id=\"service-%zu\">\n", i);
    put_verdict(s, out);
    put_weaknesses(s->service->protocol, out);
    put_https(&s->https, out);
    put_failure(s, out);
    if (s->forecast != NULL)
        forecast_page_warning(s->forecast, out);
    put_summary(data, s, out);
    put_endpoints(s, out);
    if (s->attestation != NULL && out->len < DETAIL_MAX_BYTES) {
        put_evidence(&s->attestation->claims, i, out);
        put_checks(s->attestation, i, out);
    }
    buffer_text(out, "</article>\n");
}
