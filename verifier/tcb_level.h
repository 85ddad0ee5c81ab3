/* verifier/tcb_level.h: which TCB level a platform or a part is at.
 *
 * Compares numbers only: whether a status is acceptable is the policy's
 * question. PCS API v4 (TCB info, QE identity: tcbLevels); where that leaves
 * room, as Intel's quote verification library 1.27 does it. */
#ifndef VERIFIER_TCB_LEVEL_H
#define VERIFIER_TCB_LEVEL_H

#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/limits.h"
#include "common/slice.h"
#include "common/status.h"
#include "verifier/claims.h"
#include "verifier/json.h"

#define TCB_COMPONENTS 16

/* What Intel says of a level, whatever it is a level of. */
struct tcb_rating {
    enum tcb_status status;
    int64_t date_unix;       /* tcbDate */
    struct slice advisories; /* JSON array of strings; empty if absent */
};

/* A level of a platform. Borrows the JSON it was read from. */
struct tcb_level {
    uint16_t sgx[TCB_COMPONENTS];
    uint16_t tdx[TCB_COMPONENTS];
    uint16_t pce_svn;
    uint32_t form; /* which members it had, for tcb_info.c */
    struct tcb_rating rating;
};

/* What a platform has: from the PCK certificate and, for TDX, the report. */
struct tcb_svns {
    const uint8_t *sgx; /* TCB_COMPONENTS, of the PCK certificate */
    uint16_t pce_svn;   /* likewise */
    const uint8_t *tdx; /* TEE_TCB_SVN; NULL for SGX */
};

/* The levels of a TDX module or a quoting enclave: one number decides. */
struct isv_level {
    uint16_t isv_svn;
    struct tcb_rating rating;
};

struct isv_levels {
    size_t count;
    struct isv_level at[ISV_LEVELS_MAX];
};

/* Members of every level, whatever it is a level of. */
enum tcb_level_member {
    TCB_LEVEL_TCB,
    TCB_LEVEL_DATE,
    TCB_LEVEL_STATUS,
    TCB_LEVEL_ADVISORIES,
    TCB_LEVEL_MEMBERS
};

extern const char *const tcb_level_names[TCB_LEVEL_MEMBERS];

/* Read the member |at| (not TCB_LEVEL_TCB) into |out|. */
void tcb_level_read(struct json *j, unsigned at, struct tcb_rating *out);

/* Read an array of 1 to ISV_LEVELS_MAX levels: statuses UpToDate, OutOfDate
 * and Revoked, no number twice. |out| is meaningless once |j| failed. */
void tcb_level_read_isv(struct json *j, struct isv_levels *out);

/* The highest level that |svns| reaches in every component, NULL if none:
 * levels are ordered by SGX components, PCESVN, TDX components, wherever they
 * stand in |levels|. TDX components 0 and 1 count only while component 1 of
 * |svns->tdx|, the module's version, is 0: else the module has levels of its
 * own. */
const struct tcb_level *tcb_level_match(const struct tcb_level *levels,
                                        size_t count,
                                        const struct tcb_svns *svns);

/* The highest level with isv_svn at most |svn|; NULL if none. */
const struct isv_level *tcb_level_match_isv(const struct isv_levels *levels,
                                            uint16_t svn);

/* True when two of |levels| have the same numbers. */
bool tcb_level_repeats(const struct tcb_level *levels, size_t count);

/* The platform's status when a part of it (module, QE; TCB_NONE: not judged)
 * is at |part|: revoked wins, and what is out of date makes the whole so. */
enum tcb_status tcb_level_converge(enum tcb_status platform,
                                   enum tcb_status part);

/* The status of a TD whose launch is rated |launch| and whose TCB now would be
 * rated |current|: when only the launch is out of date, starting the TD anew
 * mends it. */
enum tcb_status tcb_level_relaunch(enum tcb_status launch,
                                   enum tcb_status current);

#endif
