#include "proxy/local/status_page.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "common/json_out.h"
#include "proxy/local/page.h"
#include "proxy/local/refusal_words.h"
#include "proxy/local/status_card.h"

#define NEWS_MAX_BYTES (1536 * 1024)
#define FACT_ROOM      512
#define TITLE_ROOM     160
#define DIGEST_ROOM    17

PRINTF_LIKE(3, 4)
static void put_fact(struct buffer *out, const char *name, const char *format,
                     ...)
{
    char text[FACT_ROOM];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args); /* cut is fine */
    va_end(args);
    page_fact(name, text, out);
}

static void put_refusal(const struct tally_refusal *r, size_t id,
                        struct buffer *out)
{
    buffer_printf(out, "<details id=\"refusal-%zu\">\n<summary>", id);
    page_text(slice_text(r->service), out);
    buffer_text(out, " <small>");
    page_time(r->at_unix, out);
    buffer_text(out, ": ");
    page_text(slice_text(status_text(r->why.status)), out);
    buffer_text(out, "</small></summary>\n<dl class=\"rows\">\n");
    page_fact("Endpoint", r->endpoint, out);
    page_why(&r->why, out);
    page_sentence("What to do", refusal_words_of(r->why.status).advice, out);
    buffer_text(out, "</dl>\n</details>\n");
}

static void put_refusals(const struct tally *t, struct buffer *out)
{
    const struct tally_refusal *r = tally_last(t, 0);

    if (r == NULL)
        return;
    buffer_text(out, "<section class=\"card\" id=\"refusals\">\n"
                     "<h2>Last refusals</h2>\n");
    for (size_t back = 1; r != NULL; r = tally_last(t, back++))
        put_refusal(r, t->refusal_count - back, out);
    buffer_text(out, "</section>\n");
}

static void put_proxy(const struct status_data *data, struct buffer *out)
{
    const struct tally *t = data->tally;

    buffer_text(out, "<section class=\"card\" id=\"proxy\">\n"
                     "<h2>This proxy</h2>\n<dl class=\"rows\">\n");
    put_fact(out, "Address", "%s", data->address);
    put_fact(out, "Policy", "%s", data->policy->file_name);
    put_fact(out, "Other hosts", "%s",
             data->policy->unnamed == DEFAULT_BLOCK ? "blocked"
                                                    : "in the clear");
    buffer_text(out, "<dt>Running since</dt><dd>");
    page_time(data->started_unix, out);
    buffer_text(out, "</dd>\n");
    put_fact(out, "Connections", "%zu open, %" PRIu64 " so far",
             data->connections, t->connections);
    put_fact(out, "Requests",
             "%" PRIu64 " to services, %" PRIu64 " in the clear, %" PRIu64
             " blocked",
             t->streams, t->direct, t->blocked);
    buffer_text(out, "<dt>Traffic</dt><dd>");
    page_bytes(data->bytes_in, out);
    buffer_text(out, " in, ");
    page_bytes(data->bytes_out, out);
    buffer_text(out, " out</dd>\n<dt>For programs</dt><dd>"
                     "<a href=\"/status.json\">status.json</a>, "
                     "<a href=\"/metrics\">metrics</a>, "
                     "<a href=\"/proxy.pac\">proxy.pac</a></dd>\n"
                     "</dl>\n</section>\n");
}

/* What a person should see first comes first. */
static const enum standing by_weight[] = {
    STANDING_REFUSED,  STANDING_UNREACHABLE, STANDING_SIMULATED,
    STANDING_VERIFIED, STANDING_CONNECTING,  STANDING_WAITING,
};

static size_t count_at(const struct status_data *data, enum standing standing)
{
    size_t count = 0;

    for (size_t i = 0; i < data->service_count; i++)
        count += data->services[i].standing == standing;
    return count;
}

