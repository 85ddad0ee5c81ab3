/* live, local_page: who listens to events, and pages that ask what is known of
 * their own service. */
#include "tests/support/check.h"

#include <unistd.h>

#include "proxy/local/live.h"
#include "tests/support/front_rig.h"

/* What is told changes with the first digit of |event|. */
static char event[] = "data: 0\n\n";

static void local_event(void *ctx, struct buffer *out)
{
    (void)ctx;
    buffer_text(out, event);
}

static bool service_page(void *ctx, const struct target *target,
                         struct front_page *page)
{
    (void)ctx;
    if (strcmp(target->host, "a.example") != 0)
        return false;
    buffer_text(page->body, "the service\n");
    return true;
}

static const struct front_owner page_owner = {
    .route_and_open = front_rig_route,
    .local_event = local_event,
    .service_page = service_page,
};

/* What |fd| hears until it has |part|. */
static void hear_until(struct front_rig *r, int fd, const char *part)
{
    struct buffer heard = buffer_with_max(256 * 1024);
    const char *text = "";

    while (strstr(text, part) == NULL) {
        (void)uv_run(&r->loop, UV_RUN_NOWAIT);
        assert_false(front_rig_hear(r, fd, &heard));
        buffer_byte(&heard, 0);
        assert_true(buffer_ok(&heard));
        text = (const char *)heard.at;
        heard.len--;
    }
    buffer_free(&heard);
}

#define EVENTS "GET /events HTTP/1.1\r\nHost: localhost:8118\r\n\r\n"

static void who_listens_hears_of_changes(void **state)
{
    struct front_config config = front_defaults();
    struct front_rig r;
    int fd, other;

    (void)state;
    event[6] = '0';
    config.owner = &page_owner;
    front_rig_start_with(&r, config);
    fd = front_rig_dial(&r);
    front_rig_say_text(&r, fd, EVENTS);
    hear_until(&r, fd, "\r\n\r\ndata: 0\n\n");
    event[6] = '1';
    hear_until(&r, fd, "data: 1\n\n");
    other = front_rig_dial(&r);
    front_rig_say_text(&r, other, EVENTS);
    hear_until(&r, other, "Content-Type: text/event-stream\r\n");
    (void)close(fd);
    while (front_count(r.front) > 1)
        (void)uv_run(&r.loop, UV_RUN_ONCE);
    front_rig_close(&r, false); /* who only listens holds nothing up */
    front_rig_expect_begin(&r, other, slice_text(""), true);
    (void)close(other);
    front_rig_turn(&r);
    front_rig_stop(&r);
}

static void only_so_many_listen(void **state)
{
    struct front_config config = front_defaults();
    struct front_rig r;
    int fds[LIVE_LISTENERS_MAX + 1];

    (void)state;
    config.owner = &page_owner;
    front_rig_start_with(&r, config);
    for (size_t i = 0; i < COUNT_OF(fds); i++) {
        fds[i] = front_rig_dial(&r);
        front_rig_say_text(&r, fds[i], EVENTS);
        hear_until(&r, fds[i],
                   i < LIVE_LISTENERS_MAX ? "HTTP/1.1 200 " : "HTTP/1.1 503 ");
    }
    for (size_t i = 0; i < COUNT_OF(fds); i++)
        (void)close(fds[i]);
    front_rig_stop(&r);
}

static void big_event(void *ctx, struct buffer *out)
{
    static char big[LIVE_EVENT_MAX_BYTES / 2];

    (void)ctx;
    memset(big, event[6], sizeof(big));
    buffer_add(out, slice_of(big, sizeof(big)));
}

static void who_does_not_read_is_dropped(void **state)
{
    static const struct front_owner owner = { .local_event = big_event };
    struct front_config config = front_defaults();
    struct front_rig r;
    int fd;

    (void)state;
    config.owner = &owner;
    front_rig_start_with(&r, config);
    fd = front_rig_dial(&r);
    front_rig_say_text(&r, fd, EVENTS);
    for (int i = 0; i < 100 && front_count(r.front) > 0; i++) {
        event[6] = (char)('0' + i % 2); /* always news */
        live_tell(r.front);
        front_rig_turn(&r);
    }
    assert_int_equal(front_count(r.front), 0);
    (void)close(fd);
    front_rig_stop(&r);
}

static void a_page_asks_for_its_own_service(void **state)
{
    static const struct {
        const char *ask;
        const char *answer;
    } cases[] = {
        { "GET http://a.example/.well-known/veritee HTTP/1.1\r\nHost: x\r\n"
          "\r\n",
          "\r\n\r\nthe service\n" },
        { "GET http://a.example/.well-known/veritee?a HTTP/1.1\r\nHost: x\r\n"
          "Origin: http://a.example\r\n\r\n",
          "\r\n\r\nthe service\n" },
        { "GET http://a.example/.well-known/veritee HTTP/1.1\r\nHost: x\r\n"
          "Origin: http://b.example\r\n\r\n",
          "HTTP/1.1 403 " },
        { "POST http://a.example/.well-known/veritee HTTP/1.1\r\nHost: x\r\n"
          "Content-Length: 0\r\n\r\n",
          "HTTP/1.1 405 " },
    };
    struct front_config config = front_defaults();
    struct front_rig r;
    int fd;

    (void)state;
    config.owner = &page_owner;
    front_rig_start_with(&r, config);
    fd = front_rig_dial(&r);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        front_rig_say_text(&r, fd, cases[i].ask);
        hear_until(&r, fd, cases[i].answer);
    }
    assert_int_equal(r.far_count, 0); /* nothing was forwarded */
    front_rig_say_text(&r, fd,
                       "GET http://b.example/.well-known/veritee "
                       "HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_int_equal(r.far_count, 1); /* another's, as any path */
    (void)close(fd);
    front_rig_stop(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_listens_hears_of_changes),
        cmocka_unit_test(only_so_many_listen),
        cmocka_unit_test(who_does_not_read_is_dropped),
        cmocka_unit_test(a_page_asks_for_its_own_service),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
