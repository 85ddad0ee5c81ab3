/* verifier/tdx_module.h: whether the TDX module is one that Intel made.
 *
 * The module's version is TEE_TCB_SVN[1], its SVN TEE_TCB_SVN[0]. Version 0
 * (TDX 1.0) is described by the TCB info's tdxModule, and its SVN counts among
 * the platform's components; later versions have identities "TDX_xx" with
 * levels of their own. PCS API v4, TCB info version 3. */
#ifndef VERIFIER_TDX_MODULE_H
#define VERIFIER_TDX_MODULE_H

#include <stdint.h>

#include "common/compiler.h"
#include "common/status.h"
#include "verifier/claims.h"
#include "verifier/json.h"
#include "verifier/tcb_level.h"

struct tdx_module {
    uint8_t version; /* xx of "TDX_xx"; not used for tdxModule */
    uint8_t mr_signer[48];
    uint8_t attributes[8];
    struct isv_levels levels; /* empty for tdxModule */
};

/* Read the value of tdxModule. |out| is meaningless once |j| failed. */
void tdx_module_read(struct json *j, struct tdx_module *out);

/* Read an element of tdxModuleIdentities. |out| is meaningless once |j|
 * failed. */
void tdx_module_read_identity(struct json *j, struct tdx_module *out);

/* The identity of |version| among |count|; NULL if none has it. */
const struct tdx_module *tdx_module_find(const struct tdx_module *modules,
                                         size_t count, uint8_t version);

/* Check signer and attributes of the module that |td| reports against
 * |module|. Returns STATUS_OK, or STATUS_MISMATCH with |why| filled. */
MUST_CHECK enum status tdx_module_check(const struct tdx_module *module,
                                        const struct tdx_claims *td,
                                        struct why *why);

#endif
