/* proxy/local/front.h where programs are asked who they are. */
#include <stdio.h>
#include <unistd.h>

#include "common/secret.h"
#include "proxy/local/porter.h"
#include "tests/support/check.h"
#include "tests/support/front_rig.h"

static bool check_user(void *ctx, struct slice user, struct slice password)
{
    (void)ctx;
    return slice_equal(user, slice_text("alice")) &&
           slice_equal(password, slice_text("secret"));
}

static const struct front_owner asking_owner = {
    .route_and_open = front_rig_route,
    .check_user = check_user,
};

static void users_are_asked_in_http(void **state)
{
    struct front_config config = front_defaults();
    struct front_rig r;
    int fd;

    (void)state;
    config.owner = &asking_owner;
    front_rig_start_with(&r, config);
    fd = front_rig_dial(&r);
    front_rig_say_text(&r, fd, GET);
    front_rig_expect_begin(&r, fd,
                           slice_text(
                               "HTTP/1.1 407 Proxy Authentication Required\r\n"
                               "Proxy-Authenticate: Basic "),
                           false);
    front_rig_say_text(&r, fd,
                       "GET http://a.example/ HTTP/1.1\r\nHost: a\r\n"
                       "Proxy-Authorization: Basic YWxpY2U6d3Jvbmc=\r\n\r\n");
    front_rig_expect_begin(&r, fd, slice_text("HTTP/1.1 407 "), false);
    assert_int_equal(r.far_count, 0);
    front_rig_say_text(&r, fd,
                       "GET http://a.example/ HTTP/1.1\r\nHost: a\r\n"
                       "Proxy-Authorization: basic YWxpY2U6c2VjcmV0\r\n\r\n");
    assert_int_equal(r.far_count, 1);
    fake_far_opened(&r.fars[0]);
    fake_far_expect(&r.fars[0], GET_UP);
    (void)close(fd);
    front_rig_stop(&r);
}

#define WRONG                                                                  \
    "GET http://a.example/ HTTP/1.1\r\nHost: a\r\n"                            \
    "Proxy-Authorization: Basic YWxpY2U6d3Jvbmc=\r\n\r\n"
#define RIGHT                                                                  \
    "GET http://a.example/ HTTP/1.1\r\nHost: a\r\n"                            \
    "Proxy-Authorization: basic YWxpY2U6c2VjcmV0\r\n\r\n"

static void expect_code(struct front_rig *r, int fd, const char *ask,
                        const char *code)
{
    char line[32];

    (void)snprintf(line, sizeof(line), "HTTP/1.1 %s ", code);
    front_rig_say_text(r, fd, ask);
    front_rig_expect_begin(r, fd, slice_text(line), false);
}

/* Also the right one, unless it was known before: a guess must not pay. */
static void after_wrong_passwords_none_is_tried(void **state)
{
    struct front_config config = front_defaults();
    struct front_rig r;
    int known, fd;

    (void)state;
    config.owner = &asking_owner;
    CHECK_STATUS(porter_new(9, (struct rate_limit){ 3, 3600000 },
                            &config.porter),
                 STATUS_OK);
    front_rig_start_with(&r, config);
    known = front_rig_dial(&r);
    front_rig_say_text(&r, known, RIGHT);
    assert_int_equal(r.far_count, 1);
    fd = front_rig_dial(&r);
    for (int i = 0; i < 5; i++)
        expect_code(&r, fd, GET, "407"); /* nothing was tried */
    for (int i = 0; i < 3; i++)
        expect_code(&r, fd, WRONG, "407");
    expect_code(&r, fd, WRONG, "429");
    expect_code(&r, fd, RIGHT, "429");
    (void)close(fd);
    fd = front_rig_dial(&r);
    expect_code(&r, fd, RIGHT, "429");
    (void)close(fd);
    fd = front_rig_dial(&r);
    front_rig_say(&r, fd, slice_of("\x05\x01\x02", 3));
    front_rig_expect_begin(&r, fd, slice_of("\x05\x02", 2), false);
    front_rig_say(&r, fd,
                  slice_of("\x01\x05"
                           "alice\x06"
                           "secret",
                           14));
    front_rig_expect_end(&r, fd, slice_of("\x01\x01", 2));
    (void)close(fd);
    fake_far_opened(&r.fars[0]);
    fake_far_data(&r.fars[0], OK2);
    front_rig_expect_begin(&r, known, slice_text(OK2), false);
    front_rig_say_text(&r, known, RIGHT);
    fake_far_expect(&r.fars[0], GET_UP GET_UP);
    (void)close(known);
    front_rig_stop(&r);
    porter_free(config.porter);
}

static bool pac_page(void *ctx, struct slice path, struct front_page *page)
{
    (void)ctx;
    (void)path;
    buffer_text(page->body, "function\n");
    return true;
}

static const struct front_owner asking_page_owner = {
    .route_and_open = front_rig_route,
    .check_user = check_user,
    .local_page = pac_page,
};

static void browsers_get_the_pac_without_a_password(void **state)
{
    static const struct {
        const char *ask;
        const char *code;
    } asks[] = {
        { "GET /proxy.pac HTTP/1.1\r\nHost: localhost:8118\r\n\r\n", "200" },
        { "GET /proxy.pac?1 HTTP/1.1\r\nHost: localhost:8118\r\n\r\n", "200" },
        { "GET /proxy.pac HTTP/1.1\r\nHost: evil.test\r\n\r\n", "421" },
        { "GET /proxy.pac HTTP/1.1\r\nHost: localhost:8118\r\n"
          "Origin: http://evil.test\r\n\r\n",
          "403" },
        { "GET /proxy.pac/ HTTP/1.1\r\nHost: localhost:8118\r\n\r\n", "401" },
        { "GET /status.json HTTP/1.1\r\nHost: localhost:8118\r\n\r\n", "401" },
        { "GET http://a.example/proxy.pac HTTP/1.1\r\nHost: a\r\n\r\n", "407" },
    };
    struct front_config config = front_defaults();
    struct front_rig r;
    int fd;

    (void)state;
    config.owner = &asking_page_owner;
    front_rig_start_with(&r, config);
    fd = front_rig_dial(&r);
    for (size_t i = 0; i < COUNT_OF(asks); i++)
        expect_code(&r, fd, asks[i].ask, asks[i].code);
    assert_int_equal(r.far_count, 0);
    (void)close(fd);
    front_rig_stop(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(users_are_asked_in_http),
        cmocka_unit_test(after_wrong_passwords_none_is_tried),
        cmocka_unit_test(browsers_get_the_pac_without_a_password),
    };

    return secret_init() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
