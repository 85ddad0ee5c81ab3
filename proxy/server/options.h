/* proxy/server/options.h: the command line of veriteed.
 *
 * docs/man/veriteed.8 describes it. */
#ifndef PROXY_SERVER_OPTIONS_H
#define PROXY_SERVER_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/log.h"
#include "proxy/server/caps.h"
#include "proxy/server/fault.h"
#include "proxy/server/quote_origin.h"
#include "proxy/server/rulebook.h"
#include "proxy/server/staple_choice.h"
#include "verifier/claims.h"

#define OPTIONS_LISTEN_MAX 16
#define OPTIONS_EXIT_USAGE 2

struct options {
    const char *listen[OPTIONS_LISTEN_MAX]; /* borrowed from argv */
    size_t listen_count;  /* 0 only with sockets of the service manager */
    struct rulebook book; /* owned; read again on SIGHUP */
    struct rules *rules;  /* owned: what it said first */
    struct quote_origin_choice quotes; /* unless |simulate| */
    struct staple_choice stapling;     /* likewise; owned */
    bool simulate;
    const char *simulate_dir; /* NULL: nothing is written; from argv */
    enum tee_type simulate_tee;
    const struct fault *fault; /* NULL: none; static */
    const char *metrics; /* address for who watches; NULL: none; from argv */
    bool demo;
    bool teekit; /* clients of teekit are served too */
    int64_t epoch_ms;
    int64_t drain_ms; /* from SIGTERM to the end of what still goes on */
    size_t workers;   /* 1 to WORKERS_MAX */
    struct caps limits;
    struct log log;
};

/* Read |argv|. Help and the version go to |out|, complaints to |err|. Returns
 * -1 when the program is to go on with |options|; else the exit status, and
 * |options| is all zero. */
MUST_CHECK int options_read(struct options *options, int argc, char **argv,
                            FILE *out, FILE *err);

void options_free(struct options *options);

#endif
