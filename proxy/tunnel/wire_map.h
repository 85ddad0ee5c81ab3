/* proxy/tunnel/wire_map.h: reads a CBOR map of known keys by a table.
 *
 * Keys stand in any order, each at most once; unknown ones are passed over. */
#ifndef PROXY_TUNNEL_WIRE_MAP_H
#define PROXY_TUNNEL_WIRE_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "common/status.h"
#include "proxy/tunnel/wire_in.h"

#define WIRE_MAP_PAIRS_MAX 32 /* unknown ones included */
#define WIRE_MAP_KEY_BYTES 64 /* of a key; those we know are shorter */

struct wire_map_field {
    const char *key;
    const char *path;     /* for people */
    const char *expected; /* for people */
    /* Read the value into |out|: fail |in|, or fill |why| too. NULL: any value
     * is passed over. */
    void (*read)(struct wire_in *in, void *out, struct why *why);
    enum status missing; /* what it is to be missing; STATUS_OK: nothing */
};

struct wire_map {
    const char *path;   /* for people */
    const char *clause; /* of docs/PROTOCOL.md */
    const struct wire_map_field *fields;
    size_t count; /* at most 32 */
};

/* Read the map that is next in |in|. Returns the set of fields that were
 * there, bit i for fields[i]. When the map is malformed, |in| has failed, and
 * |why|, all zero before, is filled: with |missing| of a field, with what a reader
 * put there, or with STATUS_BAD_FIELD. */
uint32_t wire_map_read(const struct wire_map *map, struct wire_in *in,
                       void *out, struct why *why);

/* Is |field| missing from |seen|? Then |in| fails, and |why| is filled with
 * STATUS_BAD_FIELD. For fields that only some maps of the kind must have. */
void wire_map_require(const struct wire_map *map, uint32_t seen, size_t field,
                      struct wire_in *in, struct why *why);

#endif
