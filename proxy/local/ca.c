#include "proxy/local/ca.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "common/limits.h"
#include "common/pem_out.h"
#include "common/secret.h"
#include "common/text.h"
#include "proxy/local/paths.h"
#include "verifier/pem.h"
#include "verifier/wolf.h"

#define KEY_FILE_MAX_BYTES  (16 * 1024)
#define CERT_FILE_MAX_BYTES (2 * CERT_MAX_BYTES)

/* A clock that was set back a little does not make it useless. */
#define BACKDATE_S (60 * 60)
#define DAY_S      (24 * 60 * 60)

/* Both files of a CA. */
struct place {
    char key[PATHS_ROOM + 8];
    char cert[PATHS_ROOM + 8];
};

static struct place place_in(const char *dir)
{
    struct place p;

    (void)snprintf(p.key, sizeof(p.key), "%s/ca.key", dir);
    (void)snprintf(p.cert, sizeof(p.cert), "%s/ca.pem", dir);
    return p;
}

void ca_free(struct ca *ca)
{
    if (ca == NULL)
        return;
    tls_key_wipe(&ca->key);
    buffer_free(&ca->der);
    free(ca);
}

static enum status no_memory(struct why *why)
{
    return why_fail(why, STATUS_NO_MEMORY, "ca", NULL, "no memory");
}

/* --- reading --------------------------------------------------------------- */

static enum status check_mode(const char *path, struct why *why)
{
    struct stat st;

    if (stat(path, &st) != 0)
        return why_fail(why, STATUS_NO_FILE, "ca.key", NULL, "%s: %s", path,
                        strerror(errno));
    if ((st.st_mode & 077) == 0)
        return STATUS_OK;
    (void)why_fail(why, STATUS_BAD_CONFIG, "ca.key", NULL, "%s has mode %03o",
                   path, (unsigned)st.st_mode & 0777u);
    return why_expect(why, "600: whoever has read it can pose as the services. "
                           "Make another: veritee ca make");
}

static enum status read_key(const char *path, struct tls_key *out,
                            struct why *why)
{
    struct buffer pem;
    enum status st = check_mode(path, why);
    bool good;

    if (st == STATUS_OK)
        st = file_read(path, KEY_FILE_MAX_BYTES, &pem, why);
    if (st != STATUS_OK)
        return st;
    good = tls_key_read(buffer_view(&pem), out);
    if (pem.len > 0)
        secret_wipe(pem.at, pem.len);
    buffer_free(&pem);
    return good ? STATUS_OK
                : why_fail(why, STATUS_BAD_CONFIG, "ca.key", NULL,
                           "%s holds no P-256 key in PEM", path);
}

static enum status take_pem(struct slice text, struct buffer *der,
                            struct why *why)
{
    struct pem *pem = malloc(sizeof(*pem));
    enum status st;

    if (pem == NULL)
        return no_memory(why);
    st = pem_parse(text, "ca", pem, why);
    if (st == STATUS_OK)
        buffer_add(der, pem->certs[0]);
    free(pem);
    return st != STATUS_OK || buffer_ok(der) ? st : no_memory(why);
}

static enum status read_cert(const char *path, struct ca *out, struct why *why)
{
    struct buffer text;
    enum status st = file_read(path, CERT_FILE_MAX_BYTES, &text, why);

    if (st != STATUS_OK)
        return st;
    st = take_pem(buffer_view(&text), &out->der, why);
    buffer_free(&text);
    if (st == STATUS_OK)
        st = ca_cert_parse(buffer_view(&out->der), &out->cert, why);
    return st;
}

static enum status check_pair(const struct ca *ca, struct why *why)
{
    uint8_t room[128];
    struct builder spki = builder_over(room, sizeof(room));

    tls_key_spki(&ca->key, &spki);
    if (slice_equal(builder_view(&spki), ca->cert.spki))
        return STATUS_OK;
    (void)why_fail(why, STATUS_BAD_CONFIG, "ca.key", NULL,
                   "it is not the key of ca.pem");
    return why_expect(why, "the two files of one CA: veritee ca make");
}

