#include "policy/arena.h"

#include <stdlib.h>
#include <string.h>

/* One object on the heap; the payload follows it. */
struct block {
    struct block *next; /* owned; made before this one */
    max_align_t payload[];
};

struct arena {
    struct block *newest; /* owned */
    size_t left;          /* bytes that may still be given out */
};

struct arena *arena_new(size_t max)
{
    struct arena *a = calloc(1, sizeof(*a));

    if (a != NULL)
        a->left = max;
    return a;
}

void arena_free(struct arena *a)
{
    if (a == NULL)
        return;
    while (a->newest != NULL) {
        struct block *b = a->newest;

        a->newest = b->next;
        free(b);
    }
    free(a);
}

void *arena_take(struct arena *a, size_t count, size_t size)
{
    struct block *b;

    if (size != 0 && count > a->left / size)
        return NULL;
    b = calloc(1, sizeof(*b) + count * size);
    if (b == NULL)
        return NULL;
    a->left -= count * size;
    b->next = a->newest;
    a->newest = b;
    return b->payload;
}

char *arena_text(struct arena *a, struct slice text)
{
    char *copy = arena_take(a, text.len + 1, 1);

    if (copy != NULL && text.len > 0)
        memcpy(copy, text.at, text.len);
    return copy;
}
