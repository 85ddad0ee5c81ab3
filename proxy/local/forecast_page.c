#include "proxy/local/forecast_page.h"

#include <assert.h>

#include "common/text.h"
#include "proxy/local/page.h"

static void put_public_since(const struct forecast *f, struct buffer *out)
{
    char day[TEXT_TIME_ROOM];

    if (f->event_unix == 0)
        return;
    text_time(f->event_unix, day);
    buffer_printf(out, ", public since <time datetime=\"%s\">%.10s</time>", day,
                  day);
}

static void put_changes(const struct forecast *f, struct buffer *out)
{
    buffer_printf(out, "<dt>TCB data</dt><dd>number %u now",
                  (unsigned)f->present_number);
    if (f->early_number != 0)
        buffer_printf(out, ", %u to come", (unsigned)f->early_number);
    put_public_since(f, out);
    buffer_printf(out, "</dd>\n<dt>TCB status</dt><dd>%s now",
                  tcb_status_name(f->present_status));
    if (f->early_status != TCB_NONE)
        buffer_printf(out, ", %s then", tcb_status_name(f->early_status));
    buffer_text(out, "</dd>\n");
    if (f->news.count == 0)
        return;
    buffer_text(out, "<dt>New advisories</dt><dd>");
    for (size_t i = 0; i < f->news.count; i++) {
        buffer_text(out, i > 0 ? ", " : "");
        page_text(slice_text(f->news.names[i]), out);
    }
    buffer_text(out, "</dd>\n");
}

void forecast_page_warning(const struct forecast *f, struct buffer *out)
{
    if (f->outlook != OUTLOOK_BREAKS)
        return;
    buffer_text(out, "<div class=\"reason warn\">\n<h3>The coming TCB recovery "
                     "will break this service</h3>\n<dl class=\"rows\">\n");
    put_changes(f, out);
    page_why(&f->why, out);
    page_sentence("What to do", forecast_advice(f), out);
    buffer_text(out, "</dl>\n</div>\n");
}

static const char *says(enum outlook o)
{
    switch (o) {
    case OUTLOOK_NONE:
        return "";
    case OUTLOOK_UNKNOWN:
        return "not known";
    case OUTLOOK_HOLDS:
        return "will hold";
    case OUTLOOK_BREAKS:
        return "will break";
    }
    assert(!"an outlook without words");
    return "";
}

void forecast_page_fact(const struct forecast *f, struct buffer *out)
{
    if (f->outlook == OUTLOOK_NONE)
        return;
    buffer_printf(out, "<div><dt>Next TCB data</dt><dd>%s<small>",
                  says(f->outlook));
    if (f->outlook == OUTLOOK_UNKNOWN)
        buffer_text(out, "no source has it");
    else if (f->early_number == f->present_number)
        buffer_printf(out, "none newer than number %u",
                      (unsigned)f->present_number);
    else if (f->early_number != 0)
        buffer_printf(out, "number %u, after %u", (unsigned)f->early_number,
                      (unsigned)f->present_number);
    buffer_text(out, "</small></dd></div>\n");
}
