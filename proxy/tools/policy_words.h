/* proxy/tools/policy_words.h: what a policy accepts, for people and tools.
 *
 * Writes into a buffer, whose failure is the only error. */
#ifndef PROXY_TOOLS_POLICY_WORDS_H
#define PROXY_TOOLS_POLICY_WORDS_H

#include "common/buffer.h"
#include "common/json_out.h"
#include "policy/policy.h"

/* In plain words: where it listens, and each service with what it accepts. */
void policy_words_text(const struct policy *p, struct buffer *out);

/* The same as the members of one JSON object, which the caller opened. */
void policy_words_json(const struct policy *p, struct json_out *j);

#endif
