/* proxy/server/sim_maker.h: simulated TEEs of one maker, Intel or AMD.
 *
 * What sim_source.h needs to know of them; sim.h and sim_snp.h make what is
 * signed. Evidence comes from a worker thread, one at a time, all else from
 * the loop: what renew() changes, quote() does not look at. */
#ifndef PROXY_SERVER_SIM_MAKER_H
#define PROXY_SERVER_SIM_MAKER_H

#include <stdint.h>

#include "common/buffer.h"
#include "common/slice.h"
#include "common/status.h"
#include "proxy/server/fault.h"
#include "proxy/server/proof.h"
#include "proxy/tunnel/session.h"
#include "verifier/claims.h"

struct sim_maker {
    /* A simulation bent by |fault|; with the keys in the file |keys_path|,
     * which is made if need be; NULL: with fresh ones. Returns STATUS_OK with
     * |*out| for close(), or a status with |why| filled. */
    enum status (*open)(enum tee_type tee, const struct fault *fault,
                        const char *keys_path, int64_t now_unix, void **out,
                        struct why *why);
    void (*close)(void *sim); /* NULL is allowed */

    /* Make collateral anew, to be good from |now_unix| on. */
    enum status (*renew)(void *sim, int64_t now_unix, struct why *why);

    /* What to staple; borrowed until renew(). */
    void (*staple)(const void *sim, struct session_stapled *out);

    /* Evidence over |report_data|, sound as far as the fault lets it. */
    enum status (*quote)(const void *sim, const uint8_t report_data[64],
                         struct proof *out);

    /* One wrong bit in it afterwards. */
    void (*flip)(enum fault_flip flip, struct proof *proof);

    struct slice (*root_pem)(const void *sim); /* for a policy's root file */

    /* Write the collateral into |dir|, which is made if need be. */
    enum status (*write)(const void *sim, const char *dir, struct why *why);

    /* The clauses of a policy that accepts the sound simulation. */
    void (*accept)(enum tee_type tee, struct buffer *out);
};

extern const struct sim_maker sim_maker_intel, sim_maker_amd;

#endif
