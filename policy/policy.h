/* policy/policy.h: what the user accepts, read from one YAML file.
 *
 * Strict: an unknown word, a duplicate, a wrong length or a combination that
 * could never hold stops the reading with its line and column. What is not
 * said accepts nothing. Judging is judge.h's business, finding the service of
 * a destination route.h's. docs/man/veritee-policy.5 describes the language.
 *
 * Other files that a policy names (include, measurements) are asked for through
 * a callback: nothing here opens anything.
 *
 * A policy is read-only once parsed, and safe to share between threads. All
 * that is reachable from it dies with policy_free(). */
#ifndef POLICY_POLICY_H
#define POLICY_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buffer.h"
#include "common/compiler.h"
#include "common/limits.h"
#include "common/slice.h"
#include "common/status.h"
#include "verifier/claims.h"

struct field; /* field.h: one thing that evidence says */

/* Names are never longer. */
#define POLICY_NAME_ROOM 65 /* bytes, with the final NUL */

/* A listening socket on this machine: "host:port", or a UNIX socket. */
struct policy_address {
    const char *host; /* name or literal, without brackets, or the path of a
                       * UNIX socket, which begins with '/'; never NULL */
    uint16_t port;    /* 0: the system picks one; 0 with a path */
};

/* "host:port", "[v6]:port" or the path, cut at |room| bytes. */
#define POLICY_ADDRESS_ROOM 272
void policy_address_text(const struct policy_address *a, char *out,
                         size_t room);

/* What happens to a destination that no service names. */
enum policy_default { DEFAULT_BLOCK, DEFAULT_DIRECT };

/* Which host, or hosts, a service is for. */
struct host_pattern {
    /* As host.h spells it; of "*.a.example" it is "a.example". */
    const char *host;
    bool wildcard; /* every name below |host|, but not |host| itself */
    uint16_t port; /* 0: every port */
};

/* Where a server that speaks for a service is reached. */
struct endpoint {
    const char *url;  /* as written, for people */
    const char *host; /* lower case, without brackets */
    const char *path; /* begins with '/'; has the query, if any */
    uint16_t port;
    bool tls; /* wss:// */
};

enum policy_source_kind {
    POLICY_SOURCE_STORE,   /* the disk */
    POLICY_SOURCE_STAPLED, /* what the server sent along */
    POLICY_SOURCE_PCCS,    /* a caching service at |url| */
    POLICY_SOURCE_PCS,     /* Intel's service, or one like it at |url| */
    POLICY_SOURCE_KDS      /* AMD's, likewise */
};

/* One place to ask for collateral. */
struct policy_source {
    enum policy_source_kind kind;
    /* https, no final '/'; NULL unless PCCS, or a PCS or KDS that is not the
     * maker's. */
    const char *url;
    const char *ca_file; /* PEM; NULL: the system's CAs */
    const char *proxy;   /* outer HTTP proxy, a URL; NULL: none */
};

#define POLICY_SOURCES_MAX 8

/* Which TCB recovery to judge by, where the PCS serves two. */
enum policy_update { POLICY_UPDATE_STANDARD, POLICY_UPDATE_EARLY };

struct policy_sources {
    size_t count; /* at least 1, at most POLICY_SOURCES_MAX */
    struct policy_source *list;
    enum policy_update update;
    bool forecast; /* also look at what is to come */
};

/* Whether decisions are written down, and where. */
struct policy_audit {
    bool keep;          /* by default */
    bool asked;         /* the policy says something of it */
    const char *dir;    /* NULL: the default of the program */
    uint64_t max_bytes; /* of all that is kept */
};

struct policy_collateral {
    struct policy_sources sources;
    const char *cache_dir; /* NULL: the default of the program */
    const char *ca_file;   /* PEM, of PCCS sources; already in |sources| */
    const char *proxy;     /* of sources with a URL; already in |sources| */
    int64_t timeout_ms;    /* of one fetch */
    int64_t refresh_s;     /* fetch again after this at the latest; 0: the
                            * engine's default */
};

