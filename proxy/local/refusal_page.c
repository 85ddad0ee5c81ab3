#include "proxy/local/refusal_page.h"

#include <stdio.h>

#include "proxy/local/attempts.h"
#include "proxy/local/local_page.h"
#include "proxy/local/page.h"
#include "proxy/local/refusal_words.h"

#define TITLE_ROOM 128

/* "The server did not ...": a title begins a sentence here. */
static void title_of(const char *words, char title[TITLE_ROOM])
{
    (void)snprintf(title, TITLE_ROOM, "%s", words);
    if (title[0] >= 'a' && title[0] <= 'z')
        title[0] = (char)(title[0] - 'a' + 'A');
}

struct look {
    const char *style;
    const char *icon;
    const char *says;
};

static struct look look_of(enum status st)
{
    if (attempts_is_refusal(st))
        return (struct look){ "bad", "refused", "refused" };
    if (st == STATUS_NOT_SERVICE)
        return (struct look){ "calm", "refused", "blocked" };
    return (struct look){ "warn", "unreachable", "failed" };
}

static void put_verdict(const struct refusal *r, struct look look,
                        struct buffer *out)
{
    char target[TARGET_TEXT_ROOM] = "Your request";

    if (r->target != NULL)
        target_text(r->target, target);
    buffer_printf(out, "<div class=\"verdict %s\">\n", look.style);
    page_icon(look.icon, out);
    buffer_text(out, "<div><p class=\"hosts\">You asked for</p><h2>");
    page_text(slice_text(target), out);
    buffer_printf(out, "</h2></div>\n<span class=\"pill\">%s</span>\n</div>\n",
                  look.says);
}

static void put_facts(const struct refusal *r, struct look look,
                      struct buffer *out)
{
    const struct far_failure *f = r->failure;
    const struct check_result *failed = refusal_failed_check(f);

    buffer_printf(out, "<div class=\"reason %s\">\n<h3>", look.style);
    page_text(slice_text(status_text(f->why.status)), out);
    buffer_text(out, "</h3>\n<dl class=\"rows\">\n");
    page_fact("Failed check", failed != NULL ? failed->title : NULL, out);
    page_why(&f->why, out);
    page_fact("Service", f->service, out);
    page_fact("Endpoint", f->endpoint, out);
    buffer_text(
        out,
        "</dl>\n</div>\n<p class=\"says\"><a href=\"http://" LOCAL_PAGE_HOST
        "/\">All your services, and why each is "
        "trusted or not</a></p>\n");
}

static void put_checks(const struct far_failure *f, struct buffer *out)
{
    if (f->verdict == NULL || f->verdict->count == 0)
        return;
    buffer_text(out, "<section>\n<h3>Every check, in order</h3>\n"
                     "<ol class=\"checks\">\n");
    page_checks(f->verdict, 1, out);
    if (f->judgement != NULL)
        page_checks(f->judgement, f->verdict->count + 1, out);
    buffer_text(out, "</ol>\n</section>\n");
}

void refusal_page_write(const struct refusal *r, struct buffer *out)
{
    enum status st = r->failure->why.status;
    struct refusal_words words = refusal_words_of(st);
    char title[TITLE_ROOM];

    title_of(words.title, title);
    page_begin(title, false, out);
    buffer_printf(out, "<h1>%s</h1>\n<p class=\"lead\">%s</p>\n", title,
                  words.advice);
    buffer_text(out, "<article class=\"card\">\n");
    put_verdict(r, look_of(st), out);
    put_facts(r, look_of(st), out);
    put_checks(r->failure, out);
    buffer_text(out, "</article>\n");
    page_end(out);
}
