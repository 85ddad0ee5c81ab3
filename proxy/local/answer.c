#include "proxy/local/answer.h"

#include "common/http_reason.h"
#include "proxy/local/page.h"

/* What some codes must carry: RFC 9110 sections 15.5.6 and 15.5.8. */
static const char *field_of(int code)
{
    if (code == 405)
        return "Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, CONNECT"
               "\r\n";
    if (code == 407)
        return "Proxy-Authenticate: Basic realm=\"veritee\", "
               "charset=\"UTF-8\"\r\n";
    return "";
}

void answer_write(const struct answer *a, struct buffer *out)
{
    buffer_printf(out, "HTTP/1.1 %d %s\r\n%s", a->code, http_reason(a->code),
                  field_of(a->code));
    buffer_add(out, a->fields);
    buffer_printf(out,
                  "Content-Type: %s\r\nContent-Length: %zu\r\n"
                  "Cache-Control: no-store\r\n"
                  "X-Content-Type-Options: nosniff\r\n"
                  "Referrer-Policy: no-referrer\r\n"
                  "Content-Security-Policy: " PAGE_CSP "\r\n%s\r\n",
                  a->type, a->body.len,
                  a->close ? "Connection: close\r\n" : "");
    if (!a->head_only)
        buffer_add(out, a->body);
}
