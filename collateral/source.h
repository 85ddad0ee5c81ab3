/* collateral/source.h: where collateral is looked for, in the user's order.
 *
 * Sources are not trusted: what they give is signed, dated and checked. The
 * order is about speed, privacy and working without a network. */
#ifndef COLLATERAL_SOURCE_H
#define COLLATERAL_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/compiler.h"
#include "common/status.h"

enum source_kind {
    SOURCE_STORE,   /* the disk store of the engine; skipped if it has none */
    SOURCE_STAPLED, /* what the server sent along; skipped if it sent none */
    SOURCE_PCCS,    /* a caching service at |url| */
    SOURCE_PCS,     /* Intel's service, or one that speaks like it at |url| */
    SOURCE_KDS      /* AMD's, likewise */
};

/* One place to ask. */
struct collateral_source {
    enum source_kind kind;
    const char *url;     /* "https://host:8081", with or without the API's path
                        * behind it; NULL: Intel's or AMD's (not for a PCCS).
                        * Unused by STORE and STAPLED */
    const char *ca_file; /* PEM of the CAs its TLS is checked by; NULL: the
                        * system's */
    const char *proxy;   /* outer proxy, as a URL; NULL: none */
};

#define COLLATERAL_SOURCES_MAX 8

/* A list that owns its texts. All zero is an empty one. */
struct source_list {
    size_t count;
    struct collateral_source at[COLLATERAL_SOURCES_MAX];
};

/* "store", "stapled", "pccs", "pcs", "kds"; static. */
const char *source_name(enum source_kind kind);

/* True for those behind a URL. */
bool source_is_remote(enum source_kind kind);

/* Check |s| and put a copy of it behind the others. Returns STATUS_OK,
 * STATUS_NO_MEMORY, or STATUS_BAD_CONFIG (the list is full, or a URL that
 * url_parse() refuses) with |why| filled and |list| as it was. */
MUST_CHECK enum status source_list_add(struct source_list *list,
                                       const struct collateral_source *s,
                                       struct why *why);

/* Check and copy |count| |sources|; |*out| is the caller's to free when OK and
 * empty otherwise. Returns STATUS_OK, STATUS_NO_MEMORY, or STATUS_BAD_CONFIG
 * (none, too many, or a URL that url_parse() refuses) with |why| filled. */
MUST_CHECK enum status source_list_copy(const struct collateral_source *sources,
                                        size_t count, struct source_list *out,
                                        struct why *why);

/* Free what |list| owns and empty it. */
void source_list_free(struct source_list *list);

/* The same sources in the same order. */
bool source_list_equal(const struct source_list *a,
                       const struct source_list *b);

#endif
