/* Paths as they are sent on, and what they might mean; URLs of teekit. */
#include "tests/support/check.h"

#include "proxy/server/teekit_url.h"
#include "proxy/server/url_path.h"

/* clang-format off */
static const struct {
    const char *name;
    const char *path;
    const char *query;
    const char *want;
} written[] = {
    { "a path",                     "/a/b",          "",     "/a/b" },
    { "nothing",                    "",              "",     "/" },
    { "a relative one",             "a/b",           "?x=1", "/a/b?x=1" },
    { "a dot",                      "/a/./b",        "",     "/a/b" },
    { "two dots",                   "/a/../b",       "",     "/b" },
    { "two dots at the end",        "/a/b/..",       "",     "/a/" },
    { "a dot at the end",           "/a/.",          "",     "/a/" },
    { "more dots than segments",    "/../../a",      "",     "/a" },
    { "dots in disguise",           "/a/%2e%2E/b",   "",     "/b" },
    { "half in disguise",           "/a/.%2e/b",     "",     "/b" },
    { "three dots are a name",      "/a/.../b",      "",     "/a/.../b" },
    { "backslashes",                "\\a\\..\\b",    "",     "/b" },
    { "empty segments stay",        "//a//b/",       "",     "//a//b/" },
    { "dots behind empty segments", "/a//../b",      "",     "/a/b" },
    { "blanks and beyond ASCII",    "/a b\xc3\xbc",  "?c d", "/a%20b%C3%BC?c%20d" },
    { "escapes stay",               "/%41%2f",       "",     "/%41%2f" },
    { "a line's end",               "/a\r\nb: c",    "",     "/a%0D%0Ab:%20c" },
    { "dots in a query stay",       "/a",            "?/../", "/a?/../" },
};

static const struct {
    const char *name;
    const char *path;
    const char *prefix;
    bool below;
} compared[] = {
    { "itself",                "/api",         "/api",  true },
    { "below",                 "/api/x",       "/api",  true },
    { "with a query",          "/api?x",       "/api",  true },
    { "a longer name",         "/apis",        "/api",  false },
    { "a shorter one",         "/ap",          "/api",  false },
    { "elsewhere",             "/x/api",       "/api",  false },
    { "a prefix with a slash", "/api",         "/api/", true },
    { "the root is all",       "/x",           "/",     true },
    { "other case",            "/APi/x",       "/api",  true },
    { "an escape",             "/%61pi",       "/api",  true },
    { "an escaped slash",      "/api%2Fx",     "/api",  true },
    { "an escaped backslash",  "/api%5cx",     "/api",  true },
    { "slashes",               "///api",       "/api",  true },
    { "parameters",            "/api;a=1/x",   "/api",  true },
    { "parameters before",     "/;a/api",      "/api",  true },
    { "a NUL",                 "/api%00.html", "/api",  true },
    { "an escape of nothing",  "/%zzapi",      "/api",  false },
    { "two segments",          "/a/b/c",       "/a/b",  true },
    { "half of them",          "/a",           "/a/b",  false },
    { "up, slash escaped",     "/x/..%2fapi",  "/api",  true },
    { "up, all escaped",       "/x/%2e%2E%5Capi", "/api", true },
    { "up, with a parameter",  "/x/..;/api",   "/api",  true },
    { "up, behind a NUL",      "/x%00/..;/api", "/api", true },
    { "up at the end",         "/api/x%2f..",  "/y",    true },
    { "here, with a parameter", "/.;a/api",    "/api",  true },
    { "a name with dots",      "/.x/..y/.../z..", "/api", false },
    { "dots in the query",     "/x?/../api",   "/api",  false },
};

static const struct {
    const char *name;
    const char *url;
    const char *authority; /* NULL: refused */
    const char *host;
    const char *target;
} urls[] = {
    { "a path",               "/a?b#c",               "",            "",       "/a?b" },
    { "relative",             "a",                    "",            "",       "/a" },
    { "a query alone",        "?a",                   "",            "",       "/?a" },
    { "nothing",              "",                     "",            "",       "/" },
    { "a fragment alone",     "#a",                   "",            "",       "/" },
    { "blanks around",        " /a ",                 "",            "",       "/a" },
    { "whole",                "http://h.test/a",      "h.test",      "h.test", "/a" },
    { "without a path",       "wss://h.test",         "h.test",      "h.test", "/" },
    { "a query at once",      "ws://h.test?a",        "h.test",      "h.test", "/?a" },
    { "a port",               "HTTPS://h.test:1/a",   "h.test:1",    "h.test", "/a" },
    { "a port that is none",  "http://h.test:/a",     "h.test",      "h.test", "/a" },
    { "version 6",            "http://[::1]:9/a",     "[::1]:9",     "::1",    "/a" },
    { "version 6, no port",   "http://[::1]/a",       "[::1]",       "::1",    "/a" },
    { "somebody at",          "http://u:p@h.test/a",  "h.test",      "h.test", "/a" },
    { "no scheme",            "//h.test/a",           "h.test",      "h.test", "/a" },
    { "backslashes",          "http:\\\\h.test\\a",   "h.test",      "h.test", "/a" },
    { "another scheme",       "ftp://h.test/",        NULL, NULL, NULL },
    { "a script",             "javascript:alert(1)",  NULL, NULL, NULL },
    { "no slashes",           "http:h.test",          NULL, NULL, NULL },
    { "no host",              "http:///",             NULL, NULL, NULL },
    { "an open bracket",      "http://[bad",          NULL, NULL, NULL },
    { "a bracketed name",     "http://[h.test]/",     NULL, NULL, NULL },
    { "version 6, bare",      "http://::1/",          NULL, NULL, NULL },
    { "a large port",         "http://h.test:65536/", NULL, NULL, NULL },
    { "a port of letters",    "http://h.test:x/",     NULL, NULL, NULL },
    { "a blank in the host",  "http://h test/",       NULL, NULL, NULL },
};
/* clang-format on */

static void paths_are_written_as_a_browser_would(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(written); i++) {
        struct buffer out = buffer_with_max(1024);

        print_message("%s\n", written[i].name);
        url_path_write(slice_text(written[i].path),
                       slice_text(written[i].query), &out);
        assert_true(
            slice_equal(buffer_view(&out), slice_text(written[i].want)));
        buffer_free(&out);
    }
}

static void paths_are_compared_generously(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(compared); i++) {
        print_message("%s\n", compared[i].name);
        assert_int_equal(url_path_below(slice_text(compared[i].path),
                                        slice_text(compared[i].prefix)),
                         compared[i].below);
    }
}

static void urls_are_read_or_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(urls); i++) {
        struct teekit_url u;
        struct why why;
        enum status st = teekit_url_read(slice_text(urls[i].url), &u, &why);

        print_message("%s\n", urls[i].name);
        if (urls[i].authority == NULL) {
            CHECK_STATUS(st, STATUS_BAD_REQUEST);
            continue;
        }
        CHECK_STATUS(st, STATUS_OK);
        assert_true(slice_equal(u.authority, slice_text(urls[i].authority)));
        assert_true(slice_equal(u.host, slice_text(urls[i].host)));
        assert_true(
            slice_equal(buffer_view(&u.target), slice_text(urls[i].target)));
        teekit_url_fini(&u);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_are_written_as_a_browser_would),
        cmocka_unit_test(paths_are_compared_generously),
        cmocka_unit_test(urls_are_read_or_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
