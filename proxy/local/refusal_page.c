#include "proxy/local/refusal_page.h"

#include <stdio.h>

#include "proxy/local/page.h"
#include "proxy/local/refusal_words.h"

static void put_fact(const char *name, const char *value, struct buffer *out)
{
    if (value != NULL)
        page_fact(name, slice_text(value), out);
}

/* "The server did not ...": a title begins a sentence here. */
static void put_heading(const char *title, struct buffer *out)
{
    char heading[128];

    (void)snprintf(heading, sizeof(heading), "%s", title);
    if (heading[0] >= 'a' && heading[0] <= 'z')
        heading[0] = (char)(heading[0] - 'a' + 'A');
    page_begin(heading, out);
}

static void put_facts(const struct refusal *r, struct buffer *out)
{
    const struct far_failure *f = r->failure;
    char target[TARGET_TEXT_ROOM] = "";

    if (r->target != NULL)
        target_text(r->target, target);
    buffer_text(out, "<dl>\n");
    put_fact("Asked for", target, out);
    put_fact("Service", f->service, out);
    put_fact("Endpoint", f->endpoint, out);
    if (f->verdict != NULL && verdict_failed(f->verdict) != NULL)
        put_fact("Failed check", verdict_failed(f->verdict)->title, out);
    put_fact("What", status_text(f->why.status), out);
    put_fact("Where", f->why.field, out);
    put_fact("Found", f->why.found, out);
    put_fact("Expected", f->why.expected, out);
    put_fact("Rule", f->why.clause, out);
    put_fact("Whose side", refusal_words_of(f->why.status).side, out);
    buffer_text(out, "</dl>\n");
}

static void put_check(const struct check_result *c, struct buffer *out)
{
    static const char *const words[] = { [OUTCOME_SKIP] = "skip",
                                         [OUTCOME_PASS] = "pass",
                                         [OUTCOME_FAIL] = "fail" };
    static const char *const marks[] = { [OUTCOME_SKIP] = "not reached",
                                         [OUTCOME_PASS] = "passed",
                                         [OUTCOME_FAIL] = "FAILED" };

    buffer_printf(out, "<li class=\"%s\">", words[c->outcome]);
    page_text(slice_text(c->title), out);
    buffer_printf(out, ": %s</li>\n", marks[c->outcome]);
}

static void put_checks(const struct verdict *v, struct buffer *out)
{
    if (v == NULL || v->count == 0)
        return;
    buffer_text(out, "<h2>Every check, in order</h2>\n<ol>\n");
    for (size_t i = 0; i < v->count; i++)
        put_check(&v->checks[i], out);
    buffer_text(out, "</ol>\n");
}

void refusal_page_write(const struct refusal *r, struct buffer *out)
{
    struct refusal_words words = refusal_words_of(r->failure->why.status);

    put_heading(words.title, out);
    buffer_printf(out, "<p class=\"lead\">%s</p>\n", words.advice);
    put_facts(r, out);
    put_checks(r->failure->verdict, out);
    page_end(out);
}
