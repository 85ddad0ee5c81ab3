/* proxy/local/exec_check.h: runs the external check of a policy.
 *
 * The program gets the claims as JSON on its standard input and accepts them
 * by exit status 0; the first line of its standard error says why it does not.
 * It runs without a shell, with an environment of its own, no descriptors
 * but 0 to 2, and as the leader of a process group, which dies with it or at
 * the time limit. docs/schema/exec.schema.json says what it reads. */
#ifndef PROXY_LOCAL_EXEC_CHECK_H
#define PROXY_LOCAL_EXEC_CHECK_H

#include <stdint.h>
#include <uv.h>

#include "common/compiler.h"
#include "common/status.h"
#include "policy/policy.h"
#include "verifier/claims.h"

/* What it is told; borrowed during the call. */
struct exec_check_told {
    const char *service;         /* NULL: of none */
    const char *release;         /* that matched; NULL: not known */
    int64_t now_unix;            /* the time of the judgement */
    const struct claims *claims; /* that all else accepted */
};

/* Called once, from the loop, never from within exec_check_start(). |why| is
 * borrowed: STATUS_OK, with what was seen; or STATUS_POLICY: refused, killed
 * at the limit, or not to be started. */
typedef void exec_check_done(void *ctx, const struct why *why);

struct exec_check; /* one that runs */

/* Start |exec|, which has a command. Returns STATUS_OK with |*out| good until
 * done() was called or exec_check_cancel(); or STATUS_NO_MEMORY, and done() is
 * never called. */
MUST_CHECK enum status exec_check_start(uv_loop_t *loop,
                                        const struct policy_exec *exec,
                                        const struct exec_check_told *told,
                                        exec_check_done *done, void *ctx,
                                        struct exec_check **out);

/* End it now; done() is not called. The loop lives on until it is gone. */
void exec_check_cancel(struct exec_check *e);

/* The same, waiting for its end. |why| is filled as for done(), or says
 * STATUS_NO_MEMORY; its status is returned. For commands, not for daemons:
 * SIGPIPE is ignored from then on. */
MUST_CHECK enum status exec_check_run(const struct policy_exec *exec,
                                      const struct exec_check_told *told,
                                      struct why *why);

/* Fill |why| and return STATUS_NO_FILE if |exec|'s program is not there or
 * cannot be executed by this user. */
MUST_CHECK enum status exec_check_program(const struct policy_exec *exec,
                                          struct why *why);

#endif
