/* proxy/tools/trust_store.h: where programs of this user look for the CAs that
 * they trust, and how the CA of this computer gets there and away again.
 *
 * Browsers have NSS databases, which certutil (libnss3-tools) writes; other
 * programs the system's, which update-ca-certificates does, for root. */
#ifndef PROXY_TOOLS_TRUST_STORE_H
#define PROXY_TOOLS_TRUST_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/status.h"
#include "proxy/local/ca.h"
#include "proxy/local/paths.h"

enum trust_kind {
    TRUST_CHROMIUM, /* and all that uses ~/.pki/nssdb */
    TRUST_FIREFOX,  /* one profile */
    TRUST_SYSTEM    /* of all users; curl and the like */
};

struct trust_store {
    enum trust_kind kind;
    char path[PATHS_ROOM]; /* the folder */
};

#define TRUST_STORES_MAX 32

struct trust_stores {
    size_t count;
    struct trust_store list[TRUST_STORES_MAX];
};

/* Those of this user, and the system's, which is the last. */
void trust_store_find(struct trust_stores *out);

/* "Chromium", "Firefox", "system". */
const char *trust_store_name(enum trust_kind kind);

/* False also when it cannot be asked. */
bool trust_store_has(const struct trust_store *s, const struct ca *ca);

/* Add the CA, whose certificate is the file |pem|; for servers alone. Take it
 * out again. Returns STATUS_OK, or STATUS_NO_FILE with |why| filled. */
MUST_CHECK enum status trust_store_add(const struct trust_store *s,
                                       const struct ca *ca, const char *pem,
                                       struct why *why);
MUST_CHECK enum status trust_store_remove(const struct trust_store *s,
                                          const struct ca *ca, struct why *why);

/* The commands, for a person to type, that add it or take it out. */
void trust_store_recipe(const struct trust_store *s, const struct ca *ca,
                        const char *pem, bool add_it, struct buffer *out);

#endif
