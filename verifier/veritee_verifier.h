/* veritee_verifier.h: the verifier of Veritee, as a library of its own.
 *
 * Quotes of Intel SGX and TDX, reports of AMD SEV-SNP: bytes and a time in,
 * claims and a verdict out. No network, file, clock or global state;
 * thread-safe. What a call allocates it frees, but for struct trusted_set,
 * which verify_trusted_free() frees, and struct buffer, buffer_free().
 *
 *   verify_quote()         a quote and its collateral; all checks
 *   verify_collateral()    collateral alone, checked once for many quotes
 *   verify_quote_with()    a quote under such collateral
 *   verify_snp()           an SEV-SNP report and its endorsement
 *   quote_platform_read()  which collateral a quote needs; unverified
 *   claims_json()          claims as JSON, members of an object
 *   why_line()             a failed check as one line for a person
 *
 * An answer of STATUS_OK means: genuine, signed by a chain that ends at the
 * maker's root, not revoked, in date. It does not mean: acceptable. Compare
 * struct claims with what you expect: the measurements, |debug|, |report_data|
 * and the TCB (struct tcb_claims, struct snp_claims). docs/VERIFICATION.md says
 * what each check is.
 *
 * Install: pkg-config veritee-verifier, or find_package(VeriteeVerifier) and
 * the target veritee::verifier. The archive holds wolfCrypt, under its own
 * licence, with its symbols hidden. */
#ifndef VERIFIER_VERITEE_VERIFIER_H
#define VERIFIER_VERITEE_VERIFIER_H

#include "common/buffer.h"
#include "common/json_out.h"
#include "common/slice.h"
#include "common/status.h"
#include "verifier/claims.h"
#include "verifier/collateral_set.h"
#include "verifier/verify.h"
#include "verifier/verify_snp.h"

#endif
