/* policy/read_measurements.h: reads releases from a file of measurements.
 *
 * The JSON that Flashbots' proxies share: an array of entries, each with a
 * measurement_id, an attestation_type and measurements, whose members are
 * registers (0 is MRTD, 1 to 4 are RTMR 0 to 3) with one expected value or
 * some. Stricter than they are: an entry must name its registers, and nothing
 * unknown may stand in it. What is attested by other means than a TDX quote is
 * passed over. */
#ifndef POLICY_READ_MEASUREMENTS_H
#define POLICY_READ_MEASUREMENTS_H

#include "policy/read_clause.h"

/* Read the value of the key `measurements`, a file or a block with one, and add
 * its entries to the releases of |accept|, each with |common| too. Results as
 * read.h has them. */
MUST_CHECK enum status read_measurements_file(struct reader *r,
                                              const struct node *key,
                                              const struct clauses *common,
                                              struct accept *accept);

#endif
