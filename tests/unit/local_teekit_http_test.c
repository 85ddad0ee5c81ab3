/* teekit_http: requests and answers of HTTP/1, as messages of teekit. */
#include "tests/support/check.h"

#include "proxy/local/teekit_http.h"

#define HOST "Host: demo.test\r\n"
#define UPGRADE                                                                \
    "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"                \
    "Sec-WebSocket-Version: 13\r\n"
#define KEY "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"

/* --- requests ------------------------------------------------------------ */

/* |m| as text: method, URL, then a line a field. */
static void tell(const struct teekit_message *m, struct buffer *out)
{
    buffer_add(out, m->method);
    buffer_text(out, " ");
    buffer_add(out, m->url);
    for (size_t i = 0; i < m->field_count; i++) {
        buffer_text(out, "\n");
        buffer_add(out, m->fields[i].name);
        buffer_text(out, "=");
        buffer_add(out, m->fields[i].value);
    }
    for (size_t i = 0; i < m->protocol_count; i++) {
        buffer_text(out, "\n+");
        buffer_add(out, m->protocols[i]);
    }
}

/* Read the head |text| and make a message of it. */
static enum status translate(const char *text, struct buffer *out)
{
    struct slice in = slice_text(text);
    struct buffer borrowed = buffer_with_max(0);
    struct teekit_message m;
    struct http_reader r;
    struct why why = { 0 };
    enum status st;

    http_reader_init(&r, HTTP_REQUESTS);
    assert_int_equal(http_reader_read(&r, &in), HTTP_GOT_HEAD);
    st = teekit_http_is_websocket(&r)
             ? teekit_http_connect(&r, slice_text("demo.test"), &borrowed, &m,
                                   &why)
             : teekit_http_request(&r, slice_text("demo.test"), &borrowed, &m,
                                   &why);
    if (st == STATUS_OK)
        tell(&m, out);
    else
        CHECK_STATUS(why.status, st);
    buffer_free(&borrowed);
    http_reader_fini(&r);
    return st;
}

/* clang-format off */
static const struct {
    const char *name;
    const char *head;
    enum status want;
    const char *told;
} requests[] = {
    { "a path goes as it is", "GET /a/../b?c=%20 HTTP/1.1\r\n" HOST "\r\n",
      STATUS_OK, "GET http://demo.test/a/../b?c=%20" },
    { "of a whole URI the path", "GET http://x:1/a?b HTTP/1.1\r\n" HOST "\r\n",
      STATUS_OK, "GET http://demo.test/a?b" },
    { "or the root", "GET http://x HTTP/1.1\r\n" HOST "\r\n",
      STATUS_OK, "GET http://demo.test/" },
    { "the asterisk of OPTIONS", "OPTIONS * HTTP/1.1\r\n" HOST "\r\n",
      STATUS_OK, "OPTIONS http://demo.test/*" },
    { "names become small", "GET / HTTP/1.1\r\n" HOST "X-A: Bc\r\n\r\n",
      STATUS_OK, "GET http://demo.test/\nx-a=Bc" },
    { "fields of one name become one",
      "GET / HTTP/1.1\r\n" HOST "A: 1\r\nB: 2\r\na: 3\r\n\r\n",
      STATUS_OK, "GET http://demo.test/\na=1, 3\nb=2" },
    { "cookies by their own mark",
      "GET / HTTP/1.1\r\n" HOST "Cookie: a=1\r\nCookie: b=2\r\n\r\n",
      STATUS_OK, "GET http://demo.test/\ncookie=a=1; b=2" },
    { "bytes above ASCII are ISO 8859-1",
      "GET / HTTP/1.1\r\n" HOST "A: caf\xe9\r\n\r\n",
      STATUS_OK, "GET http://demo.test/\na=caf\xc3\xa9" },
    { "what is said to a neighbour stays, and what kills",
      "POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nConnection: X, close\r\n"
      "X: 1\r\nKeep-Alive: 1\r\nTE: trailers\r\nExpect: 100-continue\r\n"
      "Proxy-Authorization: x\r\nTrailer: y\r\nZ: 1\r\n\r\n",
      STATUS_OK, "POST http://demo.test/\nz=1" },
    { "no CONNECT", "CONNECT a:1 HTTP/1.1\r\n" HOST "\r\n",
      STATUS_BAD_METHOD, "" },
    { "no TRACE", "TRACE / HTTP/1.1\r\n" HOST "\r\n", STATUS_BAD_METHOD, "" },
    { "a WebSocket", "GET /a?b HTTP/1.1\r\n" HOST UPGRADE KEY "\r\n",
      STATUS_OK, " ws://demo.test/a?b" },
    { "its subprotocols", "GET / HTTP/1.1\r\n" HOST UPGRADE KEY
      "Sec-WebSocket-Protocol: p1, p2\r\nSec-WebSocket-Protocol: p3\r\n\r\n",
      STATUS_OK, " ws://demo.test/\n+p1\n+p2\n+p3" },
    { "no key", "GET / HTTP/1.1\r\n" HOST UPGRADE "\r\n",
      STATUS_BAD_REQUEST, "" },
    { "by POST", "POST / HTTP/1.1\r\n" HOST UPGRADE KEY "\r\n",
      STATUS_BAD_METHOD, "" },
};
/* clang-format on */