/* Something that evidence must say. Some of the |count| values must agree:
 * equal it under |mask|, or be reached by it if the field is a floor. */
struct clause {
    const struct field *field; /* static */
    size_t count;              /* at least 1 */
    /* |count| values of field->len bytes, as they stand in struct claims. */
    const uint8_t *values;
    const uint8_t *mask; /* field->len bytes; NULL: every bit */
};

/* One set of clauses that must all agree: a release of the far end. */
struct release {
    const char *name; /* never NULL; "" if it has none */
    size_t count;
    const struct clause *clauses; /* in the order of field.h's table */
    bool names_code; /* has a measurement; else it matches nothing */
};

/* A set of enum tcb_status. */
#define POLICY_STATUS_BIT(status) (1u << (unsigned)(status))

/* What Intel must say of the TCB. SEV-SNP has clauses instead. */
struct tcb_policy {
    uint32_t statuses;   /* of the whole; never 0, never has TCB_REVOKED */
    uint32_t platform;   /* of the TCB info's level alone; 0: not asked */
    uint32_t module;     /* of the TDX module alone; 0: not asked */
    uint32_t qe;         /* of the quoting enclave alone; 0: not asked */
    uint32_t grace_days; /* OutOfDate passes so long after its level's date */
    bool advisories_any; /* whatever they are */
    bool has_advisories; /* the list below was given, be it empty */
    size_t advisory_count;
    const char *const *advisories;
    uint32_t min_evaluation_number; /* 0: not asked */
};

/* A certificate that the user revokes, by its serial number. */
struct policy_serial {
    const char *text;                /* as written, for people */
    size_t len;                      /* at least 1 */
    uint8_t bytes[SERIAL_MAX_BYTES]; /* big endian, no leading zeros */
    const char *file;                /* where the policy says so */
    unsigned line;
};

/* What the user revokes, whatever the makers of TEEs say. */
struct policy_revocations {
    size_t serial_count;
    const struct policy_serial *serials;
    size_t crl_count;
    const char *const *crl_files; /* DER or PEM */
};

/* An external check: a program that is told the claims and accepts them by
 * its exit status. */
struct policy_exec {
    size_t argc; /* 0: none */
    const char *const
        *argv; /* |argc| of them, then NULL; the first is a path */
    int64_t timeout_ms;
};

/* What is spoken with the endpoints of a service. */
enum protocol {
    PROTOCOL_NATIVE, /* veritee/2 */
    PROTOCOL_TEEKIT  /* with what docs/THREAT-MODEL.md says of it */
};

/* "native" or "teekit"; static. */
const char *policy_protocol_name(enum protocol p);

enum freshness {
    FRESH_CHALLENGE, /* evidence made for our challenge */
    FRESH_EPOCH      /* or evidence no older than |max_age_s| */
};

struct accept {
    enum tee_type tee; /* TEE_NONE if the block says nothing: accepts nothing */
    bool debug;        /* TEEs whose memory is open to their host too */
    bool simulated;    /* the service names a root of its own */
    bool revocation_optional; /* SEV-SNP: also without AMD's list */
    enum freshness freshness;
    int64_t max_age_s;             /* of an attestation; 0: no limit of ours */
    int64_t min_collateral_life_s; /* 0: good now is good enough */
    struct tcb_policy tcb;
    struct policy_revocations revocations; /* the policy's and its own */
    struct policy_exec exec;
    size_t release_count; /* 0 only if |tee| is TEE_NONE */
    const struct release *releases;
};

/* What becomes of the streams of a session that takes no new ones. */
struct policy_ending {
    bool drain;      /* they may end by themselves, else they are cut at once */
    int64_t limit_s; /* and are cut after this; 0: never */
};

