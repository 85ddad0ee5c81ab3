/* proxy/io/tls_digest.h: SHA-1, for the one place that still asks for it.
 *
 * Sec-WebSocket-Accept (RFC 6455 section 4.2.2) proves that the peer speaks
 * WebSocket; nothing secret depends on it. */
#ifndef PROXY_IO_TLS_DIGEST_H
#define PROXY_IO_TLS_DIGEST_H

#include <stdint.h>

#include "common/slice.h"

#define TLS_SHA1_BYTES 20

void tls_digest_sha1(struct slice bytes, uint8_t out[static TLS_SHA1_BYTES]);

#endif
