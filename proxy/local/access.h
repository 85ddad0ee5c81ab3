/* proxy/local/access.h: who on this machine may use the proxy.
 *
 * Over TCP nobody can tell users apart, so a secret does: what the file that
 * the policy names as `credentials` has. At a UNIX socket the kernel says who
 * is there. Does not change once read, and may be shared by threads. */
#ifndef PROXY_LOCAL_ACCESS_H
#define PROXY_LOCAL_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/compiler.h"
#include "common/slice.h"
#include "common/status.h"
#include "policy/policy.h"

/* As many as SOCKS can say (RFC 1929 section 2). */
#define ACCESS_WORD_MAX_BYTES     255
#define ACCESS_PASSWORD_MIN_BYTES 8 /* fewer can be tried */

/* What must be said; a secret. */
struct access_secret {
    char user[ACCESS_WORD_MAX_BYTES + 1];     /* "": a token, under any user */
    char password[ACCESS_WORD_MAX_BYTES + 1]; /* "": nothing is asked */
};

/* Read the secret in |path|: one line, "user:password", or a token, which is a
 * password for any user; visible ASCII. Nobody else may be able to read the
 * file. Returns STATUS_OK, or STATUS_NO_FILE or STATUS_BAD_CONFIG with |why|
 * filled and |out| empty. */
MUST_CHECK enum status access_secret_read(const char *path,
                                          struct access_secret *out,
                                          struct why *why);

void access_secret_wipe(struct access_secret *s);

/* True when these are right, in time that does not tell how near they are. */
bool access_secret_is(const struct access_secret *s, struct slice user,
                      struct slice password);

struct access;

/* Read what |policy| names: the secret, and the users by their numbers. Returns
 * STATUS_OK with |*out| the caller's to free, STATUS_NO_MEMORY, STATUS_NO_FILE
 * or STATUS_BAD_CONFIG (no such user) with |why| filled. */
MUST_CHECK enum status access_new(const struct policy *policy,
                                  struct access **out, struct why *why);
void access_free(struct access *a); /* NULL is allowed */

/* Borrowed; its password is empty where nothing is asked. */
const struct access_secret *access_secret_of(const struct access *a);

/* May |uid|, who is at a UNIX socket of ours, use it? */
bool access_has_user(const struct access *a, uid_t uid);

#endif