struct service {
    const char *name;
    size_t host_count; /* 0 only if there is |local| */
    const struct host_pattern *hosts;
    size_t endpoint_count; /* at least 1 */
    const struct endpoint *endpoints;
    const char *ca_file; /* PEM for wss endpoints; NULL: the system's CAs */
    /* A plain port or UNIX socket that leads here, or NULL. */
    const struct policy_address *local;
    enum protocol protocol;
    bool intercept; /* https ends on this machine, then goes on as http */
    int64_t answer_timeout_ms;       /* of a request over teekit; 0: native */
    struct policy_ending on_refusal; /* what was proved does not pass any more;
                                      * what is revoked is cut, always */
    struct policy_ending on_expiry;  /* an attestation past its deadline */
    const char *root_file; /* PEM of a simulated TEE's root; NULL: built in */
    struct policy_sources sources; /* its own, else the policy's */
    struct accept accept;
};

/* Right to the letter, and yet perhaps not what was meant. */
struct policy_warning {
    const char *file; /* one of the policy's */
    unsigned line;
    unsigned column;
    const char *text;
};

struct policy {
    const char *file_name;
    size_t file_count; /* at least 1 */
    /* All that were read: the policy, then what it includes, then files of
     * measurements. */
    const char *const *files;
    size_t listen_count;                 /* at least 1 */
    const struct policy_address *listen; /* loopback, or named as unsafe */
    const char *credentials;        /* a file; NULL: nobody is asked for any */
    size_t allow_user_count;        /* beside our own, at UNIX sockets */
    const char *const *allow_users; /* names or numbers */
    enum policy_default unnamed;
    struct policy_collateral collateral;
    struct policy_revocations revocations; /* of every service */
    struct policy_audit audit;
    size_t service_count;
    const struct service *services;
    size_t warning_count;
    const struct policy_warning *warnings;
    struct arena *memory; /* owns everything above */
};

/* A place in a file. */
struct policy_place {
    char file[256];  /* the end of its name, if it does not fit */
    unsigned line;   /* from 1; 0 if there is no such place */
    unsigned column; /* in characters, from 1 */
};

/* Where and why a policy was refused. */
struct policy_error {
    struct policy_place at;   /* line 0 if the policy could not be opened */
    struct policy_place also; /* where two places are at odds: the other */
    struct why why;           /* |field| is the word it is about, or NULL */
};

/* Put the whole file |path| in |out|, at most |max| bytes; the reader frees it.
 * Returns STATUS_OK; else STATUS_NO_FILE or STATUS_NO_MEMORY with |why| filled
 * and |out| empty, as file_read() does. */
typedef enum status policy_read_fn(void *ctx, const char *path, size_t max,
                                   struct buffer *out, struct why *why);

/* Where the files of a policy come from. */
struct policy_files {
    policy_read_fn *read;
    void *ctx;
};

/* Read the policy that |files| have as |path|, and all that it names. Paths in
 * a file are relative to its folder; errors say them as they are asked for.
 *
 * Returns STATUS_OK with |*out| the caller's to policy_free(); else
 * STATUS_BAD_CONFIG, STATUS_NO_MEMORY, or what reading |path| itself came to,
 * with |err| (not NULL) filled and |*out| NULL. */
MUST_CHECK enum status policy_load(const char *path,
                                   const struct policy_files *files,
                                   struct policy **out,
                                   struct policy_error *err);

/* policy_load() of a |text| that is at hand and may name no other file to be
 * read. It may be freed after the call. */
MUST_CHECK enum status policy_parse(struct slice text, const char *file_name,
                                    struct policy **out,
                                    struct policy_error *err);

/* NULL is allowed. */
void policy_free(struct policy *p);

/* "intercept" or "passthrough": what becomes of the TLS of browsers. */
const char *policy_tls_name(const struct service *s);

/* True if some service has tls: intercept. */
bool policy_intercepts(const struct policy *p);

/* True if some endpoint is wss://. */
bool policy_uses_tls(const struct service *s);

/* "file:line:column: found X, expected Y; see also file:line:column", cut at
 * |room| (not 0) bytes. */
void policy_error_line(const struct policy_error *err, char *line, size_t room);

#endif
