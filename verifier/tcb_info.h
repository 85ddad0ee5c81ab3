/* verifier/tcb_info.h: Intel's statement about one kind of platform.
 *
 * Reads bytes whose signature was checked already; says nothing about dates
 * or whether a platform is the one meant. PCS API v3 and v4: TCB info
 * versions 2 (SGX) and 3 (SGX, TDX). */
#ifndef VERIFIER_TCB_INFO_H
#define VERIFIER_TCB_INFO_H

#include <stdint.h>

#include "common/compiler.h"
#include "common/limits.h"
#include "common/slice.h"
#include "common/status.h"
#include "verifier/claims.h"
#include "verifier/tcb_level.h"
#include "verifier/tdx_module.h"
#include "verifier/window.h"

struct json;

/* Borrows the JSON it was parsed from: it must outlive it. */
struct tcb_info {
    enum tee_type tee;
    uint32_t version;    /* 2 or 3 */
    struct window dates; /* issueDate, nextUpdate */
    uint32_t evaluation_number;
    uint8_t fmspc[6];
    uint8_t pce_id[2];
    struct tdx_module module; /* tdxModule; all zero for SGX */
    size_t module_count;
    struct tdx_module modules[TDX_MODULES_MAX]; /* tdxModuleIdentities */
    size_t level_count;
    struct tcb_level levels[TCB_LEVELS_MAX];
};

/* Parse |text|, the bytes of the inner object "tcbInfo".
 * Returns STATUS_OK, or STATUS_BAD_JSON or STATUS_BAD_VERSION with |why|
 * filled. |out| is meaningless unless OK. */
MUST_CHECK enum status tcb_info_parse(struct slice text, struct tcb_info *out,
                                      struct why *why);

/* Read "SGX" or "TDX", as TCB info and its like have under "id". TEE_NONE, and
 * |j| has failed, when it is neither. */
enum tee_type tcb_info_read_tee(struct json *j);

/* What |info| says of the TDX module of that version, TEE_TCB_SVN[1]; NULL if
 * nothing. */
const struct tdx_module *tcb_info_module(const struct tcb_info *info,
                                         uint8_t version);

#endif
