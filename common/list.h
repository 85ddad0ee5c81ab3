/* common/list.h: doubly linked lists through a field of their members.
 *
 * Owns and allocates nothing. A link that is all zero is in no list, and so is
 * one that was removed. Order is the order of adding. */
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

/* Make |l| an empty list. */
static inline void list_init(struct list *l)
{
    l->next = l->prev = l;
}

/* True when |link| is in some list. */
static inline bool list_linked(const struct list *link)
{
    return link->next != NULL;
}

static inline bool list_empty(const struct list *l)
{
    return l->next == l;
}

/* Put |link|, which is in no list, at the end of |l|. */
static inline void list_add(struct list *l, struct list *link)
{
    assert(!list_linked(link));
    link->prev = l->prev;
    link->next = l;
    l->prev->next = link;
    l->prev = link;
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

/* The oldest member's link; NULL when there is none. */
static inline struct list *list_first(const struct list *l)
{
    return list_empty(l) ? NULL : l->next;
}

/* The one after |link|; NULL at the end. */
static inline struct list *list_after(const struct list *l,
                                      const struct list *link)
{
    return link->next == l ? NULL : link->next;
}

#endif
