#include "proxy/io/mailbox.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

struct mailbox {
    uv_async_t wake;
    uv_mutex_t lock; /* of what follows, and of uv_async_send() */
    struct letter *first;
    struct letter **end; /* where the next one goes */
    size_t count;
    size_t max;
    bool closed;
};

/* Take all there is. */
static struct letter *empty(struct mailbox *m)
{
    struct letter *first;

    uv_mutex_lock(&m->lock);
    first = m->first;
    m->first = NULL;
    m->end = &m->first;
    m->count = 0;
    uv_mutex_unlock(&m->lock);
    return first;
}

static void deliver(struct mailbox *m)
{
    struct letter *next;

    for (struct letter *l = empty(m); l != NULL; l = next) {
        next = l->next;
        l->next = NULL;
        l->on_letter(l);
    }
}

static void on_wake(uv_async_t *wake)
{
    deliver(wake->data);
}

enum status mailbox_open(uv_loop_t *loop, size_t max, struct mailbox **out)
{
    struct mailbox *m = calloc(1, sizeof(*m));

    *out = NULL;
    if (m == NULL)
        return STATUS_NO_MEMORY;
    if (uv_mutex_init(&m->lock) != 0) {
        free(m);
        return STATUS_NO_MEMORY;
    }
    if (uv_async_init(loop, &m->wake, on_wake) != 0) {
        uv_mutex_destroy(&m->lock);
        free(m);
        return STATUS_NO_MEMORY;
    }
    m->wake.data = m;
    m->end = &m->first;
    m->max = max;
    *out = m;
    return STATUS_OK;
}

/* With the lock held. */
static enum status append(struct mailbox *m, struct letter *letter, size_t max)
{
    if (m->closed)
        return STATUS_SHUTTING_DOWN;
    if (m->count >= max)
        return STATUS_BUSY;
    letter->next = NULL;
    *m->end = letter;
    m->end = &letter->next;
    /* Inside the lock: the handle is not closed meanwhile. Only the first
     * letter needs to wake; the others are taken with it. */
    if (m->count++ == 0)
        (void)uv_async_send(&m->wake); /* fails for no open handle */
    return STATUS_OK;
}

static enum status post(struct mailbox *m, struct letter *letter, size_t max)
{
    enum status st;

    uv_mutex_lock(&m->lock);
    st = append(m, letter, max);
    uv_mutex_unlock(&m->lock);
    return st;
}

enum status mailbox_post(struct mailbox *m, struct letter *letter)
{
    return post(m, letter, m->max);
}

bool mailbox_send(struct mailbox *m, struct letter *letter)
{
    return post(m, letter, SIZE_MAX) == STATUS_OK;
}

void mailbox_close(struct mailbox *m)
{
    bool was_closed;

    uv_mutex_lock(&m->lock);
    was_closed = m->closed;
    m->closed = true;
    uv_mutex_unlock(&m->lock);
    if (was_closed)
        return;
    deliver(m);
    uv_close((uv_handle_t *)&m->wake, NULL);
}

void mailbox_free(struct mailbox *m)
{
    if (m == NULL)
        return;
    assert(m->closed && m->first == NULL);
    uv_mutex_destroy(&m->lock);
    free(m);
}
