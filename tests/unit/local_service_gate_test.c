/* Tests of proxy/local/service_gate.c: what may be asked at a service's own
 * address. */
#include "proxy/local/service_gate.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/check.h"

/* --- where it leads ------------------------------------------------------ */

static const struct {
    const char *name;
    struct host_pattern hosts[2];
    size_t count;
    const char *host;
    uint16_t port;
} places[] = {
    /* clang-format off */
    { "to its host", { { "a.example", false, 0 } }, 1, "a.example", 80 },
    { "to the port of its host", { { "a.example", false, 81 } }, 1,
      "a.example", 81 },
    { "to the first of two", { { "a.example", false, 0 },
                               { "b.example", false, 0 } }, 2,
      "a.example", 80 },
    { "past a wildcard", { { "a.example", true, 0 },
                           { "b.example", false, 0 } }, 2, "b.example", 80 },
    { "to its endpoint, behind a wildcard", { { "a.example", true, 0 } }, 1,
      "end.example", 80 },
    { "to its endpoint, without any", { { 0 } }, 0, "end.example", 80 },
    /* clang-format on */
};

static void a_request_leads_to_the_services_name(void **state)
{
    const struct endpoint endpoint = { .host = "end.example", .port = 8443 };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        const struct service service = { .hosts = places[i].hosts,
                                         .host_count = places[i].count,
                                         .endpoints = &endpoint,
                                         .endpoint_count = 1 };
        struct target t;
        struct why why;

        print_message("%s\n", places[i].name);
        CHECK_STATUS(service_gate_target(&service, &t, &why), STATUS_OK);
        assert_string_equal(t.host, places[i].host);
        assert_int_equal(t.port, places[i].port);
    }
}

/* --- who may ask --------------------------------------------------------- */

#define GET "GET / HTTP/1.1\r\n"

static const struct {
    const char *name;
    const char *head;
    enum status want;
} heads[] = {
    /* clang-format off */
    { "the address", GET "Host: 127.0.0.1:9001\r\n", STATUS_OK },
    { "another of this machine", GET "Host: 127.9.9.9\r\n", STATUS_OK },
    { "the sixth version's", GET "Host: [::1]:9001\r\n", STATUS_OK },
    { "localhost", GET "Host: LOCALHOST.\r\n", STATUS_OK },
    { "the service", GET "Host: Chat.example:1\r\n", STATUS_OK },
    { "an old tool", "GET / HTTP/1.0\r\n", STATUS_OK },
    { "an empty name", GET "Host:\r\n", STATUS_OK },
    { "a whole URI", "GET http://chat.example/ HTTP/1.1\r\nHost: x\r\n",
      STATUS_OK },
    { "every path", "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n", STATUS_OK },
    { "a page of the service",
      GET "Host: localhost\r\nOrigin: https://chat.example\r\n", STATUS_OK },
    { "a page of this machine",
      GET "Host: localhost\r\nOrigin: http://127.0.0.1:3000\r\n", STATUS_OK },

    { "a name that was bound to this machine", GET "Host: evil.example\r\n",
      STATUS_NOT_SERVICE },
    { "a name below the service's", GET "Host: a.chat.example\r\n",
      STATUS_NOT_SERVICE },
    { "a name that ends as ours", GET "Host: notlocalhost\r\n",
      STATUS_NOT_SERVICE },
    { "a URI of another", "GET http://evil.example/ HTTP/1.1\r\n"
      "Host: localhost\r\n", STATUS_NOT_SERVICE },
    { "a tunnel", "CONNECT chat.example:80 HTTP/1.1\r\nHost: localhost\r\n",
      STATUS_BAD_METHOD },
    { "a page of another",
      GET "Host: localhost\r\nOrigin: http://evil.example\r\n",
      STATUS_NOT_SERVICE },
    { "a page of nobody", GET "Host: localhost\r\nOrigin: null\r\n",
      STATUS_NOT_SERVICE },
    { "an empty origin", GET "Host: localhost\r\nOrigin:\r\n",
      STATUS_NOT_SERVICE },
    { "a page of another scheme",
      GET "Host: localhost\r\nOrigin: ftp://localhost\r\n",
      STATUS_NOT_SERVICE },
    { "a page of two", GET "Host: localhost\r\nOrigin: http://localhost\r\n"
      "Origin: http://evil.example\r\n", STATUS_NOT_SERVICE },
    { "an origin with a user", GET "Host: localhost\r\n"
      "Origin: http://localhost@evil.example\r\n", STATUS_NOT_SERVICE },
    /* clang-format on */
};

static void others_may_not_ask(void **state)
{
    struct target own;
    struct why why;

    (void)state;
    CHECK_STATUS(target_set(&own, slice_text("chat.example"), 80, &why),
                 STATUS_OK);
    for (size_t i = 0; i < COUNT_OF(heads); i++) {
        char text[256];
        struct http_request q;
        struct slice in;

        print_message("%s\n", heads[i].name);
        (void)snprintf(text, sizeof(text), "%s\r\n", heads[i].head);
        in = slice_text(text);
        http_request_init(&q);
        assert_int_equal(http_request_read(&q, &in), HTTP_GOT_HEAD);
        CHECK_STATUS(service_gate_admit(&q, &own, &why), heads[i].want);
        http_request_fini(&q);
    }
}

/* --- what the service gets ----------------------------------------------- */

static void check_led(const char *head, const char *want)
{
    struct buffer out = buffer_with_max(4096);
    struct http_request q;
    struct slice in = slice_text(head);
    struct target own;
    struct why why;

    CHECK_STATUS(target_set(&own, slice_text("chat.example"), 81, &why),
                 STATUS_OK);
    http_request_init(&q);
    assert_int_equal(http_request_read(&q, &in), HTTP_GOT_HEAD);
    http_request_lead(&q, &own);
    http_request_write_head(&q, &out);
    buffer_byte(&out, '\0');
    assert_string_equal((const char *)buffer_view(&out).at, want);
    http_request_fini(&q);
    buffer_free(&out);
}

static void the_service_sees_its_own_name(void **state)
{
    (void)state;
    check_led("POST /a?b HTTP/1.1\r\nHost: localhost:9001\r\nX: y\r\n"
              "Content-Length: 0\r\n\r\n",
              "POST /a?b HTTP/1.1\r\nHost: chat.example:81\r\nX: y\r\n"
              "Content-Length: 0\r\n\r\n");
    check_led("OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
              "OPTIONS * HTTP/1.1\r\nHost: chat.example:81\r\n\r\n");
    check_led("GET http://localhost:9001 HTTP/1.1\r\nHost: x\r\n\r\n",
              "GET / HTTP/1.1\r\nHost: chat.example:81\r\n\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_leads_to_the_services_name),
        cmocka_unit_test(others_may_not_ask),
        cmocka_unit_test(the_service_sees_its_own_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