static void requests_become_messages(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(requests); i++) {
        struct buffer out = buffer_with_max(65536);
        enum status st = translate(requests[i].head, &out);

        if (st != requests[i].want ||
            !slice_equal(buffer_view(&out), slice_text(requests[i].told)))
            fail_msg("%s: %s, %.*s", requests[i].name, status_name(st),
                     (int)out.len, (const char *)out.at);
        buffer_free(&out);
    }
}

static void a_head_of_many_fields_fits(void **state)
{
    struct buffer head = buffer_with_max(65536);
    struct buffer out = buffer_with_max(262144);

    (void)state;
    buffer_text(&head, "GET / HTTP/1.1\r\nHost: a\r\n");
    for (unsigned i = 0; i < 100; i++)
        buffer_printf(&head, "%s: \xff\xff\xff%0*u\r\n",
                      i % 2 == 0 ? "Even" : "Odd", 200, i);
    buffer_text(&head, "\r\n");
    buffer_byte(&head, 0);
    CHECK_STATUS(translate((const char *)head.at, &out), STATUS_OK);
    assert_true(out.len > 100 * sizeof("\xff\xff\xff") + 100 * 200);
    buffer_free(&head);
    buffer_free(&out);
}

/* --- answers ------------------------------------------------------------- */

struct answer {
    const char *name;
    uint32_t status;
    const char *reason;
    struct teekit_field fields[4];
    enum teekit_body kind;
    const char *body;
    bool to_head, close;
    enum status want;
    const char *told;
};

/* clang-format off */
#define FIELD(n, v) { .name = { (const uint8_t *)(n), sizeof(n) - 1 },         \
                      .value = { (const uint8_t *)(v), sizeof(v) - 1 } }

