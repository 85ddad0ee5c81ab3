#include "proxy/io/tls_context.h"

#include <wolfssl/options.h>

#include <stdatomic.h>
#include <stdlib.h>
#include <wolfssl/error-ssl.h>
#include <wolfssl/ssl.h>

#include "common/file.h"
#include "common/secret.h"

struct tls_context {
    WOLFSSL_CTX *wolf; /* owned */
    bool is_http;
    atomic_uint holders; /* its maker, and each struct tls */
};

static enum status no_memory(struct why *why)
{
    return why_fail(why, STATUS_NO_MEMORY, "tls", NULL, "no memory for TLS");
}

void tls_context_hold(struct tls_context *context)
{
    (void)atomic_fetch_add(&context->holders, 1);
}

void tls_context_free(struct tls_context *context)
{
    if (context == NULL || atomic_fetch_sub(&context->holders, 1) > 1)
        return;
    wolfSSL_CTX_free(context->wolf);
    free(context);
    (void)wolfSSL_Cleanup(); /* counted; nothing to do if it fails */
}

static enum status context_new(WOLFSSL_METHOD *method, struct tls_context **out,
                               struct why *why)
{
    struct tls_context *context;

    if (method == NULL || wolfSSL_Init() != WOLFSSL_SUCCESS) {
        free(method);
        return no_memory(why);
    }
    context = calloc(1, sizeof(*context));
    if (context == NULL) {
        free(method);
    } else {
        context->wolf = wolfSSL_CTX_new(method); /* takes |method| */
        atomic_init(&context->holders, 1);
    }
    if (context == NULL || context->wolf == NULL) {
        free(context);
        (void)wolfSSL_Cleanup(); /* counted, as above */
        return no_memory(why);
    }
    /* 1: the values are known to be good */
    (void)wolfSSL_CTX_SetMinVersion(context->wolf, WOLFSSL_TLSV1_2);
    (void)wolfSSL_CTX_set_session_cache_mode(context->wolf,
                                             WOLFSSL_SESS_CACHE_OFF);
    *out = context;
    return STATUS_OK;
}

/* wolfSSL did not take |file|; |rc| says why. */
static enum status not_taken(int rc, const char *field, const char *file,
                             const char *expected, struct why *why)
{
    if (rc == MEMORY_E || rc == MEMORY_ERROR)
        return no_memory(why);
    (void)why_fail(why, STATUS_BAD_CONFIG, field, NULL, "%s: %s", file,
                   wolfSSL_ERR_reason_error_string((unsigned long)rc));
    return why_expect(why, "%s", expected);
}

static enum status load_cas(struct tls_context *context, const char *ca_file,
                            struct why *why)
{
    struct buffer pem = buffer_with_max(TLS_PEM_MAX_BYTES);
    enum status st;
    int rc;

    if (ca_file == NULL) {
        if (wolfSSL_CTX_load_system_CA_certs(context->wolf) == WOLFSSL_SUCCESS)
            return STATUS_OK;
        return why_fail(why, STATUS_BAD_CONFIG, "tls.ca", NULL,
                        "the system has no store of CA certificates");
    }
    st = file_read(ca_file, TLS_PEM_MAX_BYTES, &pem, why);
    if (st != STATUS_OK)
        return st;
    rc = wolfSSL_CTX_load_verify_buffer(context->wolf, pem.at, (long)pem.len,
                                        WOLFSSL_FILETYPE_PEM);
    buffer_free(&pem);
    if (rc == WOLFSSL_SUCCESS)
        return STATUS_OK;
    return not_taken(rc, "tls.ca-file", ca_file, "CA certificates in PEM", why);
}

enum status tls_context_client(const char *ca_file, struct tls_context **out,
                               struct why *why)
{
    struct tls_context *context = NULL;
    enum status st;

    *out = NULL;
    st = context_new(wolfTLS_client_method(), &context, why);
    if (st != STATUS_OK)
        return st;
    /* said in so many words: some builds of wolfSSL verify nothing unasked */
    wolfSSL_CTX_set_verify(context->wolf, WOLFSSL_VERIFY_PEER, NULL);
    st = load_cas(context, ca_file, why);
    if (st != STATUS_OK) {
        tls_context_free(context);
        return st;
    }
    *out = context;
    return STATUS_OK;
}

