/* proxy/io/tls.h: TLS 1.2 and 1.3 on bytes in memory; no sockets.
 *
 * This is the outer transport of wss:// endpoints, never what attestation
 * rests on. The peer of a client is always verified: chain to the named CA
 * file or the system's store, and the host name or IP address, by subject
 * alternative name only (RFC 9525). No session cache, no tickets kept.
 *
 * The only files that know wolfSSL are tls*.c. */
#ifndef PROXY_IO_TLS_H
#define PROXY_IO_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/slice.h"
#include "common/status.h"

/* Settings shared by many connections of one thread. */
struct tls_context;

/* For clients. |ca_file| is PEM; NULL is the system's store. Returns
 * STATUS_OK, STATUS_NO_FILE, STATUS_BAD_CONFIG (no certificate in it) or
 * STATUS_NO_MEMORY; |*out| is NULL unless OK. */
MUST_CHECK enum status tls_context_client(const char *ca_file,
                                          struct tls_context **out,
                                          struct why *why);

/* For servers. |chain_file| (leaf first) and |key_file| are PEM. Returns as
 * tls_context_client(). */
MUST_CHECK enum status tls_context_server(const char *chain_file,
                                          const char *key_file,
                                          struct tls_context **out,
                                          struct why *why);

/* Not while a struct tls made from it lives. NULL is allowed. */
void tls_context_free(struct tls_context *context);

/* One connection. */
struct tls;

/* |host| is the name or IP literal that the peer must prove, at most 253
 * bytes. Returns STATUS_OK or STATUS_NO_MEMORY; |*out| is NULL unless OK. */
MUST_CHECK enum status tls_client_new(struct tls_context *context,
                                      struct slice host, struct tls **out);
MUST_CHECK enum status tls_server_new(struct tls_context *context,
                                      struct tls **out);
void tls_free(struct tls *t); /* NULL is allowed */

enum tls_step {
    TLS_DONE,       /* it is done */
    TLS_WANT_INPUT, /* more bytes from the peer are needed */
    TLS_ENDED,      /* the peer closed properly (close_notify) */
    TLS_FAILED      /* |why| is filled: STATUS_TLS or STATUS_NO_MEMORY */
};

/* Bytes from the peer: where they go and how many fit (NULL and 0 when out of
 * memory), and how many were put there. */
uint8_t *tls_reserve(struct tls *t, size_t *room);
void tls_commit(struct tls *t, size_t len);

/* Bytes for the peer, after any call below; tls_sent() drops the first
 * |len|. Borrowed until the next call on |t|. */
struct slice tls_output(const struct tls *t);
void tls_sent(struct tls *t, size_t len);

/* Go on with the handshake: TLS_DONE, TLS_WANT_INPUT or TLS_FAILED. */
enum tls_step tls_handshake(struct tls *t, struct why *why);

/* Decrypt up to |room| bytes to |out|; TLS_DONE means |*len| > 0. */
enum tls_step tls_read(struct tls *t, uint8_t *out, size_t room, size_t *len,
                       struct why *why);

/* Encrypt all of |data| into the output: TLS_DONE or TLS_FAILED. */
enum tls_step tls_write(struct tls *t, struct slice data, struct why *why);

/* Append our close_notify to the output. */
void tls_end(struct tls *t);

#endif
