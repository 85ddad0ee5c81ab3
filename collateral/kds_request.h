/* collateral/kds_request.h: what to ask AMD's Key Distribution Service.
 *
 * Pure: texts out; fetch.h does the asking. Answers are DER, without a chain:
 * what they must end at is built in. AMD 57230, sections 4 and 5. */
#ifndef COLLATERAL_KDS_REQUEST_H
#define COLLATERAL_KDS_REQUEST_H

#include "collateral/pcs_request.h"
#include "collateral/source.h"
#include "collateral/want.h"
#include "common/compiler.h"
#include "common/status.h"

/* The request for |want|, an item of AMD's, to |source|, a KDS. Of Turin, the
 * chip's name is the 8 bytes of its id that count, and the TCB has one part
 * more. Results as pcs_request_for(). */
MUST_CHECK enum status kds_request_for(const struct want *want,
                                       const struct collateral_source *source,
                                       struct pcs_request *out,
                                       struct why *why);

#endif
