/* policy/judgement.h: one judgement under way, and what its rows look like.
 *
 * For judge.c and the files of the rows; others need judge.h only. */
#ifndef POLICY_JUDGEMENT_H
#define POLICY_JUDGEMENT_H

#include "policy/judge.h"

/* One judgement, while it is made. */
struct judgement {
    const struct accept *accept;
    const struct judge_input *in;
    const struct claims *claims;
    /* That matches or comes closest; NULL if none names a measurement. */
    const struct release *release;
    struct decision *out;
};

/* Agree or fail with |why| filled; may say what was seen. */
typedef enum status judge_fn(const struct judgement *j, struct why *why);
typedef bool asked_fn(const struct accept *accept);

/* A row of the verdict. */
struct judge_row {
    const char *id;
    const char *title;
    asked_fn *asked; /* NULL: always */
    judge_fn *judge;
};

#endif
