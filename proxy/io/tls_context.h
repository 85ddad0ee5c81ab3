/* proxy/io/tls_context.h: whom TLS connections trust, and what they show.
 *
 * TLS 1.2 at least. No session cache and no tickets: each connection proves
 * its peer anew. */
#ifndef PROXY_IO_TLS_CONTEXT_H
#define PROXY_IO_TLS_CONTEXT_H

#include <stdbool.h>

#include "common/compiler.h"
#include "common/slice.h"
#include "common/status.h"
#include "proxy/io/tls_key.h"

/* Settings shared by the connections of one thread. */
struct tls_context;

#define TLS_PEM_MAX_BYTES (1024 * 1024) /* of one file of certificates */

/* For clients. |ca_file| is PEM; NULL is the system's store. Returns
 * STATUS_OK, STATUS_NO_FILE, STATUS_BAD_CONFIG (no usable certificate in it)
 * or STATUS_NO_MEMORY with |why| filled; |*out| is NULL unless OK. */
MUST_CHECK enum status tls_context_client(const char *ca_file,
                                          struct tls_context **out,
                                          struct why *why);

/* For servers. |chain_file| (leaf first) and |key_file| are PEM. Returns as
 * tls_context_client(). */
MUST_CHECK enum status tls_context_server(const char *chain_file,
                                          const char *key_file,
                                          struct tls_context **out,
                                          struct why *why);

/* For servers that speak HTTP/1.1 (ALPN): the certificate |der| of |key|, both
 * copied. Returns STATUS_OK or STATUS_NO_MEMORY; |*out| is NULL unless OK. */
MUST_CHECK enum status tls_context_leaf(struct slice der,
                                        const struct tls_key *key,
                                        struct tls_context **out);

/* True when connections of it agree on HTTP/1.1. */
bool tls_context_is_http(const struct tls_context *context);

/* wolfSSL's own, for tls.c; borrowed. */
struct WOLFSSL_CTX *tls_context_wolf(const struct tls_context *context);

/* For tls.c: |context| lives until it is freed as often as it is held. */
void tls_context_hold(struct tls_context *context);

/* It lives on until the last struct tls made from it is freed. NULL is
 * allowed. */
void tls_context_free(struct tls_context *context);

#endif
