#include "policy/place.h"

#include <stdio.h>
#include <string.h>

struct policy_place place_of(const char *file, unsigned line, unsigned column)
{
    struct policy_place place = { .line = line, .column = column };
    const size_t len = strlen(file);
    const size_t fits = sizeof(place.file) - sizeof("...");

    (void)snprintf(place.file, sizeof(place.file), "%s%s",
                   len > fits ? "..." : "",
                   len > fits ? file + (len - fits) : file);
    return place;
}

void place_text(const struct policy_place *place, char *out, size_t room)
{
    (void)snprintf(out, room, "%s:%u:%u", place->file, place->line,
                   place->column);
}
