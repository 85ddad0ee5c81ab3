/* proxy/tunnel/wire_in.h: reads CBOR (RFC 8949) from outside, item by item.
 *
 * The reader is a cursor over items: a read of the wrong kind, out of bounds
 * or past the end fails it, and it stays failed, yielding zero. So read a
 * whole structure, then ask wire_in_ok(); ask earlier before a value decides
 * anything; end with wire_in_finish(). Nothing is allocated or copied: byte
 * and text strings borrow from the input.
 *
 * Never accepted: strings in pieces, big numbers, tags other than 64 on a byte
 * string (RFC 8746, how JavaScript says Uint8Array), nesting beyond
 * WIRE_DEPTH_MAX, text that is not UTF-8. */
#ifndef PROXY_TUNNEL_WIRE_IN_H
#define PROXY_TUNNEL_WIRE_IN_H

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/slice.h"

#define WIRE_DEPTH_MAX 8

/* How much freedom the writer has. */
enum wire_form {
    WIRE_DETERMINISTIC, /* shortest heads, definite lengths, no tags, no
                         * undefined: RFC 8949 section 4.2.1 */
    WIRE_ANY,           /* any well-formed heads, tag 64, lengths left open */
};

struct wire_in {
    struct slice left; /* borrowed */
    enum wire_form form;
    bool failed;
};

/* What the next item is. */
enum wire_kind {
    WIRE_NONE, /* the end, malformed, or never accepted */
    WIRE_UINT,
    WIRE_NEGATIVE,
    WIRE_BYTES,
    WIRE_TEXT,
    WIRE_ARRAY,
    WIRE_MAP,
    WIRE_BOOL,
    WIRE_NULL, /* null or undefined */
    WIRE_FLOAT,
    WIRE_BREAK, /* only seen by wire_in_more() */
};

/* How much of an array or map is still to come. */
struct wire_list {
    uint64_t left; /* items or pairs; not used when |open| */
    bool open;     /* goes on until a break */
};

static inline struct wire_in wire_in_over(struct slice in, enum wire_form form)
{
    return (struct wire_in){ .left = in, .form = form };
}

/* Look without moving. */
enum wire_kind wire_in_peek(const struct wire_in *in);

/* One item of the kind; a number above |max| or a string longer than |max|
 * bytes fails. */
uint64_t wire_in_uint(struct wire_in *in, uint64_t max);
uint64_t wire_in_whole(struct wire_in *in, uint64_t max); /* or such a float */
struct slice wire_in_bytes(struct wire_in *in, size_t max);
struct slice wire_in_text(struct wire_in *in, size_t max);
struct slice wire_in_loose(struct wire_in *in, size_t max); /* text, not checked
                                                            * to be UTF-8 */
bool wire_in_bool(struct wire_in *in);

/* The head alone of a byte string that may be incomplete: how many bytes it
 * has, of which none is passed over. Only as the last thing that is read, with
 * WIRE_ANY. */
size_t wire_in_bytes_head(struct wire_in *in, size_t max);

/* Begin an array or map of at most |max| items or pairs. Walk it by
 * while (wire_in_more(in, &list)) ...; a map's pair is a key, then a value. */
struct wire_list wire_in_array(struct wire_in *in, uint64_t max);
struct wire_list wire_in_map(struct wire_in *in, uint64_t max);

/* Another item or pair follows. False at the end and once failed. */
bool wire_in_more(struct wire_in *in, struct wire_list *list);

/* Take null or undefined if it is next; false, and nothing moved, if not. */
bool wire_in_null(struct wire_in *in);

/* Pass over one item with all that is in it. */
void wire_in_skip(struct wire_in *in);

/* Fail it by hand, when a value makes the rest meaningless. */
void wire_in_fail(struct wire_in *in);

static inline bool wire_in_ok(const struct wire_in *in)
{
    return !in->failed;
}

/* True when nothing failed and nothing is left. */
static inline bool wire_in_finish(const struct wire_in *in)
{
    return !in->failed && in->left.len == 0;
}

#endif
