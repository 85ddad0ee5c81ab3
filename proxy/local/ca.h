/* proxy/local/ca.h: the CA of this computer, by which https to services with
 * `tls: intercept` ends here.
 *
 * Made by its user and kept in one folder: "ca.key", which nobody else may
 * read, and "ca.pem", which is for everybody. Bound to the names of those
 * services when it is made (tls_cert.h): for others it is worthless, and when
 * the services change, another one is made. Nothing here makes anybody trust
 * it. */
#ifndef PROXY_LOCAL_CA_H
#define PROXY_LOCAL_CA_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buffer.h"
#include "common/status.h"
#include "policy/policy.h"
#include "proxy/io/tls_key.h"
#include "proxy/local/ca_cert.h"

#define CA_DAYS 730 /* that one is good for */

#define CA_FINGERPRINT_ROOM 65 /* SHA-256 in hexadecimal */

/* Read-only once made, and safe to share between threads. */
struct ca {
    struct tls_key key;
    struct buffer der;
    struct ca_cert cert; /* borrows from |der| */
};

/* Read the CA in |dir|. Returns STATUS_OK, and |*out| is NULL if there is none
 * at all; or STATUS_NO_FILE, STATUS_NO_MEMORY, STATUS_BAD_CERT, or
 * STATUS_BAD_CONFIG (others may read the key, or it is another's) with |why|
 * filled, and |*out| is NULL. */
MUST_CHECK enum status ca_load(const char *dir, struct ca **out,
                               struct why *why);

/* Make one for the hosts of |policy|'s services with tls: intercept, good from
 * |now_unix| on, and keep it in |dir| in place of what is there. Returns
 * STATUS_OK; STATUS_BAD_CONFIG (no such service, or too many names),
 * STATUS_NO_FILE or STATUS_NO_MEMORY with |why| filled, and |*out| is NULL. */
MUST_CHECK enum status ca_make(const char *dir, const struct policy *policy,
                               int64_t now_unix, struct ca **out,
                               struct why *why);

void ca_free(struct ca *ca); /* NULL is allowed */

/* May |ca|, or NULL, sign for |host| at |now_unix|? Returns STATUS_OK, or
 * STATUS_BAD_CONFIG with |why| filled, and what to do about it expected. */
MUST_CHECK enum status ca_check_host(const struct ca *ca, const char *host,
                                     int64_t now_unix, struct why *why);

/* The same for all hosts of |service|, if it has tls: intercept; the first that
 * fails says why. */
MUST_CHECK enum status ca_check_service(const struct ca *ca,
                                        const struct service *service,
                                        int64_t now_unix, struct why *why);

/* The same for all services of |policy|. */
MUST_CHECK enum status ca_check_policy(const struct ca *ca,
                                       const struct policy *policy,
                                       int64_t now_unix, struct why *why);

/* The certificate as PEM. */
void ca_pem(const struct ca *ca, struct buffer *out);

void ca_fingerprint(const struct ca *ca, char out[CA_FINGERPRINT_ROOM]);

/* "Veritee local CA 1a2b3c4d", as its subject has it. */
void ca_name(const struct ca *ca, char out[TLS_CERT_NAME_ROOM]);

#endif
