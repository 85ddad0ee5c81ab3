#include "common/suggest.h"

#include <string.h>

#include "common/compiler.h"

#define WORD_MAX 31

/* How many letters are typed, at most WORD_MAX + 1. */
static size_t letters_of(const char *typed)
{
    const size_t len = strcspn(typed, "=");

    return MIN_OF(len, (size_t)WORD_MAX + 1);
}

/* A third of the letters may be wrong; of two letters none. */
struct suggest suggest_for(const char *typed)
{
    const char *word = typed + strspn(typed, "-");

    return (struct suggest){ .typed = word, .distance = letters_of(word) / 3 };
}

static size_t least_of(size_t a, size_t b, size_t c)
{
    return MIN_OF(MIN_OF(a, b), c);
}

/* How many letters are to be inserted, removed, replaced, or swapped with the
 * next one, to make |a| of |b|: one row of the usual table for each letter of
 * |a|, of which the last three are kept. */
static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t rows[3][WORD_MAX + 1] = { { 0 } };

    for (size_t j = 0; j <= b_len; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t *row = rows[i % 3];
        const size_t *before = rows[(i + 2) % 3], *earlier = rows[(i + 1) % 3];

        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            row[j] = least_of(before[j] + 1, row[j - 1] + 1,
                              before[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = MIN_OF(row[j], earlier[j - 2] + 1);
        }
    }
    return rows[a_len % 3][b_len];
}

void suggest_offer(struct suggest *s, const char *word)
{
    const size_t typed = letters_of(s->typed), len = strlen(word);
    size_t d;

    if (typed > WORD_MAX || len > WORD_MAX)
        return;
    d = distance(s->typed, typed, word, len);
    if (d > s->distance || (s->found != NULL && d == s->distance))
        return;
    s->found = word;
    s->distance = d;
}

const char *suggest_found(const struct suggest *s)
{
    return s->found;
}
