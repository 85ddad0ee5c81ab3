/* Letters between loops: all arrive, once, in order; none is lost at the end. */
#include "proxy/io/mailbox.h"

#include <stdlib.h>

#include "common/compiler.h"
#include "tests/support/check.h"
#include "tests/support/loop.h"

enum { SENDERS = 3, EACH = 2000 };

struct note {
    struct letter letter;
    struct reader *reader;
    unsigned sender, number;
};

struct reader {
    uv_loop_t loop;
    struct mailbox *box;
    unsigned next[SENDERS]; /* number expected of each */
    unsigned count;
    bool all;
};

static void on_note(struct letter *letter)
{
    struct note *n = CONTAINER_OF(letter, struct note, letter);
    struct reader *r = n->reader;

    assert_int_equal(n->number, r->next[n->sender]);
    r->next[n->sender]++;
    r->count++;
    r->all = r->count == SENDERS * EACH;
    free(n);
}

static struct note *note_new(struct reader *r, unsigned number)
{
    struct note *n = calloc(1, sizeof(*n));

    assert_non_null(n);
    *n = (struct note){ .letter.on_letter = on_note,
                        .reader = r,
                        .number = number };
    return n;
}

static void reader_begin(struct reader *r, size_t max)
{
    *r = (struct reader){ 0 };
    loop_begin(&r->loop);
    CHECK_STATUS(mailbox_open(&r->loop, max, &r->box), STATUS_OK);
}

static void reader_end(struct reader *r)
{
    mailbox_close(r->box);
    mailbox_close(r->box); /* harmless */
    loop_end(&r->loop);
    mailbox_free(r->box);
}

struct sender {
    struct reader *reader;
    unsigned number;
    unsigned refused; /* posts that found the mailbox full */
};

/* On its own thread: cmocka's checks are for the main one. */
static void send_all(void *arg)
{
    struct sender *s = arg;

    for (unsigned i = 0; i < EACH; i++) {
        struct note *n = calloc(1, sizeof(*n));

        *n = (struct note){ .letter.on_letter = on_note,
                            .reader = s->reader,
                            .sender = s->number,
                            .number = i };
        while (mailbox_post(s->reader->box, &n->letter) != STATUS_OK) {
            s->refused++;
            uv_sleep(0);
        }
    }
}

static void letters_of_many_threads_arrive_once_and_in_order(void **state)
{
    struct reader r;
    struct sender senders[SENDERS];
    uv_thread_t threads[SENDERS];

    (void)state;
    reader_begin(&r, 64); /* far fewer than are sent */
    for (unsigned i = 0; i < SENDERS; i++) {
        senders[i] = (struct sender){ .reader = &r, .number = i };
        assert_int_equal(uv_thread_create(&threads[i], send_all, &senders[i]),
                         0);
    }
    loop_until(&r.loop, &r.all);
    for (unsigned i = 0; i < SENDERS; i++)
        assert_int_equal(uv_thread_join(&threads[i]), 0);
    assert_int_equal(r.count, SENDERS * EACH);
    reader_end(&r);
}

static void a_full_mailbox_says_so_and_takes_more_once_read(void **state)
{
    struct reader r;
    struct note *third = note_new(&r, 2);

    (void)state;
    reader_begin(&r, 2);
    CHECK_STATUS(mailbox_post(r.box, &note_new(&r, 0)->letter), STATUS_OK);
    CHECK_STATUS(mailbox_post(r.box, &note_new(&r, 1)->letter), STATUS_OK);
    CHECK_STATUS(mailbox_post(r.box, &third->letter), STATUS_BUSY);
    assert_true(mailbox_send(r.box, &third->letter));
    third = note_new(&r, 3);
    CHECK_STATUS(mailbox_post(r.box, &third->letter), STATUS_BUSY);
    while (r.count < 3)
        (void)uv_run(&r.loop, UV_RUN_ONCE);
    CHECK_STATUS(mailbox_post(r.box, &third->letter), STATUS_OK);
    while (r.count < 4)
        (void)uv_run(&r.loop, UV_RUN_ONCE);
    reader_end(&r);
}

static void
what_waits_at_the_end_is_delivered_and_no_more_is_taken(void **state)
{
    struct reader r;
    struct note *late = note_new(&r, 1);

    (void)state;
    reader_begin(&r, 2);
    CHECK_STATUS(mailbox_post(r.box, &note_new(&r, 0)->letter), STATUS_OK);
    mailbox_close(r.box);
    assert_int_equal(r.count, 1);
    CHECK_STATUS(mailbox_post(r.box, &late->letter), STATUS_SHUTTING_DOWN);
    assert_false(mailbox_send(r.box, &late->letter));
    free(late);
    reader_end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(letters_of_many_threads_arrive_once_and_in_order),
        cmocka_unit_test(a_full_mailbox_says_so_and_takes_more_once_read),
        cmocka_unit_test(
            what_waits_at_the_end_is_delivered_and_no_more_is_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
