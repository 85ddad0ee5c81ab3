/* collateral: the engine, against nginx with the paths and headers of a PCS.
 *
 * Each case is a folder of the server, "https://127.0.0.1:port/case", whose
 * TCB info is served in a way of its own; the other items are as they should
 * be everywhere. */
#include "tests/support/desk.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/file.h"
#include "common/limits.h"
#include "common/secret.h"
#include "tests/support/free_port.h"
#include "tests/support/tls_files.h"

#define NGINX "/usr/sbin/nginx"

static struct folder dir;
static struct child nginx;
static char base[64];
static struct tls_files tls;

/* %D: the folder; %E: the issuer chain, encoded; %P: plain; %%: a percent sign,
 * encoded. */
static const struct {
    const char *name; /* also the case's folder */
    const char *tcb;  /* directives of the TCB info's location */
    enum status want;
    const char *words; /* in |why.found| */
} cases[] = {
    /* clang-format off */
    { "good", "default_type application/json;"
              " add_header TCB-Info-Issuer-Chain \"%E\"; alias %D/tcb_info.json;",
      STATUS_OK, "" },
    { "plain", "add_header TCB-Info-Issuer-Chain \"%P\"; alias %D/tcb_info.json;",
      STATUS_OK, "" },
    { "older", "add_header sgx-tcb-info-issuer-chain \"%E\"; alias %D/tcb_info.json;",
      STATUS_OK, "" },
    { "slow", "limit_rate 4k; add_header TCB-Info-Issuer-Chain \"%E\";"
              " alias %D/tcb_info.json;",
      STATUS_OK, "" },
    { "stuck", "limit_rate 10; add_header TCB-Info-Issuer-Chain \"%E\";"
               " alias %D/tcb_info.json;",
      STATUS_TIMED_OUT, "timed out" },
    { "closed", "return 444;", STATUS_CUT, "" },
    { "unknown", "return 404;", STATUS_NO_COLLATERAL, "HTTP 404" },
    { "busy", "add_header Retry-After 30 always; return 429;",
      STATUS_NO_COLLATERAL, "HTTP 429" },
    { "broken", "return 500;", STATUS_NO_COLLATERAL, "HTTP 500" },
    { "moved", "return 301 /good/tdx/certification/v4/tcb;",
      STATUS_NO_COLLATERAL, "HTTP 301" },
    { "portal", "default_type text/html; return 200 \"<html>Sign in</html>\";",
      STATUS_BAD_CERT, "issuer chain" },
    { "large", "add_header TCB-Info-Issuer-Chain \"%E\"; alias %D/large;",
      STATUS_LIMIT, "too long" },
    { "half", "add_header TCB-Info-Issuer-Chain \"%E\"; alias %D/half;",
      STATUS_BAD_JSON, "" },
    { "text", "default_type text/plain; add_header TCB-Info-Issuer-Chain \"%E\";"
              " alias %D/tcb_info.json;",
      STATUS_OK, "" }, /* what it is, its signature says */
    { "html", "default_type text/html; add_header TCB-Info-Issuer-Chain \"%E\";"
              " return 200 \"<html>Sign in</html>\";",
      STATUS_BAD_JSON, "" },
    { "stray", "add_header TCB-Info-Issuer-Chain \"%%%E\"; alias %D/tcb_info.json;",
      STATUS_BAD_CERT, "" },
    { "empty", "add_header TCB-Info-Issuer-Chain \"%E\"; return 200;",
      STATUS_NO_COLLATERAL, "nothing at all" },
    { "swapped", "add_header TCB-Info-Issuer-Chain \"%E\"; alias %D/qe_identity.json;",
      STATUS_BAD_JSON, "" },
    { "expired", "add_header TCB-Info-Issuer-Chain \"%E\"; alias %D/old/tcb_info.json;",
      STATUS_EXPIRED, "" },
    /* clang-format on */
};

/* --- the server ----------------------------------------------------------- */

static void add_encoded(struct buffer *out, struct slice text)
{
    static const char safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "abcdefghijklmnopqrstuvwxyz0123456789-";

    for (size_t i = 0; i < text.len; i++)
        if (memchr(safe, text.at[i], sizeof(safe) - 1) != NULL)
            buffer_byte(out, text.at[i]);
        else
            buffer_printf(out, "%%%02X", text.at[i]);
}

static void add_plain(struct buffer *out, struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        buffer_byte(out, text.at[i] == '\n' ? ' ' : text.at[i]);
}

/* Write |directives|, with %D, %E and %P replaced. */
static void add_directives(struct buffer *out, const char *directives,
                           struct slice chain)
{
    for (const char *p = directives; *p != '\0'; p++) {
        if (*p != '%') {
            buffer_byte(out, (uint8_t)*p);
            continue;
        }
        p++;
        if (*p == '%')
            buffer_text(out, "%25");
        else if (*p == 'D')
            buffer_text(out, dir.path);
        else if (*p == 'E')
            add_encoded(out, chain);
        else
            add_plain(out, chain);
    }
}

static void add_location(struct buffer *out, const char *match,
                         const char *directives, struct slice chain)
{
    buffer_printf(out, "location %s { ", match);
    add_directives(out, directives, chain);
    buffer_text(out, " }\n");
}

