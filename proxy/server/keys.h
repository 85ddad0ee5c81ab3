/* proxy/server/keys.h: the server's key, and its quote, by epochs.
 *
 * An epoch is one X25519 key pair, a nonce, the time it was made, and a quote
 * that binds the three (session_epoch_binding()); key and quote are made
 * together and replaced together. The next epoch is made when nine tenths of
 * one have passed, and takes over once it has its quote. If that fails, the
 * current one goes on, while it is tried again at least every KEYS_RETRY_MS,
 * until it is two epochs old; then there is none.
 *
 * An epoch does not change any more once it is the current one. Any thread may
 * hold it; the last to let go, on whatever thread, wipes the key. */
#ifndef PROXY_SERVER_KEYS_H
#define PROXY_SERVER_KEYS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "common/log.h"
#include "common/slice.h"
#include "common/status.h"
#include "proxy/server/quote_source.h"
#include "proxy/tunnel/keypair.h"

#define KEYS_RETRY_MS  5000
#define KEYS_NONE_TEXT "no key with a quote\n" /* to who asks for our health */

struct keys;

struct keys_epoch {
    uint64_t number;      /* counts up from 1 */
    struct keypair *pair; /* wiped when the last holder lets go */
    uint8_t nonce[32];
    int64_t issued_unix;
    struct proof proof;  /* carries session_epoch_binding() of the above */
    struct proof teekit; /* carries what clients of teekit compare, if that is
                          * another; see teekit_evidence.h */
    atomic_uint holders; /* see keys_hold() */
};

struct keys_config {
    int64_t epoch_ms;
    bool teekit;                 /* clients of teekit are served too */
    struct quote_source *source; /* borrowed; closed after the keys */
    const struct log *log;
    int64_t (*now_ms)(void); /* unix time in ms */
    /* There is a new current epoch, and this is its quote, borrowed during
     * the call. NULL if nobody cares. */
    void (*on_epoch)(void *ctx, const struct proof *proof);
    void (*on_first)(void *ctx); /* there is a current epoch; called once */
    void *ctx;
};

/* Begins to make the first epoch. |config| is copied. Returns STATUS_OK or
 * STATUS_NO_MEMORY; |*out| is NULL unless OK. */
MUST_CHECK enum status
keys_open(uv_loop_t *loop, const struct keys_config *config, struct keys **out);

/* Look at the clock: begin the next epoch if it is due, end the current one if
 * it is too old. A timer of ours does that; tests do it too. */
void keys_tick(struct keys *k);

/* From any thread, until keys_close(): the current epoch, until keys_let_go();
 * NULL if there is none. */
struct keys_epoch *keys_hold(struct keys *k);
void keys_let_go(struct keys_epoch *e); /* NULL is allowed */

/* Likewise: would keys_hold() give one now? */
bool keys_ready(struct keys *k);

/* No callback follows; epochs that are held live on. NULL is allowed. */
void keys_close(struct keys *k);

#endif
