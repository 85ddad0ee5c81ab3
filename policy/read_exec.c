#include "policy/read_exec.h"

#include <string.h>

#include "common/limits.h"

static enum status read_argument(struct reader *r, const struct node *node,
                                 const char **out)
{
    if (node->kind != NODE_TEXT ||
        memchr(node->text.at, '\0', node->text.len) != NULL)
        return read_unexpected(r, node, "a text");
    return read_copy(r, node->text, out);
}

/* A program, or a list of a program and its arguments. */
static enum status read_command(struct reader *r, const struct node *node,
                                struct policy_exec *e)
{
    const struct node *item = node->kind == NODE_LIST ? node->first : node;
    const size_t count = node->kind == NODE_LIST ? node->count : 1;
    const char **argv;
    void *room;
    enum status st;

    if (node->kind == NODE_MAP || count == 0)
        return read_unexpected(r, node, "a program and its arguments");
    if (count > EXEC_ARGS_MAX)
        return read_unexpected(r, node, "at most %d arguments",
                               EXEC_ARGS_MAX - 1);
    st = read_room(r, count + 1, sizeof(*argv), &room);
    argv = room;
    if (st == STATUS_OK)
        st = read_path(r, item, &argv[0]);
    for (size_t i = 1; st == STATUS_OK && i < count; i++) {
        item = item->next;
        st = read_argument(r, item, &argv[i]);
    }
    if (st != STATUS_OK)
        return st;
    e->argv = argv;
    e->argc = count;
    return STATUS_OK;
}

static enum status on_command(struct reader *r, const struct node *key,
                              void *to)
{
    return read_command(r, key->value, to);
}

static enum status on_timeout(struct reader *r, const struct node *key,
                              void *to)
{
    struct policy_exec *e = to;
    int64_t seconds;
    enum status st = read_duration(r, key->value, &seconds);

    if (st == STATUS_OK && seconds > EXEC_MAX_MS / 1000)
        return read_unexpected(r, key->value, "at most %ds",
                               EXEC_MAX_MS / 1000);
    e->timeout_ms = seconds * 1000;
    return st;
}

static const struct word exec_words[] = {
    { "command", on_command },
    { "timeout", on_timeout },
};

enum status read_exec_value(struct reader *r, const struct node *key,
                            struct policy_exec *out)
{
    enum status st;

    *out = (struct policy_exec){ .timeout_ms = EXEC_DEFAULT_MS };
    if (key->value->kind != NODE_MAP)
        return read_command(r, key->value, out);
    st = read_block(r, key, exec_words, COUNT_OF(exec_words), out);
    if (st == STATUS_OK && out->argc == 0)
        return read_unexpected(r, key->value, "a command");
    return st;
}
