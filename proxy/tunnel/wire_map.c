#include "proxy/tunnel/wire_map.h"

/* The first reason wins. */
static void fail(const struct wire_map *map, struct wire_in *in,
                 struct why *why, enum status st,
                 const struct wire_map_field *f, const char *found)
{
    wire_in_fail(in);
    if (why->status != STATUS_OK)
        return;
    (void)why_fail(why, st, f == NULL ? map->path : f->path, map->clause, "%s",
                   found);
    if (f != NULL && f->expected != NULL)
        (void)why_expect(why, "%s", f->expected);
}

static size_t find(const struct wire_map *map, struct slice key)
{
    for (size_t i = 0; i < map->count; i++)
        if (slice_equal(key, slice_text(map->fields[i].key)))
            return i;
    return map->count;
}

static void read_field(const struct wire_map *map, struct wire_in *in,
                       void *out, struct why *why,
                       const struct wire_map_field *f)
{
    if (f->read == NULL)
        wire_in_skip(in);
    else
        f->read(in, out, why);
    if (!wire_in_ok(in))
        fail(map, in, why, STATUS_BAD_FIELD, f, "something else, or the end");
}

static void require(const struct wire_map *map, uint32_t seen, size_t field,
                    enum status st, struct wire_in *in, struct why *why)
{
    if (wire_in_ok(in) && !(seen & UINT32_C(1) << field))
        fail(map, in, why, st, &map->fields[field], "it is missing");
}

uint32_t wire_map_read(const struct wire_map *map, struct wire_in *in,
                       void *out, struct why *why)
{
    struct wire_list pairs = wire_in_map(in, WIRE_MAP_PAIRS_MAX);
    uint32_t seen = 0;

    while (wire_in_more(in, &pairs)) {
        size_t i = find(map, wire_in_text(in, WIRE_MAP_KEY_BYTES));

        if (!wire_in_ok(in))
            break;
        if (i == map->count) {
            wire_in_skip(in);
            continue;
        }
        if (seen & UINT32_C(1) << i)
            fail(map, in, why, STATUS_BAD_FIELD, &map->fields[i],
                 "it stands there twice");
        seen |= UINT32_C(1) << i;
        read_field(map, in, out, why, &map->fields[i]);
    }
    if (!wire_in_ok(in))
        fail(map, in, why, STATUS_BAD_FIELD, NULL, "not a well-formed map");
    for (size_t i = 0; i < map->count; i++)
        if (map->fields[i].missing != STATUS_OK)
            require(map, seen, i, map->fields[i].missing, in, why);
    return seen;
}

void wire_map_require(const struct wire_map *map, uint32_t seen, size_t field,
                      struct wire_in *in, struct why *why)
{
    require(map, seen, field, STATUS_BAD_FIELD, in, why);
}
