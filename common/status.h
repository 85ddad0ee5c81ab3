/* common/status.h: every outcome of the program, in one table.
 *
 * The name, the class, what an HTTP client is told, what a SOCKS client is
 * told and the sentence for a person come from one row and cannot drift
 * apart. A function that judges also fills a struct why.
 *
 * HTTP codes: RFC 9110 section 15. SOCKS codes: RFC 1928 section 6. */
#ifndef COMMON_STATUS_H
#define COMMON_STATUS_H

#include <stddef.h>

#include "common/compiler.h"
#include "common/slice.h"

/* Whose side an outcome is on. */
enum status_class {
    CLASS_NONE,       /* no error */
    CLASS_LOCAL,      /* this machine: memory, files, configuration */
    CLASS_NETWORK,    /* the network between us and a peer */
    CLASS_REQUEST,    /* the program that asked us */
    CLASS_PEER,       /* the far end broke the protocol */
    CLASS_EVIDENCE,   /* the far end's attestation does not verify */
    CLASS_COLLATERAL, /* what the maker of the TEE published */
    CLASS_POLICY      /* verified, but not what the user accepts */
};

/* clang-format off */
/* ROW(identifier, class, HTTP, SOCKS, sentence) */
#define STATUS_TABLE(ROW)                                                      \
    ROW(OK,             NONE,       200, 0x00, "no error")                     \
    ROW(NO_MEMORY,      LOCAL,      503, 0x01, "out of memory")                \
    ROW(NO_FILE,        LOCAL,      500, 0x01, "a file cannot be read or written") \
    ROW(BAD_CONFIG,     LOCAL,      500, 0x01, "the configuration is wrong")   \
    ROW(LIMIT,          LOCAL,      503, 0x01, "a limit of this program is reached") \
    ROW(SHUTTING_DOWN,  LOCAL,      503, 0x01, "the program is stopping")      \
    ROW(INTERNAL,       LOCAL,      500, 0x01, "a defect of this program")     \
    ROW(TIMED_OUT,      NETWORK,    504, 0x06, "the deadline passed")          \
    ROW(NO_NAME,        NETWORK,    502, 0x04, "the host name does not resolve") \
    ROW(UNREACHABLE,    NETWORK,    502, 0x03, "the network or host cannot be reached") \
    ROW(REFUSED,        NETWORK,    502, 0x05, "the connection was refused")   \
    ROW(NETWORK,        NETWORK,    502, 0x01, "the connection failed")        \
    ROW(CUT,            NETWORK,    502, 0x01, "the connection ended without a proper close") \
    ROW(TLS,            NETWORK,    502, 0x01, "the outer TLS connection failed") \
    ROW(BAD_REQUEST,    REQUEST,    400, 0x01, "the request is malformed")     \
    ROW(BAD_METHOD,     REQUEST,    405, 0x07, "the method or command is not supported") \
    ROW(BAD_ADDRESS,    REQUEST,    400, 0x08, "the address is not valid")     \
    ROW(TOO_LARGE,      REQUEST,    413, 0x01, "the body is larger than the limit") \
    ROW(HEAD_TOO_LARGE, REQUEST,    431, 0x01, "the request head is larger than the limit") \
    ROW(NOT_SERVICE,    REQUEST,    403, 0x02, "the destination is not a named service") \
    ROW(MISDIRECTED,    REQUEST,    421, 0x01, "the request is for another host than its connection") \
    ROW(NOT_ALLOWED,    REQUEST,    403, 0x02, "the server's rules do not allow this destination") \
    ROW(NO_LOGIN,       REQUEST,    401, 0x02, "credentials for this page are missing or wrong") \
    ROW(NO_ACCESS,      REQUEST,    407, 0x02, "credentials are missing or wrong") \
    ROW(TOO_MANY_TRIES, REQUEST,    429, 0x02, "too many wrong passwords were tried") \
    ROW(TRUNCATED,      PEER,       502, 0x01, "input ends inside a field")    \
    ROW(TRAILING,       PEER,       502, 0x01, "input goes on after its end")  \
    ROW(BAD_VERSION,    PEER,       502, 0x01, "the version is not known")     \
    ROW(BAD_FIELD,      PEER,       502, 0x01, "a field has an impossible value") \
    ROW(BAD_STATE,      PEER,       502, 0x01, "a message arrived out of turn") \
    ROW(BAD_RECORD,     PEER,       502, 0x01, "a record was altered, lost, repeated or reordered") \
    ROW(FLOW,           PEER,       502, 0x01, "the peer sent more than it was granted") \
    ROW(RESET,          PEER,       502, 0x01, "the peer gave up the stream")  \
    ROW(GOING_AWAY,     PEER,       503, 0x01, "the peer takes no new streams") \
    ROW(BUSY,           PEER,       503, 0x01, "the server is busy")           \
    ROW(BAD_HANDSHAKE,  PEER,       502, 0x01, "the session handshake failed") \
    ROW(BAD_SIGNATURE,  EVIDENCE,   502, 0x02, "a signature does not verify")  \
    ROW(BAD_CHAIN,      EVIDENCE,   502, 0x02, "a certificate chain does not reach the root") \
    ROW(BAD_CERT,       EVIDENCE,   502, 0x02, "a certificate is malformed")   \
    ROW(REVOKED,        EVIDENCE,   502, 0x02, "a certificate or TCB level is revoked") \
    ROW(MISMATCH,       EVIDENCE,   502, 0x02, "a value is not what it must be") \
    ROW(UNSUPPORTED,    EVIDENCE,   502, 0x02, "this kind of evidence is not supported") \
    ROW(TCB_UNKNOWN,    EVIDENCE,   502, 0x02, "no TCB level covers this platform") \
    ROW(BAD_BINDING,    EVIDENCE,   502, 0x02, "the evidence is for another key or challenge") \
    ROW(NOT_YET,        COLLATERAL, 502, 0x02, "an item is not valid yet")     \
    ROW(EXPIRED,        COLLATERAL, 502, 0x02, "an item is past its last day") \
    ROW(NO_COLLATERAL,  COLLATERAL, 503, 0x01, "collateral is missing")        \
    ROW(BAD_JSON,       COLLATERAL, 502, 0x02, "JSON is malformed")            \
    ROW(BAD_CRL,        COLLATERAL, 502, 0x02, "a revocation list is malformed") \
    ROW(ROLLBACK,       COLLATERAL, 502, 0x02, "collateral is older than what was seen before") \
    ROW(POLICY,         POLICY,     502, 0x02, "the policy does not accept this") \
    ROW(EMPTY_POLICY,   POLICY,     502, 0x02, "the policy names no measurement, so it accepts nothing")
