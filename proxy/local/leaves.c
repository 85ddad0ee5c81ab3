#include "proxy/local/leaves.h"

#include <stdio.h>
#include <string.h>

#include "common/limits.h"
#include "common/secret.h"
#include "proxy/io/tls_cert.h"

#define HOUR_S (60 * 60)
#define DAY_S  (24 * HOUR_S)

static void drop(struct leaf *leaf)
{
    tls_context_free(leaf->context);
    *leaf = (struct leaf){ .context = NULL };
}

void leaves_clear(struct leaves *l)
{
    for (size_t i = 0; i < LEAVES_MAX; i++)
        drop(&l->list[i]);
}

/* Leaves of a CA that was replaced are no use any more. */
static void follow(struct leaves *l, const struct ca *ca)
{
    uint8_t id[20];

    tls_key_id(&ca->key, id);
    if (slice_equal(SLICE_OF(id), SLICE_OF(l->ca_id)))
        return;
    leaves_clear(l);
    memcpy(l->ca_id, id, sizeof(id));
}

/* Where |host| is, or may be put. */
static struct leaf *place_of(struct leaves *l, const char *host)
{
    struct leaf *oldest = &l->list[0];

    for (size_t i = 0; i < LEAVES_MAX; i++) {
        if (l->list[i].context != NULL && strcmp(l->list[i].host, host) == 0)
            return &l->list[i];
        if (l->list[i].asked < oldest->asked)
            oldest = &l->list[i];
    }
    drop(oldest);
    return oldest;
}

/* Never good for longer than the CA. */
static enum status make(const struct ca *ca, const char *host, int64_t now_unix,
                        struct leaf *out)
{
    const struct tls_cert_span *ca_span = &ca->cert.span;
    const struct tls_cert_span span = {
        .from_unix = MAX_OF(now_unix - HOUR_S, ca_span->from_unix),
        .until_unix = MIN_OF(now_unix + (int64_t)LEAVES_DAYS * DAY_S,
                             ca_span->until_unix),
    };
    uint8_t room[CERT_MAX_BYTES];
    struct builder der = builder_over(room, sizeof(room));
    struct tls_key key;
    enum status st = STATUS_NO_MEMORY;

    drop(out);
    if (!tls_key_make(&key))
        return STATUS_NO_MEMORY;
    tls_cert_leaf(&ca->key, ca->cert.subject, &key, host, &span, &der);
    if (builder_ok(&der))
        st = tls_context_leaf(builder_view(&der), &key, &out->context);
    tls_key_wipe(&key);
    (void)snprintf(out->host, sizeof(out->host), "%s", host);
    out->until_unix = span.until_unix;
    return st;
}

/* A browser may keep what it was shown for a while: made anew in good time,
 * unless the CA itself ends. */
static bool is_good(const struct leaf *leaf, const struct ca *ca,
                    int64_t now_unix)
{
    return leaf->context != NULL &&
           (now_unix + DAY_S <= leaf->until_unix ||
            leaf->until_unix == ca->cert.span.until_unix);
}

enum status leaves_find(struct leaves *l, const struct ca *ca, const char *host,
                        int64_t now_unix, struct tls_context **out)
{
    struct leaf *leaf;
    enum status st = STATUS_OK;

    *out = NULL;
    follow(l, ca);
    leaf = place_of(l, host);
    if (!is_good(leaf, ca, now_unix))
        st = make(ca, host, now_unix, leaf);
    if (st != STATUS_OK)
        return st;
    leaf->asked = ++l->asked;
    *out = leaf->context;
    return STATUS_OK;
}
