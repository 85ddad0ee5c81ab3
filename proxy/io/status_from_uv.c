#include "proxy/io/status_from_uv.h"

#include <uv.h>

/* names: status_from_uv its only function */

/* clang-format off */
static const struct {
    int rc;
    enum status status;
} rows[] = {
    { UV_ENOMEM,          STATUS_NO_MEMORY },
    { UV_EAI_MEMORY,      STATUS_NO_MEMORY },
    { UV_EMFILE,          STATUS_LIMIT },
    { UV_ENFILE,          STATUS_LIMIT },
    { UV_ENOBUFS,         STATUS_LIMIT },
    { UV_ETIMEDOUT,       STATUS_TIMED_OUT },
    { UV_EAI_AGAIN,       STATUS_NO_NAME },
    { UV_EAI_FAIL,        STATUS_NO_NAME },
    { UV_EAI_NODATA,      STATUS_NO_NAME },
    { UV_EAI_NONAME,      STATUS_NO_NAME },
    { UV_EAI_ADDRFAMILY,  STATUS_NO_NAME },
    { UV_ENETUNREACH,     STATUS_UNREACHABLE },
    { UV_EHOSTUNREACH,    STATUS_UNREACHABLE },
    { UV_ENETDOWN,        STATUS_UNREACHABLE },
    { UV_EAFNOSUPPORT,    STATUS_UNREACHABLE },
    { UV_EADDRNOTAVAIL,   STATUS_UNREACHABLE },
    { UV_ECONNREFUSED,    STATUS_REFUSED },
    { UV_ECONNRESET,      STATUS_CUT },
    { UV_EPIPE,           STATUS_CUT },
    { UV_ECONNABORTED,    STATUS_CUT },
    { UV_ENOENT,          STATUS_NO_FILE },
    { UV_EINVAL,          STATUS_BAD_ADDRESS },
    { UV_ENAMETOOLONG,    STATUS_BAD_ADDRESS },
};
/* clang-format on */

enum status status_from_uv(int rc)
{
    if (rc >= 0)
        return STATUS_OK;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (rows[i].rc == rc)
            return rows[i].status;
    return STATUS_NETWORK;
}
