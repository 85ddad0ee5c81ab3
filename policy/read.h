/* policy/read.h: what the readers of a policy's blocks share.
 *
 * Blocks are tables of words; values are texts with one strict form each; and
 * there is one place that refuses. Everything read is copied to the policy's
 * memory. Every function returns STATUS_OK, or STATUS_BAD_CONFIG or
 * STATUS_NO_MEMORY with the reader's error filled. */
#ifndef POLICY_READ_H
#define POLICY_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/slice.h"
#include "common/status.h"
#include "policy/arena.h"
#include "policy/policy.h"
#include "policy/yaml_tree.h"

struct reader {
    struct arena *memory;             /* the policy's; borrowed */
    struct arena *tree;               /* of what is only read; borrowed */
    struct policy_error *err;         /* borrowed */
    const struct policy_files *files; /* NULL: there are no others; borrowed */
    struct slice folder;          /* of relative paths: empty, or ends in '/' */
    struct read_file *first_file; /* in the order in which they were named */
    struct read_file *last_file;
    size_t file_count;
    struct read_warning *newest; /* warnings so far; NULL if none */
    size_t warning_count;
};

/* Read the value of |key| into |to|, which is whatever the block is about. */
typedef enum status read_fn(struct reader *r, const struct node *key, void *to);

/* Read one item of a list into |item|, which is zeroed. */
typedef enum status read_item_fn(struct reader *r, const struct node *node,
                                 void *item);

/* One word of a block. */
struct word {
    const char *name;
    read_fn *read;
};

/* The words of a block of which some come from another table. */
struct vocabulary {
    struct word words[64];
    size_t count;
};

/* Add |count| words, of which there must be room. */
void read_vocabulary_add(struct vocabulary *v, const struct word *words,
                         size_t count);

/* Refuse what was |found| at |at|. */
PRINTF_LIKE(4, 5)
enum status read_fail(struct reader *r, const struct node *at,
                      const char *found, const char *expected, ...);

/* Refuse the node itself: what it is, is what was found. */
PRINTF_LIKE(3, 4)
enum status read_unexpected(struct reader *r, const struct node *node,
                            const char *expected, ...);

/* Refuse the node for being at odds with |other|, which is told too. */
PRINTF_LIKE(4, 5)
enum status read_clash(struct reader *r, const struct node *node,
                       const struct node *other, const char *expected, ...);

/* Remember something to tell the user. */
PRINTF_LIKE(3, 4)
MUST_CHECK enum status read_warn(struct reader *r, const struct node *at,
                                 const char *text, ...);

/* Hand what read_warn() remembered to |p|, whose files are known, in the order
 * of the files. */
MUST_CHECK enum status read_warnings(struct reader *r, struct policy *p);

/* |count| zeroed objects of |size| bytes in |*out|. */
MUST_CHECK enum status read_room(struct reader *r, size_t count, size_t size,
                                 void **out);

/* Copy |text| with a NUL. */
MUST_CHECK enum status read_copy(struct reader *r, struct slice text,
                                 const char **out);

/* Read the block that is the value of |key|: each of its words by the row of
 * |words| that has its name. Rows go in their order, wherever the words stand,
 * so that each may rely on those above it. */
MUST_CHECK enum status read_block(struct reader *r, const struct node *key,
                                  const struct word *words, size_t count,
                                  void *to);

/* As read_block() for a map that is not a value: |what| names it. */
MUST_CHECK enum status read_map(struct reader *r, const struct node *map,
                                const char *what, const struct word *words,
                                size_t count, void *to);

/* Read the list that is |node|, which may also be a single item, into an
 * array of |*count| (at least 1) items of |size| bytes. */
MUST_CHECK enum status read_list(struct reader *r, const struct node *node,
                                 size_t size, read_item_fn *read, void **items,
                                 size_t *count);

/* A text of at least one character; |expected| says what it should be. */
MUST_CHECK enum status read_text(struct reader *r, const struct node *node,
                                 const char *expected, struct slice *out);

/* One of |count| |names|; its place among them. */
MUST_CHECK enum status read_choice(struct reader *r, const struct node *node,
                                   const char *const *names, size_t count,
                                   size_t *out);

MUST_CHECK enum status read_bool(struct reader *r, const struct node *node,
                                 bool *out);

/* A decimal number from |min| to |max|. */
MUST_CHECK enum status read_number(struct reader *r, const struct node *node,
                                   uint64_t min, uint64_t max, uint64_t *out);

/* Exactly |len| bytes in hexadecimal. */
MUST_CHECK enum status read_hex(struct reader *r, const struct node *node,
                                uint8_t *out, size_t len);

/* "90s", "30m", "12h" or "7d": seconds, from 1 up to ten years. */
MUST_CHECK enum status read_duration(struct reader *r, const struct node *node,
                                     int64_t *seconds);

/* A file's path, made relative to the policy's folder. */
MUST_CHECK enum status read_path(struct reader *r, const struct node *node,
                                 const char **out);

/* "host:port" with a port that may be 0. */
MUST_CHECK enum status read_address(struct reader *r, const struct node *node,
                                    struct policy_address *out);

/* True for what read_name() takes. */
bool read_is_name(struct slice text);

/* A name for people and logs: 1 to 64 letters, digits, '.', '_', '-', '+'. */
MUST_CHECK enum status read_name(struct reader *r, const struct node *node,
                                 const char **out);

#endif
