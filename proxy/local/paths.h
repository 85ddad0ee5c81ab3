/* proxy/local/paths.h: where files of the user are by default.
 *
 * XDG Base Directory Specification 0.8. */
#ifndef PROXY_LOCAL_PATHS_H
#define PROXY_LOCAL_PATHS_H

#include <stdbool.h>

#include "common/compiler.h"

#define PATHS_ROOM 4096

/* The first policy that exists: $XDG_CONFIG_HOME/veritee/policy.yaml,
 * ~/.config/veritee/policy.yaml, /etc/veritee/policy.yaml. False if none. */
MUST_CHECK bool paths_policy(char out[PATHS_ROOM]);

/* $XDG_CONFIG_HOME/veritee/policy.yaml or ~/.config/veritee/policy.yaml, which
 * need not exist. False when neither variable is set. */
MUST_CHECK bool paths_config(char out[PATHS_ROOM]);

/* $XDG_CACHE_HOME/veritee or ~/.cache/veritee, which need not exist. False
 * when neither variable is set. */
MUST_CHECK bool paths_cache(char out[PATHS_ROOM]);

/* $XDG_STATE_HOME/veritee/audit or ~/.local/state/veritee/audit, likewise. */
MUST_CHECK bool paths_audit(char out[PATHS_ROOM]);

/* $XDG_STATE_HOME/veritee/ca or ~/.local/state/veritee/ca, likewise. */
MUST_CHECK bool paths_ca(char out[PATHS_ROOM]);

#endif