static const struct answer answers[] = {
    { .name = "a body of bytes", .status = 200, .reason = "OK",
      .kind = TEEKIT_BYTES, .body = "abc",
      .told = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc" },
    { .name = "a text has a type", .status = 200, .reason = "OK",
      .kind = TEEKIT_TEXT, .body = "abc",
      .told = "HTTP/1.1 200 OK\r\nContent-Type: text/plain;charset=UTF-8\r\n"
              "Content-Length: 3\r\n\r\nabc" },
    { .name = "but its own first", .status = 200, .kind = TEEKIT_TEXT,
      .body = "abc", .fields = { FIELD("content-type", "a/b") },
      .told = "HTTP/1.1 200 \r\ncontent-type: a/b\r\n"
              "Content-Length: 3\r\n\r\nabc" },
    { .name = "none", .status = 404, .reason = "OK",
      .told = "HTTP/1.1 404 OK\r\nContent-Length: 0\r\n\r\n" },
    { .name = "the end of a connection", .status = 200, .close = true,
      .told = "HTTP/1.1 200 \r\nContent-Length: 0\r\nConnection: close\r\n"
              "\r\n" },
    { .name = "204 has none", .status = 204, .kind = TEEKIT_BYTES,
      .body = "x", .told = "HTTP/1.1 204 \r\n\r\n" },
    { .name = "304 has none", .status = 304, .kind = TEEKIT_TEXT, .body = "",
      .told = "HTTP/1.1 304 \r\n\r\n" },
    { .name = "205 has none", .status = 205, .kind = TEEKIT_BYTES, .body = "x",
      .told = "HTTP/1.1 205 \r\nContent-Length: 0\r\n\r\n" },
    { .name = "HEAD has the length of the body", .status = 200,
      .to_head = true, .kind = TEEKIT_BYTES, .body = "abc",
      .told = "HTTP/1.1 200 \r\nContent-Length: 3\r\n\r\n" },
    { .name = "or the one that was said", .status = 200, .to_head = true,
      .fields = { FIELD("Content-Length", "77") },
      .told = "HTTP/1.1 200 \r\nContent-Length: 77\r\n\r\n" },
    { .name = "or none", .status = 200, .to_head = true,
      .fields = { FIELD("content-length", "7x") },
      .told = "HTTP/1.1 200 \r\n\r\n" },
    { .name = "what is said of a connection is dropped", .status = 200,
      .fields = { FIELD("Transfer-Encoding", "chunked"),
                  FIELD("Connection", "close"), FIELD("content-length", "9"),
                  FIELD("x", "1") },
      .told = "HTTP/1.1 200 \r\nx: 1\r\nContent-Length: 0\r\n\r\n" },
    { .name = "ISO 8859-1 becomes bytes", .status = 200,
      .fields = { FIELD("x", "caf\xc3\xa9") },
      .told = "HTTP/1.1 200 \r\nx: caf\xe9\r\nContent-Length: 0\r\n\r\n" },
    { .name = "beyond it nothing is said", .status = 200,
      .fields = { FIELD("x", "\xe2\x82\xac") }, .want = STATUS_BAD_FIELD },
    { .name = "a line in a value", .status = 200,
      .fields = { FIELD("x", "a\r\nset-cookie: b") },
      .want = STATUS_BAD_FIELD },
    { .name = "a NUL in a value", .status = 200,
      .fields = { FIELD("x", "a\0b") }, .want = STATUS_BAD_FIELD },
    { .name = "a name that is none", .status = 200,
      .fields = { FIELD("a b", "c") }, .want = STATUS_BAD_FIELD },
    { .name = "an empty name", .status = 200, .fields = { FIELD("", "c") },
      .want = STATUS_BAD_FIELD },
    { .name = "a line in a reason is not said", .status = 200,
      .reason = "a\r\nb: c",
      .told = "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n" },
    { .name = "100", .status = 100, .want = STATUS_BAD_FIELD },
    { .name = "199", .status = 199, .want = STATUS_BAD_FIELD },
    { .name = "599", .status = 599,
      .told = "HTTP/1.1 599 \r\nContent-Length: 0\r\n\r\n" },
    { .name = "600", .status = 600, .want = STATUS_BAD_FIELD },
};
/* clang-format on */

static size_t count_fields(const struct answer *a)
{
    size_t n = 0;

    while (n < COUNT_OF(a->fields) && a->fields[n].name.at != NULL)
        n++;
    return n;
}

static void messages_become_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        const struct answer *a = &answers[i];
        struct teekit_message m = { .type = TEEKIT_HTTP_RESPONSE,
                                    .status = a->status,
                                    .field_count = count_fields(a),
                                    .body_kind = a->kind };
        struct buffer out = buffer_with_max(65536);
        struct why why;
        enum status st;

        memcpy(m.fields, a->fields, sizeof(a->fields));
        m.status_text = slice_text(a->reason != NULL ? a->reason : "");
        m.body = slice_text(a->body != NULL ? a->body : "");
        buffer_text(&out, "before|");
        st = teekit_http_response(&m, a->to_head, a->close, &out, &why);
        buffer_drop(&out, strlen("before|"));
        if (st != a->want ||
            !slice_equal(buffer_view(&out),
                         slice_text(a->told != NULL ? a->told : "")))
            fail_msg("%s: %s, %.*s", a->name, status_name(st), (int)out.len,
                     (const char *)out.at);
        buffer_free(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_become_messages),
        cmocka_unit_test(a_head_of_many_fields_fits),
        cmocka_unit_test(messages_become_answers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
