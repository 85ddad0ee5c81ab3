#include "common/suggest.h"

#include <getopt.h>
#include <string.h>

#include "common/compiler.h"

#define WORD_MAX 40 /* longer words are not compared */
#define FAR      99 /* nothing alike */

static unsigned least(unsigned a, unsigned b, unsigned c)
{
    return MIN_OF(a, MIN_OF(b, c));
}

static unsigned char lower(unsigned char c)
{
    return c >= 'A' && c <= 'Z' ? (unsigned char)(c - 'A' + 'a') : c;
}

static bool same(struct slice text, size_t i, const char *word, size_t j)
{
    return lower(text.at[i]) == lower((unsigned char)word[j]);
}

/* The restricted Damerau-Levenshtein distance, by its usual table: cell i, j
 * is the distance between the first i letters and the first j. */
static unsigned distance(struct slice text, const char *word, size_t len)
{
    unsigned cell[WORD_MAX + 1][WORD_MAX + 1];

    for (unsigned i = 0; i <= text.len; i++)
        cell[i][0] = i;
    for (unsigned j = 0; j <= len; j++)
        cell[0][j] = j;
    for (size_t i = 1; i <= text.len; i++)
        for (size_t j = 1; j <= len; j++) {
            unsigned change = same(text, i - 1, word, j - 1) ? 0 : 1;

            cell[i][j] = least(cell[i - 1][j] + 1, cell[i][j - 1] + 1,
                               cell[i - 1][j - 1] + change);
            if (i > 1 && j > 1 && same(text, i - 1, word, j - 2) &&
                same(text, i - 2, word, j - 1))
                cell[i][j] = MIN_OF(cell[i][j], cell[i - 2][j - 2] + 1);
        }
    return cell[text.len][len];
}

/* FAR when that is more than a slip, which grows with the word. */
static unsigned slips(struct slice text, const char *word)
{
    size_t len = strlen(word);
    unsigned d;

    if (text.len > WORD_MAX || len > WORD_MAX)
        return FAR;
    d = distance(text, word, len);
    return d <= (len < 4 ? 1u : len < 9 ? 2u : 3u) ? d : FAR;
}

/* 1 for the beginning of a longer word. */
static unsigned farness(struct slice text, const char *word)
{
    size_t len = strlen(word);

    if (text.len >= 3 && text.len < len &&
        slice_equal(text, slice_of(word, text.len)))
        return 1;
    return slips(text, word);
}

struct suggest suggest_for(struct slice typed)
{
    return (struct suggest){ .typed = typed, .farness = FAR };
}

struct suggest suggest_for_option(const char *typed)
{
    const char *word = typed + strspn(typed, "-");

    return suggest_for(slice_of(word, strcspn(word, "=")));
}

const char *suggest_unknown(char *const *argv, const char *letters,
                            char room[3])
{
    /* 0 for a word; what it stands for, if it has a value too many. */
    if (optopt <= ' ' || optopt > '~' || strchr(letters, optopt) != NULL)
        return argv[optind - 1];
    room[0] = '-';
    room[1] = (char)optopt;
    room[2] = '\0';
    return room;
}

void suggest_offer(struct suggest *s, const char *word)
{
    const unsigned far = farness(s->typed, word);

    if (far >= s->farness)
        return;
    s->found = word;
    s->farness = far;
}

const char *suggest_found(const struct suggest *s)
{
    return s->found;
}
