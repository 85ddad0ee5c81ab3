#include "common/http_reason.h"

#include "common/compiler.h"

/* names: http_reason its only function */

static const struct {
    int code;
    const char *reason;
} rows[] = {
    { 200, "OK" },
    { 400, "Bad Request" },
    { 401, "Unauthorized" },
    { 403, "Forbidden" },
    { 404, "Not Found" },
    { 405, "Method Not Allowed" },
    { 407, "Proxy Authentication Required" },
    { 413, "Content Too Large" },
    { 421, "Misdirected Request" },
    { 426, "Upgrade Required" },
    { 429, "Too Many Requests" },
    { 431, "Request Header Fields Too Large" },
    { 500, "Internal Server Error" },
    { 502, "Bad Gateway" },
    { 503, "Service Unavailable" },
    { 504, "Gateway Timeout" },
};

const char *http_reason(int code)
{
    for (unsigned i = 0; i < COUNT_OF(rows); i++)
        if (rows[i].code == code)
            return rows[i].reason;
    return "";
}
