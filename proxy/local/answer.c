#include "proxy/local/answer.h"

#include "common/http_reason.h"
#include "proxy/local/page.h"

/* What some codes must carry: RFC 9110 sections 15.5.2, 15.5.6 and
 * 15.5.8. */
static const char *field_of(int code)
{
    if (code == 401)
        return "WWW-Authenticate: Basic realm=\"veritee\", charset=\"UTF-8\""
               "\r\n";
    if (code == 405)
        return "Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, CONNECT"
               "\r\n";
    if (code == 407)
        return "Proxy-Authenticate: Basic realm=\"veritee\", "
               "charset=\"UTF-8\"\r\n";
    if (code == 429)
        return "Retry-After: 60\r\n";
    return "";
}

static void put_framing(const struct answer *a, struct buffer *out)
{
    if (!a->stream)
        buffer_printf(out, "Content-Length: %zu\r\n", a->body.len);
    if (a->close || a->stream)
        buffer_text(out, "Connection: close\r\n");
}

void answer_write(const struct answer *a, struct buffer *out)
{
    buffer_printf(out, "HTTP/1.1 %d %s\r\n%s", a->code, http_reason(a->code),
                  field_of(a->code));
    buffer_add(out, a->fields);
    buffer_printf(out, "Content-Type: %s\r\n", a->type);
    put_framing(a, out);
    buffer_text(out, "Cache-Control: no-store\r\n"
                     "X-Content-Type-Options: nosniff\r\n"
                     "Referrer-Policy: no-referrer\r\n"
                     "Cross-Origin-Resource-Policy: same-origin\r\n"
                     "Content-Security-Policy: ");
    page_csp(a->own, out);
    buffer_text(out, "\r\n\r\n");
    if (!a->head_only)
        buffer_add(out, a->body);
}
