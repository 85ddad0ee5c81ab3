/* A client of the front and the far sides it opens, doing anything in any
 * order that their contracts allow. Input: operations, one byte each, some
 * with a length and that many bytes. Whatever happens, nothing is sent to a
 * far side before it is open, every far side is closed in the end, and the
 * loop is empty. */
#include <assert.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/cursor.h"
#include "common/limits.h"
#include "tests/support/front_rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TURNS 4

enum operation {
    OP_SAY,    /* length, bytes: the application writes */
    OP_END,    /* the application sends no more */
    OP_HEAR,   /* the application reads what is there */
    OP_OPENED, /* the latest far side is open */
    OP_DATA,   /* length, bytes: it sends */
    OP_FIN,    /* it sends no more */
    OP_FAIL,   /* it is lost */
    OP_ROOM,   /* length: it takes more */
    OP_REFUSE, /* the owner refuses from now on, or does not */
    OP_DRAIN,  /* the program is stopping */
    OP_COUNT
};

struct play {
    struct front_rig rig;
    int fd;
    bool said_end;
    bool opened[FRONT_RIG_FARS_MAX];
    bool over[FRONT_RIG_FARS_MAX]; /* fin or failed */
};

static void turn(struct play *p)
{
    for (int i = 0; i < TURNS; i++)
        (void)uv_run(&p->rig.loop, UV_RUN_NOWAIT);
    for (size_t i = 0; i < p->rig.far_count; i++)
        assert(p->opened[i] || p->rig.fars[i].got.len == 0);
}

static void say(struct play *p, struct slice text)
{
    if (!p->said_end && text.len > 0)
        (void)!write(p->fd, text.at, text.len); /* gone, or full: no matter */
}

static void hear(struct play *p)
{
    uint8_t block[4096];

    while (read(p->fd, block, sizeof(block)) > 0)
        turn(p);
}

static void far_sends(struct play *p, size_t i, struct slice text)
{
    struct fake_far *k = &p->rig.fars[i];

    if (!p->opened[i] || text.len > STREAM_WINDOW_BYTES - k->owed)
        return;
    k->owed += text.len;
    k->far.events->on_data(k->far.ctx, text);
}

/* What the latest far side does, if it is there to do it. */
static void far_does(struct play *p, enum operation op, struct slice text)
{
    size_t i = p->rig.far_count == 0 ? 0 : p->rig.far_count - 1;
    struct fake_far *k = &p->rig.fars[i];

    if (p->rig.far_count == 0 || k->closed || p->over[i])
        return;
    if (op == OP_OPENED && !p->opened[i]) {
        p->opened[i] = true;
        fake_far_opened(k);
    } else if (op == OP_DATA && text.len > 0) {
        far_sends(p, i, text);
    } else if (op == OP_FIN && p->opened[i]) {
        p->over[i] = true;
        fake_far_ended(k);
    } else if (op == OP_FAIL) {
        p->over[i] = true;
        fake_far_failed(k, STATUS_CUT);
    } else if (op == OP_ROOM && text.len > 0 && p->opened[i]) {
        fake_far_more(k, text.len * 16);
    }
}

static void perform(struct play *p, enum operation op, struct slice text)
{
    if (p->rig.far_count == FRONT_RIG_FARS_MAX)
        p->rig.refuse = STATUS_LIMIT;
    if (op == OP_SAY) {
        say(p, text);
    } else if (op == OP_END) {
        (void)shutdown(p->fd, SHUT_WR); /* twice does no harm */
        p->said_end = true;
    } else if (op == OP_HEAR) {
        hear(p);
    } else if (op == OP_REFUSE) {
        p->rig.refuse =
            p->rig.refuse == STATUS_OK ? STATUS_BAD_SIGNATURE : STATUS_OK;
    } else if (op == OP_DRAIN && !p->rig.closed) {
        front_rig_close(&p->rig, false);
    } else {
        far_does(p, op, text);
    }
}

static bool has_bytes(enum operation op)
{
    return op == OP_SAY || op == OP_DATA || op == OP_ROOM;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cursor c = cursor_over(slice_of(data, size));
    static struct play p;

    p = (struct play){ .said_end = false };
    front_rig_start(&p.rig);
    p.rig.room = size % 3 == 0 ? 5 : 100000;
    p.fd = front_rig_dial(&p.rig);
    while (cursor_left(&c) > 0) {
        enum operation op = (enum operation)(cursor_u8(&c) % OP_COUNT);
        struct slice text = { 0 };

        if (has_bytes(op)) {
            size_t len = cursor_u8(&c);

            text = cursor_take(&c, MIN_OF(len, cursor_left(&c)));
        }
        perform(&p, op, text);
        turn(&p);
    }
    (void)close(p.fd);
    turn(&p);
    front_rig_stop(&p.rig);
    return 0;
}
