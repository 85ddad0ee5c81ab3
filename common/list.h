/* common/list.h: doubly linked lists through a field of their members.
 *
 * Owns and allocates nothing. A list that is all zero is empty; a link that is
 * all zero is in no list, and so is one that was removed. Members stand in the
 * order of adding. */
#ifndef COMMON_LIST_H
#define COMMON_LIST_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>

/* A field of each member; also the list itself, which no member is. */
struct list {
    struct list *next;
    struct list *prev;
};

/* True when |link| is in some list. */
static inline bool list_linked(const struct list *link)
{
    return link->next != NULL;
}

static inline bool list_empty(const struct list *l)
{
    return l->next == NULL || l->next == l;
}

/* Put |link|, which is in no list, at the end of |l|. */
static inline void list_add(struct list *l, struct list *link)
{
    assert(!list_linked(link));
    if (l->next == NULL)
        l->next = l->prev = l;
    link->prev = l->prev;
    link->next = l;
    l->prev->next = link;
    l->prev = link;
}

/* The same at its beginning. */
static inline void list_add_first(struct list *l, struct list *link)
{
    /* In the ring, at the end of a list is before it. */
    list_add(list_empty(l) ? l : l->next, link);
}

/* Take |link| out of whatever list it is in, if any. */
static inline void list_remove(struct list *link)
{
    if (!list_linked(link))
        return;
    link->prev->next = link->next;
    link->next->prev = link->prev;
    link->next = link->prev = NULL;
}

/* The first member's link; NULL when there is none. */
static inline struct list *list_first(const struct list *l)
{
    return list_empty(l) ? NULL : l->next;
}

/* The one after |link|; NULL at the end, and after NULL. */
static inline struct list *list_after(const struct list *l,
                                      const struct list *link)
{
    return link == NULL || link->next == l ? NULL : link->next;
}

/* For each |link| of |l|, which may be removed meanwhile; the one after it may
 * not. */
#define LIST_EACH(link, l)                                                     \
    for (struct list *link = list_first(l),                                    \
                     *link##_after = list_after(l, link);                      \
         link != NULL;                                                         \
         link = link##_after, link##_after = list_after(l, link))

#endif
