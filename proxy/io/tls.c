#include "proxy/io/tls.h"

#include <wolfssl/options.h>

#include <arpa/inet.h>
#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <wolfssl/error-ssl.h>
#include <wolfssl/ssl.h>

#include "common/buffer.h"
#include "proxy/io/tls_context.h"

/* Ciphertext held at once: a whole record and the start of the next. */
#define INPUT_MAX_BYTES (32 * 1024)
#define HOST_MAX_BYTES  253

/* An IP address in network order; none when |len| is 0. */
struct address {
    uint8_t bytes[16];
    size_t len; /* 4 or 16 */
};

struct tls {
    struct address host; /* of a client: what the peer must prove to be; none
                          * if that is a name, which wolfSSL knows */
    WOLFSSL *wolf;       /* owned */
    struct tls_context *context; /* held */
    struct buffer in;            /* ciphertext from the peer */
    size_t in_at;                /* bytes of |in| that wolfSSL has taken */
    struct buffer out;           /* ciphertext for the peer */
    bool is_client;
    bool ended; /* the peer's close_notify was read */
};

static void address_parse(const char *text, struct address *out)
{
    out->len = 0;
    if (inet_pton(AF_INET, text, out->bytes) == 1)
        out->len = 4;
    else if (inet_pton(AF_INET6, text, out->bytes) == 1)
        out->len = 16;
}

/* wolfSSL is told a name; an address it is not, see check_names(). SNI has no
 * addresses either (RFC 6066 section 3). */
static bool expect_host(struct tls *t, const char *name)
{
    address_parse(name, &t->host);
    return t->host.len > 0 ||
           (wolfSSL_check_domain_name(t->wolf, name) == WOLFSSL_SUCCESS &&
            wolfSSL_UseSNI(t->wolf, WOLFSSL_SNI_HOST_NAME, name,
                           (unsigned short)strlen(name)) == WOLFSSL_SUCCESS);
}

static int on_recv(WOLFSSL *wolf, char *to, int room, void *ctx)
{
    struct tls *t = ctx;
    size_t n = MIN_OF((size_t)room, t->in.len - t->in_at);

    (void)wolf;
    if (n == 0)
        return WOLFSSL_CBIO_ERR_WANT_READ;
    memcpy(to, t->in.at + t->in_at, n);
    t->in_at += n;
    if (t->in_at == t->in.len) { /* an idle connection holds no buffer */
        buffer_free(&t->in);
        t->in_at = 0;
    }
    return (int)n;
}

static int on_send(WOLFSSL *wolf, char *from, int len, void *ctx)
{
    struct tls *t = ctx;

    (void)wolf;
    buffer_add(&t->out, slice_of(from, (size_t)len));
    return buffer_ok(&t->out) ? len : WOLFSSL_CBIO_ERR_GENERAL;
}

static enum status tls_new(struct tls_context *context, struct tls **out)
{
    struct tls *t = calloc(1, sizeof(*t));

    if (t == NULL)
        return STATUS_NO_MEMORY;
    tls_context_hold(context);
    t->context = context;
    t->in = buffer_with_max(INPUT_MAX_BYTES);
    t->out = buffer_with_max(INT_MAX);
    t->wolf = wolfSSL_new(tls_context_wolf(context));
    if (t->wolf == NULL) {
        tls_free(t);
        return STATUS_NO_MEMORY;
    }
    wolfSSL_SSLSetIORecv(t->wolf, on_recv);
    wolfSSL_SSLSetIOSend(t->wolf, on_send);
    wolfSSL_SetIOReadCtx(t->wolf, t);
    wolfSSL_SetIOWriteCtx(t->wolf, t);
    *out = t;
    return STATUS_OK;
}

/* Who offers other protocols only is answered all the same, without one: what
 * it speaks shows in what it says. */
static bool offer_http(struct tls *t)
{
    char name[] = "http/1.1";

    return wolfSSL_UseALPN(t->wolf, name, (unsigned)strlen(name),
                           WOLFSSL_ALPN_CONTINUE_ON_MISMATCH) ==
           WOLFSSL_SUCCESS;
}

enum status tls_server_new(struct tls_context *context, struct tls **out)
{
    struct tls *t = NULL;
    enum status st = tls_new(context, &t);

    *out = NULL;
    if (st != STATUS_OK)
        return st;
    if (tls_context_is_http(context) && !offer_http(t)) {
        tls_free(t);
        return STATUS_NO_MEMORY;
    }
    *out = t;
    return STATUS_OK;
}

enum status tls_client_new(struct tls_context *context, struct slice host,
                           struct tls **out)
{
    char name[HOST_MAX_BYTES + 1];
    struct tls *t = NULL;
    enum status st;

    *out = NULL;
    assert(host.len > 0 && host.len <= HOST_MAX_BYTES);
    memcpy(name, host.at, host.len);
    /* "host." is the same host; certificates and SNI have no final dot */
    name[host.at[host.len - 1] == '.' ? host.len - 1 : host.len] = '\0';
    st = tls_new(context, &t);
    if (st != STATUS_OK)
        return st;
    t->is_client = true;
    if (!expect_host(t, name)) {
        tls_free(t);
        return STATUS_NO_MEMORY;
    }
    *out = t;
    return STATUS_OK;
}

void tls_free(struct tls *t)
{
    if (t == NULL)
        return;
    wolfSSL_free(t->wolf);
    tls_context_free(t->context);
    buffer_free(&t->in);
    buffer_free(&t->out);
    free(t);
}

