/* proxy/tools/doctor_source.h: the sources of collateral, each by itself.
 *
 * Each is asked for all that a verification needs, of a platform that the
 * services showed, or of a common one; what it says must verify. */
#ifndef PROXY_TOOLS_DOCTOR_SOURCE_H
#define PROXY_TOOLS_DOCTOR_SOURCE_H

#include "proxy/tools/doctor.h"

/* Ask every remote source of every service, once, all at the same time; not
 * AMD's KDS, which knows single chips only. */
void doctor_source_all(struct doctor *d);

#endif