/* "1 refused, 2 verified - Veritee": a tab tells, though it is not looked at. */
static void title_of(const struct status_data *data, char title[TITLE_ROOM])
{
    size_t len = 0;

    for (size_t i = 0; i < COUNT_OF(by_weight); i++) {
        size_t count = count_at(data, by_weight[i]);

        if (count > 0)
            len += (size_t)snprintf(title + len, TITLE_ROOM - len, "%s%zu %s",
                                    len > 0 ? ", " : "", count,
                                    status_data_word(by_weight[i]));
    }
    (void)snprintf(title + len, TITLE_ROOM - len, "%sVeritee",
                   len > 0 ? " - " : "");
}

static size_t count_breaking(const struct status_data *data)
{
    size_t count = 0;

    for (size_t i = 0; i < data->service_count; i++) {
        const struct forecast *f = data->services[i].forecast;

        count += f != NULL && f->outlook == OUTLOOK_BREAKS;
    }
    return count;
}

/* How many are verified, refused ..., and how many of them soon will not be. */
static void put_chips(const struct status_data *data, struct buffer *out)
{
    const size_t breaking = count_breaking(data);

    buffer_text(out, "<ul class=\"chips\">\n");
    for (size_t i = 0; i < COUNT_OF(by_weight); i++) {
        size_t count = count_at(data, by_weight[i]);

        if (count > 0)
            buffer_printf(out, "<li class=\"%s\">%zu %s</li>\n",
                          status_card_style(by_weight[i]), count,
                          status_data_word(by_weight[i]));
    }
    if (breaking > 0)
        buffer_printf(out, "<li class=\"warn\">%zu will break</li>\n",
                      breaking);
    buffer_text(out, "</ul>\n");
}

static void put_lead(const struct status_data *data, struct buffer *out)
{
    buffer_printf(out,
                  "<div id=\"lead\">\n<h1>What your proxy trusts</h1>\n"
                  "<p class=\"lead\">%zu service%s, as of ",
                  data->service_count, page_plural(data->service_count));
    page_time(data->now_unix, out);
    buffer_text(out, "</p>\n");
    if (data->service_count > 1 || count_breaking(data) > 0)
        put_chips(data, out);
    buffer_text(out, "</div>\n");
}

/* What an event tells of: all but counts that asking for the page changes. */
static void put_news(const struct status_data *data, struct buffer *out)
{
    for (size_t i = 0; i < data->service_count; i++)
        status_card_write(data, i, out);
    put_refusals(data->tally, out);
}

void status_page_write(const struct status_data *data, struct buffer *out)
{
    char title[TITLE_ROOM];

    title_of(data, title);
    page_begin(title, true, out);
    put_lead(data, out);
    put_news(data, out);
    put_proxy(data, out);
    page_end(out);
}

/* FNV-1a: nobody gains by a collision, which would hide a change once. */
static uint64_t digest_of(struct slice text)
{
    uint64_t digest = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < text.len; i++)
        digest = (digest ^ text.at[i]) * UINT64_C(0x100000001b3);
    return digest;
}

void status_page_event(const struct status_data *data, struct buffer *out)
{
    struct buffer news = buffer_with_max(NEWS_MAX_BYTES);
    struct json_out j = json_out_to(out);
    char digest[DIGEST_ROOM];

    put_news(data, &news);
    (void)snprintf(digest, sizeof(digest), "%016" PRIx64,
                   digest_of(buffer_view(&news)));
    buffer_free(&news);
    buffer_text(out, "event: status\ndata: ");
    json_out_object(&j, NULL);
    json_out_int(&j, "version", STATUS_PAGE_EVENT_VERSION);
    json_out_text(&j, "page", digest);
    json_out_array(&j, "services");
    for (size_t i = 0; i < data->service_count; i++) {
        json_out_object(&j, NULL);
        json_out_text(&j, "name", data->services[i].service->name);
        json_out_text(&j, "state",
                      status_data_word(data->services[i].standing));
        json_out_end_object(&j);
    }
    json_out_end_array(&j);
    json_out_end_object(&j);
    buffer_text(out, "\n\n");
}
