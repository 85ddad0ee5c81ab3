/* tests/support/teekit_rig.h: a teekit server in the test's own process, made
 * of the codec alone, and one application of a session with it. */
#ifndef TESTS_SUPPORT_TEEKIT_RIG_H
#define TESTS_SUPPORT_TEEKIT_RIG_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "common/buffer.h"
#include "proxy/io/listener.h"
#include "proxy/io/ws_link.h"
#include "proxy/io/ws_queue.h"
#include "proxy/local/far_teekit.h"
#include "proxy/tunnel/keypair.h"
#include "proxy/tunnel/teekit_envelope.h"

struct teekit_rig {
    uv_loop_t loop;
    struct scratch *scratch;
    /* The server. */
    struct listener *listener;
    struct keypair *keys;
    struct conn *upgrading; /* NULL but while its request is read */
    struct buffer head;
    struct ws_link *link; /* NULL: none, or over */
    struct ws_queue queue;
    struct teekit_key key;
    bool has_key;
    size_t requests; /* of any kind, that have come */
    bool link_ended;
    struct why link_why;
    /* A message has come, sealed. */
    void (*on_message)(struct teekit_rig *r, const struct teekit_message *m);
    /* The client. */
    struct endpoint endpoint;
    struct teekit_session *session; /* NULL: none, or over */
    bool refuse;                    /* the evidence */
    bool ready;
    bool closed;
    struct why why;
    /* The application. */
    struct far_tunnel_list waiting;
    struct far *far; /* NULL: none */
    bool opened, fin, failed;
    struct why far_why;
    struct buffer got;
};

/* Listen. */
void teekit_rig_begin(struct teekit_rig *r);

/* Dial; false when out of memory. */
bool teekit_rig_dial(struct teekit_rig *r);

/* An application attaches itself; false when that fails. Its far side gives up
 * after |timeout_ms|. */
bool teekit_rig_attach(struct teekit_rig *r, int64_t timeout_ms);

void teekit_rig_write(struct teekit_rig *r, const char *text);

/* Run until |*done|, or the session is over. */
void teekit_rig_until(struct teekit_rig *r, const bool *done);

/* Run until the application has got |text|, and no more. */
void teekit_rig_expect(struct teekit_rig *r, const char *text);

/* The server says |m|, sealed by |key| (NULL: the right one), with |body|. */
void teekit_rig_say(struct teekit_rig *r, struct teekit_message *m,
                    const char *body, const struct teekit_key *key);

/* The server announces itself, again. */
void teekit_rig_announce(struct teekit_rig *r);

/* The application is done. */
void teekit_rig_detach(struct teekit_rig *r);

/* Give all up and prove the loop empty. */
void teekit_rig_end(struct teekit_rig *r);

#endif
