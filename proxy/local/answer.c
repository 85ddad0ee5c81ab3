#include "proxy/local/answer.h"

#include "proxy/local/page.h"

static const struct {
    int code;
    const char *reason;
} reasons[] = {
    { 200, "OK" },
    { 400, "Bad Request" },
    { 403, "Forbidden" },
    { 404, "Not Found" },
    { 405, "Method Not Allowed" },
    { 407, "Proxy Authentication Required" },
    { 413, "Content Too Large" },
    { 421, "Misdirected Request" },
    { 431, "Request Header Fields Too Large" },
    { 500, "Internal Server Error" },
    { 502, "Bad Gateway" },
    { 503, "Service Unavailable" },
    { 504, "Gateway Timeout" },
};

/* A reason may be empty, and no program reads it. */
static const char *reason_of(int code)
{
    for (size_t i = 0; i < COUNT_OF(reasons); i++)
        if (reasons[i].code == code)
            return reasons[i].reason;
    return "";
}

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
    buffer_printf(out, "HTTP/1.1 %d %s\r\n%s", a->code, reason_of(a->code),
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
