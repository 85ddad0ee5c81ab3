/* proxy/server/metrics_page.h: the server's figures, as Prometheus reads them.
 *
 * On the main thread. docs/man/veriteed.8 describes each family. */
#ifndef PROXY_SERVER_METRICS_PAGE_H
#define PROXY_SERVER_METRICS_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buffer.h"
#include "proxy/server/keys.h"
#include "proxy/server/meter.h"
#include "proxy/server/peers.h"
#include "proxy/server/quote_source.h"
#include "proxy/server/staple.h"
#include "proxy/server/stapler.h"

struct metrics_sources {
    struct peers *peers; /* all borrowed */
    struct keys *keys;
    const struct quote_source *quotes;
    struct staple *staple;
    const struct stapler *stapler; /* NULL: nobody, or the simulation, fills
                                    * |staple| */
    const struct meter_sum *sum;   /* of all workers */
    size_t workers;
    uint64_t reloads; /* of the rules */
    bool draining;
    bool simulated;
    int64_t started_unix;
    int64_t now_unix;
};

void metrics_page_write(const struct metrics_sources *from, struct buffer *out);

#endif
