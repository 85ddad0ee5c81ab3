/* proxy/local/doctor_ca.h: the CA by which https ends here, as the doctor looks
 * at it. */
#ifndef PROXY_LOCAL_DOCTOR_CA_H
#define PROXY_LOCAL_DOCTOR_CA_H

#include "proxy/local/doctor.h"

/* Whether it covers the policy, and who trusts it; nothing if no service asks
 * for one. */
void doctor_ca_look(struct doctor *d);

#endif