static void add_locations(struct buffer *out)
{
    struct collateral_set set;
    char match[96];

    sim_collateral(bench.sim, TEE_TDX, &set);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        (void)snprintf(match, sizeof(match), "= /%s/tdx/certification/v4/tcb",
                       cases[i].name);
        add_location(out, match, cases[i].tcb, set.tcb_info_chain);
    }
    add_location(out, "~ /tdx/certification/v4/qe/identity$",
                 "add_header SGX-Enclave-Identity-Issuer-Chain \"%E\";"
                 " alias %D/qe_identity.json;",
                 set.qe_identity_chain);
    add_location(out, "~ /sgx/certification/v4/pckcrl$",
                 "add_header SGX-PCK-CRL-Issuer-Chain \"%E\";"
                 " alias %D/pck_crl.der;",
                 set.pck_crl_chain);
    add_location(out, "~ /IntelSGXRootCA.der$", "alias %D/root_ca_crl.der;",
                 (struct slice){ 0 });
}

static void write_file(const char *name, struct slice bytes)
{
    char path[128];
    struct why why;

    (void)snprintf(path, sizeof(path), "%s/%s", dir.path, name);
    CHECK_STATUS(file_replace(path, bytes, 0600, &why), STATUS_OK);
}

static void write_config(int port)
{
    struct buffer out = buffer_with_max(1024 * 1024);

    add_directives(&out,
                   "daemon off; master_process off; pid %D/pid;\n"
                   "error_log stderr; events { }\n"
                   "http { access_log off; client_body_temp_path %D/tmp1;\n"
                   "proxy_temp_path %D/tmp2; fastcgi_temp_path %D/tmp3;\n"
                   "uwsgi_temp_path %D/tmp4; scgi_temp_path %D/tmp5;\n"
                   "server {\n",
                   (struct slice){ 0 });
    buffer_printf(&out, "ssl_certificate %s;\n",
                  tls_files_path(&tls, "good.pem"));
    buffer_printf(&out, "ssl_certificate_key %s;\n",
                  tls_files_path(&tls, "key.pem"));
    buffer_printf(&out, "listen 127.0.0.1:%d ssl;\n", port);
    add_locations(&out);
    buffer_text(&out, "} }\n");
    assert_true(buffer_ok(&out));
    write_file("nginx.conf", buffer_view(&out));
    buffer_free(&out);
}

/* True once somebody listens at |port|; false if nginx is gone instead. */
static bool is_up(int port)
{
    struct sockaddr_in a = { .sin_family = AF_INET };
    bool connected = false;

    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    a.sin_port = htons((uint16_t)port);
    while (!connected && child_is_alive(&nginx)) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);

        connected = connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0;
        (void)close(fd);
    }
    return connected;
}

/* nginx cannot choose a port. One process only, so that none is left behind. */
static void start_nginx(void)
{
    const int port = free_port();
    char config[128];
    const char *const argv[] = { NGINX, "-c", config, "-p", dir.path, NULL };

    (void)snprintf(config, sizeof(config), "%s/nginx.conf", dir.path);
    (void)snprintf(base, sizeof(base), "https://127.0.0.1:%d", port);
    write_config(port);
    child_start(&nginx, argv);
    assert_true(is_up(port)); /* or it has said why */
}

static void write_data(void)
{
    uint8_t *large = calloc(1, COLLATERAL_MAX_BYTES + 1);
    struct collateral_set set;
    struct sim *old;
    char old_dir[128];
    struct why why;

    assert_non_null(large);
    write_file("large", slice_of(large, COLLATERAL_MAX_BYTES + 1));
    free(large);
    CHECK_STATUS(sim_write_dir(bench.sim, TEE_TDX, dir.path, &why), STATUS_OK);
    sim_collateral(bench.sim, TEE_TDX, &set);
    write_file("half", slice_of(set.tcb_info.at, set.tcb_info.len / 2));
    CHECK_STATUS(sim_renew(bench.sim, NULL, START - 60 * DAY, &old, &why),
                 STATUS_OK);
    (void)snprintf(old_dir, sizeof(old_dir), "%s/old", dir.path);
    CHECK_STATUS(sim_write_dir(old, TEE_TDX, old_dir, &why), STATUS_OK);
    sim_free(old);
}

/* --- the engine ----------------------------------------------------------- */

static void takes_what_nginx_serves_well_and_says_what_else_it_did(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char url[128];
        const struct collateral_source source = {
            .kind = SOURCE_PCS,
            .url = url,
            .ca_file = tls_files_path(&tls, "ca.pem")
        };
        struct answer a;
        struct desk d;

        print_message("  %s\n", cases[i].name);
        (void)snprintf(url, sizeof(url), "%s/%s/", base, cases[i].name);
        desk_open(&d, NULL);
        a = desk_ask(&d, source);
        desk_close(&d);
        CHECK_STATUS(a.why.status, cases[i].want);
        if (cases[i].want != STATUS_OK) {
            assert_string_equal(a.why.field, "tcb_info");
            assert_non_null(strstr(a.why.found, url));
            assert_non_null(strstr(a.why.found, cases[i].words));
            assert_non_null(strstr(a.why.expected, "0053494d0000"));
        }
        desk_forget(&a);
    }
}

static int set_up(void **state)
{
    struct why why;

    (void)state;
    assert_true(secret_init());
    bench.now = START;
    folder_make(&dir);
    CHECK_STATUS(sim_new(NULL, START, &bench.sim, &why), STATUS_OK);
    write_data();
    start_nginx();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    child_end(&nginx);
    folder_remove(&dir);
    tls_files_remove(&tls);
    sim_free(bench.sim);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            takes_what_nginx_serves_well_and_says_what_else_it_did),
    };

    if (!child_is_there(NGINX)) {
        print_message("skipped: no " NGINX "\n");
        return 77;
    }
    if (!tls_files_make(&tls))
        return 77;
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
