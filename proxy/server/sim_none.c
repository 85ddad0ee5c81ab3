/* Instead of the simulation, in a program that is built without it.
 * names: sim_source_ declared in its header
 * names: fault_ likewise */
#include "proxy/server/sim_source.h"

#include <stddef.h>

bool sim_source_built_in(void)
{
    return false;
}

enum status sim_source_new(const struct sim_source_config *config,
                           struct sim_source **out, struct why *why)
{
    (void)config; /* there is no other answer */
    *out = NULL;
    return why_fail(why, STATUS_UNSUPPORTED, "simulation", NULL,
                    "this program was built without it");
}

void sim_source_free(struct sim_source *s)
{
    (void)s; /* always NULL */
}

enum status sim_source_renew(struct sim_source *s, int64_t now_unix,
                             struct why *why)
{
    (void)s; /* always NULL */
    (void)now_unix;
    (void)why;
    return STATUS_OK;
}

struct quote_maker sim_source_maker(struct sim_source *s)
{
    (void)s; /* always NULL */
    return (struct quote_maker){ 0 };
}

const struct session_stapled *sim_source_stapled(const struct sim_source *s)
{
    (void)s; /* always NULL */
    return NULL;
}

const struct fault *fault_find(const char *name)
{
    (void)name; /* there is none */
    return NULL;
}

bool fault_fits(const struct fault *f, enum tee_type tee)
{
    (void)f; /* always NULL */
    (void)tee;
    return false;
}

void fault_print_all(FILE *to)
{
    (void)to; /* none */
}
