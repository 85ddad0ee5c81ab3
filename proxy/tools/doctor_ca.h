/* proxy/tools/doctor_ca.h: the CA by which https ends here, as the doctor looks
 * at it. */
#ifndef PROXY_TOOLS_DOCTOR_CA_H
#define PROXY_TOOLS_DOCTOR_CA_H

#include "proxy/tools/doctor.h"

/* Whether it covers the policy, and who trusts it; nothing if no service asks
 * for one. */
void doctor_ca_look(struct doctor *d);

#endif
