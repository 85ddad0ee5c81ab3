/* collateral/url.h: the URLs this program fetches from.
 *
 * A narrow subset of RFC 3986, so that no two readers can see different hosts
 * in one text: scheme, host, port, and a path and query of plain characters.
 * No user, no fragment, no escapes. https, or http to a loopback address. */
#ifndef COLLATERAL_URL_H
#define COLLATERAL_URL_H

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/slice.h"
#include "common/status.h"

#define URL_MAX_BYTES 512 /* with the final NUL */

/* All borrowed from the text. */
struct url {
    bool https;
    struct slice host; /* without the brackets of an IPv6 address */
    uint16_t port;     /* 0: the scheme's */
    struct slice rest; /* path and query; may be empty */
};

/* Read |text|. Returns STATUS_OK, or STATUS_BAD_CONFIG with |why| filled;
 * |out| is all zero unless OK. */
MUST_CHECK enum status url_parse(struct slice text, struct url *out,
                                 struct why *why);

/* For people: |url|, without its middle if it is so long that it would leave no
 * room for what is said of it. */
#define URL_SHORT_ROOM 112
void url_short(const char *url, char out[URL_SHORT_ROOM]);

/* True for "localhost", 127.0.0.0/8 and ::1. */
bool url_is_loopback(struct slice host);

#endif