static enum status ca_new(struct ca **out, struct why *why)
{
    *out = calloc(1, sizeof(**out));
    if (*out == NULL)
        return no_memory(why);
    (*out)->der = buffer_with_max(CERT_MAX_BYTES);
    return STATUS_OK;
}

enum status ca_load(const char *dir, struct ca **out, struct why *why)
{
    const struct place place = place_in(dir);
    enum status st;

    *out = NULL;
    if (access(place.cert, F_OK) != 0 && access(place.key, F_OK) != 0 &&
        errno == ENOENT)
        return STATUS_OK;
    st = ca_new(out, why);
    if (st == STATUS_OK)
        st = read_cert(place.cert, *out, why);
    if (st == STATUS_OK)
        st = read_key(place.key, &(*out)->key, why);
    if (st == STATUS_OK)
        st = check_pair(*out, why);
    if (st == STATUS_OK)
        return STATUS_OK;
    ca_free(*out);
    *out = NULL;
    return st;
}

/* --- making ---------------------------------------------------------------- */

/* A name that is there stands for all below it. */
#define NAMES_MAX 256

struct names {
    size_t count;
    const char *list[NAMES_MAX];
    bool full;
};

static void add_name(struct names *n, const char *name)
{
    for (size_t i = 0; i < n->count; i++)
        if (strcmp(n->list[i], name) == 0)
            return;
    if (n->count == NAMES_MAX)
        n->full = true;
    else
        n->list[n->count++] = name;
}

static enum status gather(const struct policy *p, struct names *out,
                          struct why *why)
{
    *out = (struct names){ .count = 0 };
    for (size_t i = 0; i < p->service_count; i++)
        for (size_t k = 0; k < p->services[i].host_count; k++)
            if (p->services[i].intercept)
                add_name(out, p->services[i].hosts[k].host);
    if (out->count == 0) {
        (void)why_fail(why, STATUS_BAD_CONFIG, "tls", NULL,
                       "no service of this policy needs a CA");
        return why_expect(why, "a service with tls: intercept");
    }
    if (out->full)
        return why_fail(why, STATUS_BAD_CONFIG, "ca", NULL,
                        "more than %d names of services", NAMES_MAX);
    return STATUS_OK;
}

static enum status sign(const struct names *names, int64_t now_unix,
                        struct ca *ca, struct why *why)
{
    const struct tls_cert_span span = {
        .from_unix = now_unix - BACKDATE_S,
        .until_unix = now_unix + (int64_t)CA_DAYS * DAY_S,
    };
    uint8_t room[CERT_MAX_BYTES];
    struct builder der = builder_over(room, sizeof(room));

    if (!tls_key_make(&ca->key))
        return no_memory(why);
    tls_cert_ca(&ca->key, names->list, names->count, &span, &der);
    if (!builder_ok(&der))
        return why_fail(why, STATUS_BAD_CONFIG, "ca", NULL,
                        "%zu names of services are too many for one "
                        "certificate",
                        names->count);
    buffer_add(&ca->der, builder_view(&der));
    if (!buffer_ok(&ca->der))
        return no_memory(why);
    return ca_cert_parse(buffer_view(&ca->der), &ca->cert, why);
}

void ca_pem(const struct ca *ca, struct buffer *out)
{
    pem_out_cert(buffer_view(&ca->der), out);
}

/* The room is there before the key is, so that no copy of it is left behind. */
static enum status write_key(const struct ca *ca, const char *path,
                             struct why *why)
{
    struct buffer pem = buffer_with_max(1024);
    uint8_t room[TLS_KEY_DER_ROOM];
    struct builder der = builder_over(room, sizeof(room));
    enum status st = STATUS_NO_MEMORY;

    if (buffer_reserve(&pem, 1024) != NULL) {
        tls_key_write(&ca->key, &der);
        pem_out_block("EC PRIVATE KEY", builder_view(&der), &pem);
        st = file_replace(path, buffer_view(&pem), 0600, why);
        secret_wipe(pem.at, pem.len);
    } else {
        (void)no_memory(why);
    }
    secret_wipe(room, sizeof(room));
    buffer_free(&pem);
    return st;
}

