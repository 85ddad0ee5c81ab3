#include "proxy/local/page.h"

#include <inttypes.h>

#include "common/pages.h"
#include "common/text.h"
#include "common/utf8.h"
#include "proxy/local/refusal_words.h"

#define DIGITS_MIN 32

void page_csp(bool own, struct buffer *out)
{
    buffer_text(out, "default-src 'none'; base-uri 'none'; form-action 'none'; "
                     "frame-ancestors 'none'; "
                     "style-src '" PAGES_STYLE_CSS_DIGEST "'");
    if (own)
        buffer_text(out,
                    "; script-src 'self'; connect-src 'self'; img-src 'self'");
}

void page_begin(const char *title, bool own, struct buffer *out)
{
    buffer_printf(out,
                  "<!doctype html>\n<html lang=\"en\">\n<head>\n"
                  "<meta charset=\"utf-8\">\n"
                  "<meta name=\"viewport\" "
                  "content=\"width=device-width, initial-scale=1\">\n"
                  "<title>%s</title>\n",
                  title);
    buffer_text(out, "<style>" PAGES_STYLE_CSS "</style>\n");
    if (own)
        buffer_text(out, "<link rel=\"icon\" href=\"/icon.svg\">\n"
                         "<script src=\"/status.js\" defer></script>\n");
    buffer_text(out, "</head>\n<body>\n" PAGES_ICONS_SVG
                     "<header class=\"top\">\n<span class=\"brand\">");
    page_icon("brand", out);
    buffer_text(out, "Veritee</span>\n");
    if (own)
        buffer_text(out,
                    "<p class=\"hidden\" id=\"news\" role=\"status\"></p>\n"
                    "<p class=\"live\" id=\"live\" role=\"status\">"
                    "Not live: reload for news</p>\n");
    else
        buffer_text(out, "<p class=\"where\">On this computer</p>\n");
    buffer_text(out, "</header>\n<main>\n");
}

void page_end(struct buffer *out)
{
    buffer_text(out, "</main>\n<footer>Veritee " VERITEE_VERSION
                     ", on this computer</footer>\n</body>\n</html>\n");
}

/* One character of |len| bytes; 0 is a byte that is none. */
static void put_char(struct slice text, size_t len, struct buffer *out)
{
    uint8_t c = text.at[0];

    if (len == 0 || (c < ' ' && c != '\n') || c == 0x7f)
        buffer_text(out, "&#xfffd;");
    else if (c == '<' || c == '>' || c == '&' || c == '"' || c == '\'')
        buffer_printf(out, "&#%u;", (unsigned)c);
    else
        buffer_add(out, slice_of(text.at, len));
}

void page_text(struct slice text, struct buffer *out)
{
    while (text.len > 0) {
        size_t len = utf8_length(text);
        size_t used = len == 0 ? 1 : len;

        put_char(text, len, out);
        text = slice_of(text.at + used, text.len - used);
    }
}

void page_icon(const char *name, struct buffer *out)
{
    buffer_printf(out, "<svg aria-hidden=\"true\"><use href=\"#i-%s\"/></svg>",
                  name);
}

void page_fact(const char *name, const char *value, struct buffer *out)
{
    if (value == NULL || value[0] == '\0')
        return;
    buffer_printf(out, "<dt>%s</dt><dd>", name);
    page_text(slice_text(value), out);
    buffer_text(out, "</dd>\n");
}

void page_sentence(const char *name, const char *value, struct buffer *out)
{
    buffer_printf(out, "<dt>%s</dt><dd class=\"sentence\">%s</dd>\n", name,
                  value);
}

void page_time(int64_t unix_seconds, struct buffer *out)
{
    char text[TEXT_TIME_ROOM];

    text_time(unix_seconds, text);
    buffer_printf(out, "<time datetime=\"%s\">%.10s %.5s UTC</time>", text,
                  text, text + 11);
}