uint8_t *tls_reserve(struct tls *t, size_t *room)
{
    uint8_t *at;

    buffer_drop(&t->in, t->in_at);
    t->in_at = 0;
    *room = INPUT_MAX_BYTES - t->in.len;
    at = *room == 0 ? NULL : buffer_reserve(&t->in, *room);
    if (at == NULL)
        *room = 0;
    return at;
}

void tls_commit(struct tls *t, size_t len)
{
    buffer_commit(&t->in, len);
}

struct slice tls_output(const struct tls *t)
{
    return buffer_view(&t->out);
}

void tls_sent(struct tls *t, size_t len)
{
    buffer_drop(&t->out, len);
    if (t->out.len == 0)
        buffer_free(&t->out);
}

/* What a person can act on, where wolfSSL's own words do not say it. */
static const char *reason_of(int error)
{
    switch (error) {
    case ASN_NO_SIGNER_E:
        return "the certificate is not from a CA that is trusted here";
    case ASN_SELF_SIGNED_E:
        return "the certificate is self-signed";
    case DOMAIN_NAME_MISMATCH:
    case IPADDR_MISMATCH:
        return "the certificate is for another host";
    case ASN_BEFORE_DATE_E:
        return "the certificate is not valid yet";
    case ASN_AFTER_DATE_E:
        return "the certificate has expired";
    case VERSION_ERROR:
        return "no TLS version in common (1.2 at least)";
    case UNKNOWN_RECORD_TYPE:
        return "what came is not TLS";
    default:
        return wolfSSL_ERR_reason_error_string((unsigned long)error);
    }
}

static enum tls_step failed(struct tls *t, int error, struct why *why)
{
    WOLFSSL_ALERT_HISTORY alerts = { 0 };

    if (error == MEMORY_E || error == MEMORY_ERROR || !buffer_ok(&t->out))
        (void)why_fail(why, STATUS_NO_MEMORY, "tls", NULL, "out of memory");
    else if (error == FATAL_ERROR &&
             wolfSSL_get_alert_history(t->wolf, &alerts) == WOLFSSL_SUCCESS)
        (void)why_fail(why, STATUS_TLS, "tls", "RFC 8446 6",
                       "the peer sent alert %d", alerts.last_rx.code);
    else
        (void)why_fail(why, STATUS_TLS, "tls", NULL, "%s (%d)",
                       reason_of(error), error);
    return TLS_FAILED;
}

/* Is there a subject alternative name, and if the host is an address, is it
 * among them? |*any| says the first. */
static bool has_name(struct tls *t, WOLFSSL_X509 *cert, bool *any)
{
    struct address found;
    const char *name;

    *any = false;
    while ((name = wolfSSL_X509_get_next_altname(cert)) != NULL) {
        *any = true;
        if (t->host.len == 0)
            return true;
        address_parse(name, &found);
        if (slice_equal(slice_of(found.bytes, found.len),
                        slice_of(t->host.bytes, t->host.len)))
            return true;
    }
    return false;
}

/* What wolfSSL leaves open: names it has matched, but where a certificate has
 * no alternative names it takes the common name, which RFC 9525 section 2
 * rules out; IPv6 addresses it compares as texts. */
static enum tls_step check_names(struct tls *t, struct why *why)
{
    WOLFSSL_X509 *cert = wolfSSL_get_peer_certificate(t->wolf);
    bool any = false, named = cert != NULL && has_name(t, cert, &any);

    wolfSSL_X509_free(cert);
    if (named)
        return TLS_DONE;
    (void)why_fail(why, STATUS_TLS, "tls", "RFC 9525 2", "%s",
                   any ? reason_of(IPADDR_MISMATCH)
                       : "the certificate has no subject alternative name");
    return TLS_FAILED;
}

enum tls_step tls_handshake(struct tls *t, struct why *why)
{
    int rc = wolfSSL_negotiate(t->wolf);
    int error;

    if (rc == WOLFSSL_SUCCESS)
        return t->is_client ? check_names(t, why) : TLS_DONE;
    error = wolfSSL_get_error(t->wolf, rc);
    if (error == WOLFSSL_ERROR_WANT_READ)
        return TLS_WANT_INPUT;
    return failed(t, error, why);
}

enum tls_step tls_read(struct tls *t, uint8_t *out, size_t room, size_t *len,
                       struct why *why)
{
    int rc = wolfSSL_read(t->wolf, out, (int)MIN_OF(room, INT_MAX));
    int error;

    *len = rc > 0 ? (size_t)rc : 0;
    if (rc > 0)
        return TLS_DONE;
    error = wolfSSL_get_error(t->wolf, rc);
    if (error == WOLFSSL_ERROR_WANT_READ)
        return TLS_WANT_INPUT;
    if (error == WOLFSSL_ERROR_ZERO_RETURN) {
        t->ended = true;
        return TLS_ENDED;
    }
    return failed(t, error, why);
}

enum tls_step tls_write(struct tls *t, struct slice data, struct why *why)
{
    int rc;

    assert(data.len <= INT_MAX);
    if (data.len == 0)
        return TLS_DONE;
    /* the output takes everything, so that all is written or it failed */
    rc = wolfSSL_write(t->wolf, data.at, (int)data.len);
    if (rc == (int)data.len)
        return TLS_DONE;
    return failed(t, wolfSSL_get_error(t->wolf, rc), why);
}

void tls_end(struct tls *t)
{
    /* one half of a close; the other half is the peer's, and on its own */
    (void)wolfSSL_shutdown(t->wolf);
}

bool tls_ended(const struct tls *t)
{
    return t->ended;
}