static enum status save(const struct ca *ca, const char *dir, struct why *why)
{
    const struct place place = place_in(dir);
    struct buffer pem = buffer_with_max(CERT_FILE_MAX_BYTES);
    enum status st = file_make_dirs(dir, why);

    ca_pem(ca, &pem);
    if (st == STATUS_OK && !buffer_ok(&pem))
        st = no_memory(why);
    if (st == STATUS_OK)
        st = write_key(ca, place.key, why);
    if (st == STATUS_OK)
        st = file_replace(place.cert, buffer_view(&pem), 0644, why);
    buffer_free(&pem);
    return st;
}

enum status ca_make(const char *dir, const struct policy *policy,
                    int64_t now_unix, struct ca **out, struct why *why)
{
    struct names names;
    enum status st = gather(policy, &names, why);

    *out = NULL;
    if (st == STATUS_OK)
        st = ca_new(out, why);
    if (st == STATUS_OK)
        st = sign(&names, now_unix, *out, why);
    if (st == STATUS_OK)
        st = save(*out, dir, why);
    if (st == STATUS_OK)
        return STATUS_OK;
    ca_free(*out);
    *out = NULL;
    return st;
}

/* --- asking ---------------------------------------------------------------- */

enum status ca_check_host(const struct ca *ca, const char *host,
                          int64_t now_unix, struct why *why)
{
    char day[TEXT_TIME_ROOM];

    if (ca == NULL) {
        (void)why_fail(why, STATUS_BAD_CONFIG, "tls", NULL,
                       "tls: intercept, and no CA on this computer");
        return why_expect(why, "one: veritee ca install, then reload");
    }
    if (now_unix < ca->cert.span.from_unix ||
        now_unix > ca->cert.span.until_unix) {
        text_time(now_unix < ca->cert.span.from_unix ? ca->cert.span.from_unix
                                                     : ca->cert.span.until_unix,
                  day);
        (void)why_fail(why, STATUS_BAD_CONFIG, "tls", NULL,
                       "the CA of this computer is good %s %s",
                       now_unix < ca->cert.span.from_unix ? "from" : "until",
                       day);
        return why_expect(why, "another: veritee ca make, install, reload");
    }
    if (ca_cert_covers(&ca->cert, host))
        return STATUS_OK;
    (void)why_fail(why, STATUS_BAD_CONFIG, "tls", "RFC 5280 4.2.1.10",
                   "the CA of this computer may not vouch for %.100s", host);
    return why_expect(why, "one made for it: veritee ca make, install, reload");
}

enum status ca_check_service(const struct ca *ca, const struct service *service,
                             int64_t now_unix, struct why *why)
{
    enum status st = STATUS_OK;

    for (size_t i = 0; i < service->host_count && service->intercept; i++)
        if (st == STATUS_OK)
            st = ca_check_host(ca, service->hosts[i].host, now_unix, why);
    return st;
}

enum status ca_check_policy(const struct ca *ca, const struct policy *policy,
                            int64_t now_unix, struct why *why)
{
    enum status st = STATUS_OK;

    for (size_t i = 0; i < policy->service_count && st == STATUS_OK; i++)
        st = ca_check_service(ca, &policy->services[i], now_unix, why);
    return st;
}

void ca_fingerprint(const struct ca *ca, char out[CA_FINGERPRINT_ROOM])
{
    uint8_t digest[WOLF_SHA256_BYTES];

    wolf_sha256(buffer_view(&ca->der), (struct slice){ 0 }, digest);
    text_hex(SLICE_OF(digest), out, CA_FINGERPRINT_ROOM);
}

void ca_name(const struct ca *ca, char out[TLS_CERT_NAME_ROOM])
{
    uint8_t id[20];

    tls_key_id(&ca->key, id);
    tls_cert_ca_name(id, out);
}
