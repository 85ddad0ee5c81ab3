#include "proxy/local/page.h"

#include "common/utf8.h"

/* clang-format off */
static const char style[] =
    ":root{color-scheme:light dark;--ink:#1d2733;--soft:#566473;"
        "--line:#dbe1e7;--paper:#fff;--bad:#a3260f;--good:#1b6b3a;--warn:#8a5a00}"
    "@media(prefers-color-scheme:dark){:root{--ink:#e4e9ee;--soft:#9aa7b4;"
        "--line:#333d48;--paper:#15191e;--bad:#ff9b85;--good:#7fd6a0;--warn:#f0c060}}"
    "body{margin:0;background:var(--paper);color:var(--ink);"
        "font:16px/1.55 system-ui,sans-serif}"
    "main{max-width:46rem;margin:0 auto;padding:3rem 1.25rem}"
    "h1{font-size:1.6rem;line-height:1.25;margin:0 0 .5rem}"
    "h2{font-size:1.05rem;margin:2rem 0 .5rem}"
    "p{margin:.5rem 0}"
    ".lead{color:var(--soft);font-size:1.1rem}"
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:.35rem 1.25rem;"
        "margin:1.5rem 0;padding:1rem 0;border:solid var(--line);"
        "border-width:1px 0}"
    "dt{color:var(--soft)}"
    "dd{margin:0;overflow-wrap:anywhere}"
    "ol{margin:.5rem 0;padding-left:2.25rem}"
    "li{margin:.15rem 0;overflow-wrap:anywhere}"
    ".pass::marker{color:var(--good)}"
    ".fail{color:var(--bad);font-weight:600}"
    ".skip{color:var(--soft)}"
    "section{margin:2.5rem 0}"
    "section h2{font-size:1.25rem;display:flex;flex-wrap:wrap;gap:.75rem;"
        "align-items:center;margin:0 0 .5rem}"
    ".badge{font-size:.8rem;line-height:1;font-weight:600;padding:.35rem .6rem;"
        "border:1px solid;border-radius:1rem}"
    ".good{color:var(--good)}.bad{color:var(--bad)}"
    ".warn{color:var(--warn)}.soft{color:var(--soft)}"
    "a{color:inherit}"
    "ul{list-style:none;margin:0;padding:0}"
    "summary{cursor:pointer;padding:.35rem 0}"
    "section>p::first-letter{text-transform:uppercase}"
    "dl+dl{border-top:0;margin-top:-1.5rem}"
    "details dl{border:0;margin:0;padding:.25rem 0}"
    "table{border-collapse:collapse;table-layout:fixed;width:100%;"
        "font-size:.875rem}"
    "th,td{text-align:left;vertical-align:top;padding:.35rem .75rem .35rem 0;"
        "border-bottom:1px solid var(--line);overflow-wrap:anywhere}"
    "th{color:var(--soft);font-weight:400}"
    "th:nth-child(1){width:2.25rem}th:nth-child(2){width:45%}"
    "th:nth-child(3){width:4.5rem}"
    ".pass td:nth-child(3){color:var(--good)}"
    "@media(max-width:40rem){main{padding:1.5rem 1rem}"
        "section dl{grid-template-columns:1fr;gap:0}"
        "section dd{margin-bottom:.5rem}"
        "thead{display:none}tr{display:block;padding:.5rem 0;"
        "border-bottom:1px solid var(--line)}"
        "td{display:block;border:0;padding:0}"
        "td:nth-child(-n+3){display:inline;margin-right:.5rem}"
        "td:empty{display:none}}"
    "footer{margin-top:3rem;color:var(--soft);font-size:.875rem}";
/* clang-format on */

void page_begin(const char *title, struct buffer *out)
{
    buffer_printf(out,
                  "<!doctype html>\n<html lang=\"en\">\n<head>\n"
                  "<meta charset=\"utf-8\">\n"
                  "<meta name=\"viewport\" content=\"width=device-width\">\n"
                  "<title>%s</title>\n<style>%s</style>\n</head>\n<body>\n"
                  "<main>\n<h1>%s</h1>\n",
                  title, style, title);
}

void page_end(struct buffer *out)
{
    buffer_text(out, "<footer>Veritee " VERITEE_VERSION
                     ", on this computer</footer>\n</main>\n</body>\n"
                     "</html>\n");
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

void page_fact(const char *name, struct slice value, struct buffer *out)
{
    if (value.len == 0)
        return;
    buffer_printf(out, "<dt>%s</dt><dd>", name);
    page_text(value, out);
    buffer_text(out, "</dd>\n");
}
