#include "proxy/server/staple_choice.h"

#include <stdio.h>
#include <string.h>

#include "collateral/url.h"

/* Longer than a URL, a path and another URL. */
#define TEXT_ROOM 2048

#define FIELD "staple"

static enum status unknown(struct why *why, const char *found)
{
    (void)why_fail(why, STATUS_BAD_CONFIG, FIELD, NULL, "\"%.200s\"", found);
    return why_expect(why, "pcs, kds or a PCCS's URL, then ,ca=FILE or "
                           ",proxy=URL");
}

/* |word| is a kind, a kind and its URL, or the URL of a PCCS. */
static enum status read_place(const char *word, struct collateral_source *s,
                              struct why *why)
{
    static const enum source_kind kinds[] = { SOURCE_PCS, SOURCE_PCCS,
                                              SOURCE_KDS };
    const size_t len = strcspn(word, ":");

    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        if (!slice_equal(slice_of(word, len),
                         slice_text(source_name(kinds[i]))))
            continue;
        s->kind = kinds[i];
        s->url = word[len] == ':' ? word + len + 1 : NULL;
        return STATUS_OK;
    }
    if (strstr(word, "://") == NULL)
        return unknown(why, word);
    s->kind = SOURCE_PCCS;
    s->url = word;
    return STATUS_OK;
}

static enum status read_extra(const char *word, struct collateral_source *s,
                              struct why *why)
{
    const char **to = NULL;

    if (strncmp(word, "ca=", 3) == 0)
        to = &s->ca_file;
    else if (strncmp(word, "proxy=", 6) == 0)
        to = &s->proxy;
    if (to == NULL || *to != NULL || strchr(word, '=')[1] == '\0')
        return unknown(why, word);
    *to = strchr(word, '=') + 1;
    return STATUS_OK;
}

/* The word that |*rest| begins with, ended in place; NULL after the last. */
static char *next_word(char **rest)
{
    char *word = *rest, *comma;

    if (word == NULL)
        return NULL;
    comma = strchr(word, ',');
    *rest = comma != NULL ? comma + 1 : NULL;
    if (comma != NULL)
        *comma = '\0';
    return word;
}

enum status staple_choice_add(struct staple_choice *c, const char *text,
                              struct why *why)
{
    struct collateral_source s = { .kind = SOURCE_PCS };
    char copy[TEXT_ROOM], *rest = copy, *word;
    enum status st;

    if (c->sources.count + 1 == COLLATERAL_SOURCES_MAX)
        return why_fail(why, STATUS_BAD_CONFIG, FIELD, NULL,
                        "more than %d sources", COLLATERAL_SOURCES_MAX - 1);
    if (strlen(text) >= sizeof(copy))
        return unknown(why, text);
    memcpy(copy, text, strlen(text) + 1);
    st = read_place(next_word(&rest), &s, why);
    word = next_word(&rest);
    while (st == STATUS_OK && word != NULL) {
        st = read_extra(word, &s, why);
        word = next_word(&rest);
    }
    return st == STATUS_OK ? source_list_add(&c->sources, &s, why) : st;
}

void staple_choice_free(struct staple_choice *c)
{
    source_list_free(&c->sources);
    *c = (struct staple_choice){ .cache_dir = NULL };
}
