/* proxy/io/tls.h: one TLS connection, 1.2 or 1.3, on bytes in memory.
 *
 * No sockets. This is the outer transport of wss:// endpoints, never what
 * attestation rests on. The peer of a client is always verified: its chain
 * (see tls_context.h), and the host name or IP address by subject alternative
 * name only (RFC 9525). The only files that know wolfSSL are tls*.c. */
#ifndef PROXY_IO_TLS_H
#define PROXY_IO_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/slice.h"
#include "common/status.h"

struct tls;
struct tls_context;

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

/* tls_read() has returned TLS_ENDED. */
bool tls_ended(const struct tls *t);

#endif
