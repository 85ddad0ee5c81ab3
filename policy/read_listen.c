#include "policy/read_listen.h"

#include <string.h>

#include "policy/host.h"
#include "policy/read_file.h"
#include "policy/yaml_tree.h"

static const char this_machine[] = "localhost";

/* The longest that the system takes (unix(7)). */
#define PATH_MAX_BYTES 107

static bool is_path(const struct node *node)
{
    return node->kind == NODE_TEXT && node->text.len > 0 &&
           node->text.at[0] == '/';
}

static enum status read_socket(struct reader *r, const struct node *node,
                               struct policy_address *a)
{
    if (node->text.len > PATH_MAX_BYTES)
        return read_unexpected(r, node,
                               "the path of a socket, at most %d bytes",
                               PATH_MAX_BYTES);
    a->port = 0;
    return read_path(r, node, &a->host);
}

enum status read_listen_item(struct reader *r, const struct node *node,
                             void *item)
{
    struct policy_address *a = item;
    enum status st;

    if (is_path(node))
        return read_socket(r, node, a);
    st = read_address(r, node, a);
    if (st == STATUS_OK && !host_is_loopback(a->host))
        return read_unexpected(r, node,
                               "an address of this machine, such as "
                               "localhost:8118");
    return st;
}

static enum status read_anywhere(struct reader *r, const struct node *node,
                                 void *item)
{
    return read_address(r, node, item);
}

enum status read_listen_default(struct reader *r, struct policy *p)
{
    struct policy_address *a;
    void *room;
    enum status st = read_room(r, 1, sizeof(*a), &room);

    if (st != STATUS_OK)
        return st;
    a = room;
    *a = (struct policy_address){ .host = this_machine, .port = 8118 };
    p->listen = a;
    p->listen_count = 1;
    return STATUS_OK;
}

bool read_listen_collides(const struct policy_address *a,
                          const struct policy_address *b)
{
    if (a->host[0] == '/' || b->host[0] == '/')
        return strcmp(a->host, b->host) == 0;
    return a->port != 0 && a->port == b->port &&
           (strcmp(a->host, b->host) == 0 ||
            strcmp(a->host, this_machine) == 0 ||
            strcmp(b->host, this_machine) == 0);
}

/* Read |list| by |read| and put it after the first |kept| of |p->listen|. */
static enum status append(struct reader *r, const struct node *list,
                          read_item_fn *read, size_t kept, struct policy *p)
{
    const struct node *item = list->kind == NODE_LIST ? list->first : list;
    struct policy_address *all;
    void *more = NULL;
    void *room = NULL;
    size_t count;
    enum status st = read_list(r, list, sizeof(*all), read, &more, &count);

    if (st == STATUS_OK)
        st = read_room(r, kept + count, sizeof(*all), &room);
    if (st != STATUS_OK)
        return st;
    all = room;
    memcpy(all, p->listen, kept * sizeof(*all));
    memcpy(all + kept, more, count * sizeof(*all));
    for (size_t i = kept; i < kept + count; i++, item = item->next)
        for (size_t j = 0; j < i; j++)
            if (read_listen_collides(&all[i], &all[j]))
                return read_unexpected(r, item, "each address once");
    p->listen = all;
    p->listen_count = kept + count;
    return STATUS_OK;
}

enum status read_listen_list(struct reader *r, const struct node *key,
                             struct policy *p)
{
    return append(r, key->value, read_listen_item, 0, p);
}

enum status read_listen_unsafe(struct reader *r, const struct node *key,
                               struct policy *p)
{
    enum status st = append(r, key->value, read_anywhere, p->listen_count, p);

    if (st != STATUS_OK)
        return st;
    return read_warn(r, key,
                     "other machines reach these addresses, and the "
                     "credentials travel there in the clear");
}

static enum status read_user(struct reader *r, const struct node *node,
                             void *item)
{
    return read_name(r, node, item);
}

enum status read_listen_users(struct reader *r, const struct node *key,
                              struct policy *p)
{
    void *users = NULL;
    enum status st = read_list(r, key->value, sizeof(const char *), read_user,
                               &users, &p->allow_user_count);

    p->allow_users = users;
    return st;
}

enum status read_listen_check(struct reader *r, const struct policy *p)
{
    const struct node *root = r->first_file->root;
    const struct node *unsafe = yaml_tree_find(root, "unsafe-listen");

    if (unsafe != NULL && p->credentials == NULL)
        return read_unexpected(r, unsafe,
                               "credentials beside it, because everybody who "
                               "reaches these addresses could use the proxy");
    return STATUS_OK;
}