/* clang-format on */

enum status {
#define STATUS_ENUM(id, class, http, socks, text) STATUS_##id,
    STATUS_TABLE(STATUS_ENUM)
#undef STATUS_ENUM
        STATUS_COUNT
};

/* "BAD_SIGNATURE"; static, never NULL. */
const char *status_name(enum status s);

/* A sentence for a person; static, never NULL. */
const char *status_text(enum status s);

enum status_class status_class(enum status s);

/* "evidence", "policy" ...; static, never NULL. */
const char *status_class_name(enum status_class c);

/* What an HTTP client is told, 200 to 599. */
int status_http(enum status s);

/* What a SOCKS5 client is told, 0x00 to 0x08. */
unsigned status_socks(enum status s);

/* Why a check failed, for a person. Filled by the innermost function that
 * knows; outer functions pass it on untouched. Never holds a secret.
 * All zero means "nothing failed". */
struct why {
    enum status status;
    const char *field;  /* static: "quote.auth.qe_report"; NULL if none */
    const char *clause; /* static: where the rule stands; NULL if none */
    char found[200];    /* what was there, always terminated */
    char expected[200]; /* what must be there, "" if it goes without saying */
};

/* Fill |why| (not NULL) and return |s|. |field| and |clause| must be static.
 * |found| is cut at the size of its field. */
PRINTF_LIKE(5, 6)
enum status why_fail(struct why *why, enum status s, const char *field,
                     const char *clause, const char *found, ...);

/* Add to a filled |why| what was expected; returns why->status. */
PRINTF_LIKE(2, 3)
enum status why_expect(struct why *why, const char *expected, ...);

/* What was seen where nothing failed: |why| becomes all zero but for |found|. */
PRINTF_LIKE(2, 3)
void why_seen(struct why *why, const char *found, ...);

/* why_fail() for two runs of bytes, written in hexadecimal. */
enum status why_bytes(struct why *why, enum status s, const char *field,
                      const char *clause, struct slice found,
                      struct slice expected);

/* One line for a person: "field: found ..., expected ... (clause)". Writes at
 * most |room| bytes with the final NUL; |room| must not be 0. */
void why_line(const struct why *why, char *line, size_t room);

#endif
