#include "proxy/io/errand.h"

#include "common/compiler.h"

/* One of its letters has come to its end. */
static void drop(struct errand *e)
{
    if (atomic_fetch_sub(&e->letters, 1) == 1)
        e->ops->free(e);
}

static void abandon(struct errand *e)
{
    list_remove(&e->link);
    e->ops->abandon(e);
    drop(e);
}

void errand_office_init(struct errand_office *o, struct mailbox *mailbox)
{
    *o = (struct errand_office){ .mailbox = mailbox };
}

void errand_office_fini(struct errand_office *o)
{
    struct list *link = list_first(&o->begun);

    for (; link != NULL; link = list_first(&o->begun))
        abandon(CONTAINER_OF(link, struct errand, link));
}

/* There. */
static void on_sent(struct letter *letter)
{
    struct errand *e = CONTAINER_OF(letter, struct errand, out);

    list_add(&e->office->begun, &e->link);
    e->ops->begin(e);
}

static void on_recalled(struct letter *letter)
{
    struct errand *e = CONTAINER_OF(letter, struct errand, recall);

    if (list_linked(&e->link))
        abandon(e);
    drop(e);
}

/* Home. */
static void on_back(struct letter *letter)
{
    struct errand *e = CONTAINER_OF(letter, struct errand, out);

    if (!e->recalled)
        e->ops->done(e);
    drop(e);
}

enum status errand_send(struct errand *e, const struct errand_ops *ops,
                        struct errand_office *office, struct mailbox *home)
{
    enum status st;

    e->out = (struct letter){ .on_letter = on_sent };
    e->recall = (struct letter){ .on_letter = on_recalled };
    atomic_init(&e->letters, 1);
    e->office = office;
    e->home = home;
    e->ops = ops;
    e->link = (struct list){ 0 };
    e->recalled = false;
    st = mailbox_post(office->mailbox, &e->out);
    if (st != STATUS_OK)
        drop(e);
    return st;
}

void errand_finish(struct errand *e)
{
    list_remove(&e->link);
    e->out.on_letter = on_back;
    /* Who has closed its mailbox waits for nothing any more. */
    if (!mailbox_send(e->home, &e->out))
        drop(e);
}

void errand_recall(struct errand *e)
{
    e->recalled = true;
    (void)atomic_fetch_add(&e->letters, 1);
    /* An office whose mailbox is closed abandons all by itself. */
    if (!mailbox_send(e->office->mailbox, &e->recall))
        drop(e);
}
