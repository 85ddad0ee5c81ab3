#include "policy/read_host.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "policy/host.h"

static const char expected[] =
    "a host such as chat.example.com, *.example.com or 192.0.2.1";

/* Split off ":port"; an IPv6 address with a port stands in brackets. */
static bool split(struct slice text, struct slice *host, uint16_t *port)
{
    const uint8_t *colon = memchr(text.at, ':', text.len);
    bool bracketed = text.at[0] == '[';
    bool ends = text.at[text.len - 1] == ']';

    *host = text;
    *port = 0;
    if (colon == NULL || (bracketed && ends))
        return true;
    if (!bracketed &&
        memchr(colon + 1, ':', text.len - (size_t)(colon + 1 - text.at)))
        return true; /* two colons: an IPv6 address alone */
    return text_host_port(text, host, port);
}

enum status read_host_pattern(struct reader *r, const struct node *node,
                              void *item)
{
    static const char star[] = "*.";
    const size_t star_len = sizeof(star) - 1;
    struct host_pattern *p = item;
    char spelled[HOST_ROOM];
    struct slice text;
    enum status st = read_text(r, node, expected, &text);

    if (st != STATUS_OK)
        return st;
    p->wildcard = text.len > star_len &&
                  slice_equal(slice_of(text.at, star_len), slice_text(star));
    if (p->wildcard)
        text = slice_of(text.at + star_len, text.len - star_len);
    if (!split(text, &text, &p->port) || !host_spell(text, spelled) ||
        (p->wildcard && host_is_address(spelled)))
        return read_unexpected(r, node, "%s", expected);
    return read_copy(r, slice_text(spelled), &p->host);
}

/* A pattern with the place where it stands. */
struct placed {
    const struct host_pattern *pattern;
    const struct node *node;
    size_t turn; /* in the order of the files */
};

static int by_pattern(const void *left, const void *right)
{
    const struct host_pattern *a = ((const struct placed *)left)->pattern;
    const struct host_pattern *b = ((const struct placed *)right)->pattern;
    int order = strcmp(a->host, b->host);

    if (order != 0)
        return order;
    if (a->wildcard != b->wildcard)
        return a->wildcard ? 1 : -1;
    return a->port < b->port ? -1 : a->port > b->port;
}

/* Line up the patterns of all services; returns how many. */
static size_t gather(const struct node *const *keys,
                     const struct service *services, size_t count,
                     struct placed *out)
{
    size_t n = 0;

    for (size_t i = 0; i < count; i++) {
        const struct node *hosts = yaml_tree_find(keys[i]->value, "hosts");
        const struct node *node = hosts == NULL ? NULL : hosts->value;

        if (node != NULL && node->kind == NODE_LIST)
            node = node->first;
        for (size_t j = 0; j < services[i].host_count; j++) {
            out[n] = (struct placed){ &services[i].hosts[j], node, n };
            node = node->next;
            n++;
        }
    }
    return n;
}

enum status read_host_unique(struct reader *r, const struct node *const *keys,
                             const struct service *services, size_t count)
{
    struct placed *all;
    void *room;
    size_t n = 0;
    enum status st;

    for (size_t i = 0; i < count; i++)
        n += services[i].host_count;
    st = read_room(r, n, sizeof(*all), &room);
    if (st != STATUS_OK)
        return st;
    all = room;
    n = gather(keys, services, count, all);
    qsort(all, n, sizeof(*all), by_pattern);
    for (size_t i = 1; i < n; i++) {
        bool later = all[i].turn > all[i - 1].turn;
        const struct placed *second = &all[later ? i : i - 1];
        const struct placed *first = &all[later ? i - 1 : i];

        if (by_pattern(first, second) == 0)
            return read_clash(r, second->node, first->node, "each host once");
    }
    return STATUS_OK;
}
