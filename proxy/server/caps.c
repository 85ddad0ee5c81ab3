#include "proxy/server/caps.h"

#include <string.h>

#include "common/compiler.h"
#include "common/limits.h"
#include "common/text.h"
#include "proxy/server/serve.h"

#define LIMIT_MAX 1000000

static const struct {
    const char *name;
    size_t offset; /* in struct caps */
    size_t fallback;
    size_t min, max;
    const char *what;
} rows[] = {
#define AT(field) offsetof(struct caps, field)
    /* clang-format off */
    { "connections",      AT(peers.all),          4096, 1, LIMIT_MAX,
      "connections in all" },
    { "pending",          AT(peers.pending),      2048,  1, LIMIT_MAX,
      "those that have no session yet" },
    { "peer-connections", AT(peers.peer_all),     512,  1, LIMIT_MAX,
      "connections of one address" },
    { "peer-pending",     AT(peers.peer_pending), 128,  1, LIMIT_MAX,
      "those of it that have no session yet" },
    { "streams",          AT(streams),            STREAMS_MAX, 1, STREAMS_MAX,
      "streams of one session" },
    { "quotes",           AT(peers.quotes),       256,  1, LIMIT_MAX,
      "clients that wait for a quote" },
    { "quote-rate",       AT(quote_rate),         100,  1, LIMIT_MAX,
      "quotes for clients in a second" },
    { "peer-quotes",      AT(peers.peer_quotes),  32,   1, LIMIT_MAX,
      "those of one address" },
    { "peer-quote-rate",  AT(peers.peer_quote_rate), 100, 1, LIMIT_MAX,
      "quotes for one address in a second" },
    { "queued-mib",       AT(peers.queued_mib),   2048, 8, LIMIT_MAX,
      "MiB of memory for what waits to be passed on" },
    { "peer-queued-mib",  AT(peers.peer_queued_mib), 512, 4, LIMIT_MAX,
      "those for one address" },
    { "session-idle",     AT(session_idle_s),     3600, 0, LIMIT_MAX,
      "seconds of a session without a stream; 0: any" },
    { "stream-idle",      AT(stream_idle_s),      86400, 0, LIMIT_MAX,
      "seconds of a stream without a byte; 0: any" },
    { "teekit-body",      AT(teekit_body), SERVE_TEEKIT_BODY_MAX,
      1, SERVE_TEEKIT_BODY_MAX, "bytes of a body from or to a client of teekit" },
/* clang-format on */
#undef AT
};

static size_t *at_row(struct caps *c, size_t row)
{
    return (size_t *)(void *)((char *)c + rows[row].offset);
}

struct caps caps_defaults(void)
{
    struct caps c = { 0 };

    for (size_t i = 0; i < COUNT_OF(rows); i++)
        *at_row(&c, i) = rows[i].fallback;
    return c;
}

bool caps_read(struct caps *c, const char *text)
{
    const char *equals = strchr(text, '=');
    uint64_t number;

    if (equals == NULL)
        return false;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (!slice_equal(slice_of(text, (size_t)(equals - text)),
                         slice_text(rows[i].name)))
            continue;
        if (!text_from_decimal(slice_text(equals + 1), rows[i].max, &number) ||
            number < rows[i].min)
            return false;
        *at_row(c, i) = (size_t)number;
        return true;
    }
    return false;
}

void caps_print(FILE *to)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        (void)fprintf(to, "  %-16s %9zu  %s\n", rows[i].name, rows[i].fallback,
                      rows[i].what);
}
