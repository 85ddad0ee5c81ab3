/* verifier/window.h: from when until when something may be used.
 *
 * Both ends are included, and there is no tolerance: a clock that is a minute
 * slow sees "not yet" for a minute. The caller's time, never a peer's. */
#ifndef VERIFIER_WINDOW_H
#define VERIFIER_WINDOW_H

#include <stdint.h>

#include "common/compiler.h"
#include "common/status.h"

struct window {
    int64_t from_unix;
    int64_t until_unix;
};

/* Check that |now_unix| is in |w|. |field| and |clause| (static) go to |why|.
 * Returns STATUS_OK, STATUS_NOT_YET or STATUS_EXPIRED with |why| filled. */
MUST_CHECK enum status window_check(const struct window *w, int64_t now_unix,
                                    const char *field, const char *clause,
                                    struct why *why);

#endif
