/* proxy/io/status_from_uv.h: libuv's error numbers in our own words. */
#ifndef PROXY_IO_STATUS_FROM_UV_H
#define PROXY_IO_STATUS_FROM_UV_H

#include "common/status.h"

/* The outcome that |rc|, a negative number from libuv, stands for:
 * STATUS_NO_MEMORY, LIMIT (descriptors), TIMED_OUT, NO_NAME, UNREACHABLE,
 * REFUSED, CUT, NO_FILE, BAD_ADDRESS, and NETWORK for any other. 0 and above
 * is STATUS_OK. */
enum status status_from_uv(int rc);

#endif