const char *page_plural(size_t count)
{
    return count == 1 ? "" : "s";
}

void page_bytes(uint64_t bytes, struct buffer *out)
{
    static const char units[] = "KMGTPE";
    double scaled = (double)bytes;
    int unit = -1;

    while (scaled >= 1024 && unit < (int)sizeof(units) - 2) {
        scaled /= 1024;
        unit++;
    }
    if (unit < 0)
        buffer_printf(out, "%" PRIu64 " bytes", bytes);
    else
        buffer_printf(out, "%.1f %ciB", scaled, units[unit]);
}

/* Measurements that differ in a digit look alike: what differs is marked.
 * Only values of one length and of printable ASCII are compared. */
static bool is_comparable(const char *a, const char *b)
{
    for (size_t i = 0; a[i] != '\0'; i++)
        if (a[i] <= ' ' || a[i] > '~' || b[i] <= ' ' || b[i] > '~')
            return false;
    return a[0] != '\0' && strlen(a) == strlen(b);
}

static void put_marked(const char *value, const char *other, struct buffer *out)
{
    bool marked = false;

    for (size_t i = 0; value[i] != '\0'; i++) {
        if ((value[i] != other[i]) != marked)
            buffer_text(out, marked ? "</mark>" : "<mark>");
        marked = value[i] != other[i];
        page_text(slice_of((const uint8_t *)value + i, 1), out);
    }
    if (marked)
        buffer_text(out, "</mark>");
}

/* A measurement is set apart from words. */
static bool is_digits(const char *value)
{
    return strlen(value) >= DIGITS_MIN && strchr(value, ' ') == NULL;
}

static void put_value(const char *name, const char *value, const char *other,
                      struct buffer *out)
{
    if (!is_digits(value)) {
        page_fact(name, value, out);
        return;
    }
    buffer_printf(out, "<dt>%s</dt><dd class=\"code\">", name);
    if (is_comparable(value, other))
        put_marked(value, other, out);
    else
        page_text(slice_text(value), out);
    buffer_text(out, "</dd>\n");
}

void page_why(const struct why *why, struct buffer *out)
{
    page_fact("Where", why->field, out);
    put_value("Found", why->found, why->expected, out);
    put_value("Expected", why->expected, why->found, out);
    page_fact("Rule", why->clause, out);
    page_sentence("Whose side", refusal_words_of(why->status).side, out);
}

/* |before| is ours. */
static void put_found(const char *before, const char *value, struct buffer *out)
{
    if (value[0] == '\0')
        return;
    buffer_printf(out, "<p class=\"found%s\">%s",
                  is_digits(value) ? " code" : "", before);
    page_text(slice_text(value), out);
    buffer_text(out, "</p>");
}

static void put_check(const struct check_result *c, size_t number,
                      struct buffer *out)
{
    static const struct {
        const char *style;
        const char *says;
    } looks[] = { [OUTCOME_SKIP] = { "skip", "skipped: " },
                  [OUTCOME_PASS] = { "pass", "passed: " },
                  [OUTCOME_FAIL] = { "fail", "FAILED: " } };

    buffer_printf(out, "<li class=\"%s\"><span class=\"no\">%zu</span>",
                  looks[c->outcome].style, number);
    page_icon(looks[c->outcome].style, out);
    buffer_printf(out,
                  "<div><p class=\"title\"><span class=\"hidden\">%s</span>",
                  looks[c->outcome].says);
    page_text(slice_text(c->title), out);
    buffer_text(out, "</p>");
    put_found("", c->why.found, out);
    if (c->outcome == OUTCOME_FAIL)
        put_found("expected ", c->why.expected, out);
    buffer_text(out, "</div></li>\n");
}

void page_checks(const struct verdict *v, size_t first, struct buffer *out)
{
    for (size_t i = 0; i < v->count; i++)
        put_check(&v->checks[i], first + i, out);
}
