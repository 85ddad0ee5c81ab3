/* policy/field.h: everything that evidence says and a policy can ask about.
 *
 * One row a field: how the policy names it, where claims.h has it, and how
 * the two are compared. Reading, judging and printing go through the table. */
#ifndef POLICY_FIELD_H
#define POLICY_FIELD_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/policy.h"
#include "verifier/claims.h"

enum field_kind {
    FIELD_EXACT,   /* bytes that must be equal */
    FIELD_MASKED,  /* bytes that must be equal under a mask */
    FIELD_BITS,    /* a uint64_t that must be equal under a mask */
    FIELD_SVNS,    /* bytes that must each be reached */
    FIELD_NUMBER,  /* a uint8_t, 16_t or 32_t that must be equal */
    FIELD_FLOOR,   /* such a number that must be reached */
    FIELD_VERSION, /* bytes that must be reached, the first counting most */
    FIELD_WORD,    /* an enum or bool that must be known and equal */
    FIELD_TEXT     /* a terminated text that must be there and equal */
};

/* Where in the policy a field may stand. */
enum field_block { FIELD_IN_ACCEPT, FIELD_IN_PLATFORM, FIELD_IN_TCB };

struct field {
    const char *word;  /* in the policy: "mrtd" */
    const char *id;    /* of its row in a verdict: "policy-mrtd" */
    const char *path;  /* of struct why: "accept.mrtd" */
    const char *title; /* for people */
    enum field_kind kind;
    enum field_block block;
    unsigned tees;       /* those that have it: of FIELD_OF() */
    bool is_measurement; /* of the code: says who it is that answers */
    size_t offset;       /* in struct claims */
    size_t len;          /* bytes */
    size_t present; /* offset of the bool that says it is there; 0: always */
    const char *const *words; /* of a FIELD_WORD: |word_count| of them */
    size_t word_count;
    unsigned
        first_word; /* the value that the first stands for; less: unknown */
};

#define FIELD_OF(tee) (1u << (unsigned)(tee))

/* The bytes of a value are never more. */
#define FIELD_MAX_BYTES 128

/* All fields, in the order in which they are judged. */
extern const struct field field_table[];
extern const size_t field_count;

/* The fields of one TEE are never more. */
#define FIELDS_OF_TEE_MAX 36

/* The greatest number that a FIELD_NUMBER, FIELD_FLOOR or FIELD_WORD can say,
 * and putting one where struct claims would have it. */
uint64_t field_number_max(const struct field *field);
void field_number_put(const struct field *field, uint64_t number,
                      uint8_t *value);

/* True when |claims| have the field and some value of |clause| agrees. */
bool field_agrees(const struct clause *clause, const struct claims *claims);

/* What |claims| say, for people, in hexadecimal, decimal or words; cut at
 * |room| (at least 16) bytes. */
void field_found(const struct field *field, const struct claims *claims,
                 char *out, size_t room);

/* What |clause| asks for, likewise: its value number |i|; or all of them, of
 * which one is shown. */
void field_value(const struct clause *clause, size_t i, char *out, size_t room);
void field_expected(const struct clause *clause, char *out, size_t room);

/* The room that field_value() needs for any clause. */
#define FIELD_VALUE_ROOM (4 * FIELD_MAX_BYTES + 32)

#endif