static enum status load_chain(struct tls_context *context,
                              const char *chain_file, struct why *why)
{
    struct buffer pem = buffer_with_max(TLS_PEM_MAX_BYTES);
    enum status st = file_read(chain_file, TLS_PEM_MAX_BYTES, &pem, why);
    int rc;

    if (st != STATUS_OK)
        return st;
    rc = wolfSSL_CTX_use_certificate_chain_buffer(context->wolf, pem.at,
                                                  (long)pem.len);
    buffer_free(&pem);
    if (rc == WOLFSSL_SUCCESS)
        return STATUS_OK;
    return not_taken(rc, "tls.certificate", chain_file,
                     "a certificate chain in PEM, leaf first", why);
}

static enum status load_key(struct tls_context *context, const char *key_file,
                            struct why *why)
{
    struct buffer pem = buffer_with_max(TLS_PEM_MAX_BYTES);
    enum status st = file_read(key_file, TLS_PEM_MAX_BYTES, &pem, why);
    int rc;

    if (st != STATUS_OK)
        return st;
    rc = wolfSSL_CTX_use_PrivateKey_buffer(context->wolf, pem.at, (long)pem.len,
                                           WOLFSSL_FILETYPE_PEM);
    if (pem.len > 0)
        secret_wipe(pem.at, pem.len);
    buffer_free(&pem);
    if (rc == WOLFSSL_SUCCESS)
        rc = wolfSSL_CTX_check_private_key(context->wolf);
    if (rc == WOLFSSL_SUCCESS)
        return STATUS_OK;
    return not_taken(rc, "tls.key", key_file,
                     "the private key of the certificate, in PEM", why);
}

static enum status server_new(struct tls_context **out, struct why *why)
{
    enum status st = context_new(wolfTLS_server_method(), out, why);

    if (st != STATUS_OK)
        return st;
    wolfSSL_CTX_set_verify((*out)->wolf, WOLFSSL_VERIFY_NONE, NULL);
    (void)wolfSSL_CTX_no_ticket_TLSv13((*out)->wolf); /* it is a server's */
    return STATUS_OK;
}

enum status tls_context_server(const char *chain_file, const char *key_file,
                               struct tls_context **out, struct why *why)
{
    struct tls_context *context = NULL;
    enum status st;

    *out = NULL;
    st = server_new(&context, why);
    if (st != STATUS_OK)
        return st;
    st = load_chain(context, chain_file, why);
    if (st == STATUS_OK)
        st = load_key(context, key_file, why);
    if (st != STATUS_OK) {
        tls_context_free(context);
        return st;
    }
    *out = context;
    return STATUS_OK;
}

/* What is made here is good: only memory can be missing. */
static bool load_leaf(struct tls_context *context, struct slice der,
                      const struct tls_key *key)
{
    uint8_t room[TLS_KEY_DER_ROOM];
    struct builder text = builder_over(room, sizeof(room));
    bool ok;

    tls_key_write(key, &text);
    ok =
        builder_ok(&text) &&
        wolfSSL_CTX_use_certificate_buffer(context->wolf, der.at, (long)der.len,
                                           WOLFSSL_FILETYPE_ASN1) ==
            WOLFSSL_SUCCESS &&
        wolfSSL_CTX_use_PrivateKey_buffer(context->wolf, text.out,
                                          (long)text.len,
                                          WOLFSSL_FILETYPE_ASN1) ==
            WOLFSSL_SUCCESS;
    secret_wipe(room, sizeof(room));
    return ok;
}

enum status tls_context_leaf(struct slice der, const struct tls_key *key,
                             struct tls_context **out)
{
    struct tls_context *context = NULL;
    struct why why;
    enum status st;

    *out = NULL;
    st = server_new(&context, &why);
    if (st != STATUS_OK)
        return st;
    if (!load_leaf(context, der, key)) {
        tls_context_free(context);
        return STATUS_NO_MEMORY;
    }
    context->is_http = true;
    *out = context;
    return STATUS_OK;
}

bool tls_context_is_http(const struct tls_context *context)
{
    return context->is_http;
}

WOLFSSL_CTX *tls_context_wolf(const struct tls_context *context)
{
    return context->wolf;
}
