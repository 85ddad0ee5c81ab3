/* proxy/tools/command_policy.h: the policy that a command is about. */
#ifndef PROXY_TOOLS_COMMAND_POLICY_H
#define PROXY_TOOLS_COMMAND_POLICY_H

#include "policy/policy.h"
#include "proxy/local/paths.h"
#include "proxy/tools/command.h"

/* Read the policy |named|, or if that is NULL the one where it is by default.
 * Returns -1 with |*out| the caller's to policy_free(); or the exit status,
 * after a complaint, with |*out| NULL. */
MUST_CHECK int command_policy_load(const struct command *self,
                                   const char *named, struct policy **out);

/* Where what |policy| (NULL: none) fetches is kept: its own folder, or the
 * default, of which |room| is for the text. NULL if there is none. */
const char *command_policy_cache(const struct policy *policy,
                                 char room[PATHS_ROOM]);

#endif
