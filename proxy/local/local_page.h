/* proxy/local/local_page.h: requests to this program itself.
 *
 * "/healthz" says that the program runs; what else there is, its owner knows.
 * A page of another site can neither read nor change anything: only GET and
 * HEAD are answered, only under names that are this machine's own (so that a
 * name of somebody else that resolves to it does not count), and not on behalf
 * of another origin. */
#ifndef PROXY_LOCAL_LOCAL_PAGE_H
#define PROXY_LOCAL_LOCAL_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buffer.h"
#include "proxy/local/front.h"
#include "proxy/local/http_request.h"

/* The name under which a browser that uses the proxy reaches our pages; there
 * is no such name (RFC 6761 section 6.4). */
#define LOCAL_PAGE_HOST "veritee.invalid"

/* True when |q|, which came to |port| (0: a UNIX socket), is for us. */
bool local_page_is_for_us(const struct http_request *q, uint16_t port);

/* Append the whole answer to |out|, whose failure is the only error. |close|:
 * no other answer comes after it. |room|: one more may listen to events. True:
 * the answer is the beginning of events, and the client listens (live.h). */
bool local_page_write(const struct http_request *q,
                      const struct front_config *config, bool close, bool room,
                      struct buffer *out);

/* Which hosts go through the proxy, for browsers (pac.h). */
#define LOCAL_PAGE_PAC "/proxy.pac"

/* True when |q|, which is for us, asks for that path. */
bool local_page_is_pac(const struct http_request *q);

/* Under every service's own name this path is ours and never forwarded: there
 * a page finds out what is known of the service that it came from, without any
 * other site learning it (RFC 8615 has the prefix). */
#define LOCAL_PAGE_OF_SERVICE "/.well-known/veritee"

/* True when |q| asks for that path. */
bool local_page_is_of_service(const struct http_request *q);

/* As local_page_write(), for such a |q|. False: its target is no service's, and
 * nothing was written. */
bool local_page_write_of_service(const struct http_request *q,
                                 const struct front_config *config, bool close,
                                 struct buffer *out);

#endif
