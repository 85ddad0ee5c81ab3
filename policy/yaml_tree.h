/* policy/yaml_tree.h: YAML text in, a read-only tree with positions out.
 *
 * The only file that knows libyaml. Takes the part of YAML that means the
 * same to everybody: maps with plain words as keys, lists and texts. Refuses
 * aliases, anchors, tags, directives, a second document, duplicate keys,
 * anything but UTF-8, and what is too deep or too large. A text is a text: no
 * guess is made at numbers, dates or truth. YAML 1.1, yaml.org/spec. */
#ifndef POLICY_YAML_TREE_H
#define POLICY_YAML_TREE_H

#include "common/compiler.h"
#include "common/slice.h"
#include "policy/arena.h"
#include "policy/policy.h"

enum node_kind { NODE_TEXT, NODE_LIST, NODE_MAP };

/* One node. Lives in the arena it was made in, with its text. */
struct node {
    enum node_kind kind;
    const char *file;         /* as yaml_tree_parse() was told; borrowed */
    unsigned line;            /* from 1 */
    unsigned column;          /* in characters, from 1 */
    struct slice text;        /* of NODE_TEXT */
    size_t count;             /* items of NODE_LIST, keys of NODE_MAP */
    const struct node *first; /* the first item or key; NULL if none */
    const struct node *next;  /* the next beside this one; NULL if none */
    const struct node *value; /* of a key of a NODE_MAP; NULL for others */
};

/* Parse |text|, at most POLICY_MAX_BYTES, of |file|, whose name the nodes
 * borrow. Returns STATUS_OK with the tree made in |memory|, whose root is a
 * NODE_MAP; else STATUS_BAD_CONFIG or STATUS_NO_MEMORY with |err| filled. */
MUST_CHECK enum status yaml_tree_parse(struct slice text, const char *file,
                                       struct arena *memory,
                                       const struct node **root,
                                       struct policy_error *err);

/* Say what |node| is, for people: its text in quotes, cut, with '?' for what is
 * not printable ASCII; or "nothing", "a list", "an empty block" ... */
#define YAML_TREE_SHOWN_ROOM 66
void yaml_tree_show(const struct node *node, char out[YAML_TREE_SHOWN_ROOM]);

/* The key |word| of |map|; NULL if it has none. */
const struct node *yaml_tree_find(const struct node *map, const char *word);

#endif
