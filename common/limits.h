/* common/limits.h: every limit of the program, with its unit and reason.
 *
 * Each has a test on both sides of it. Sums of lengths are checked by
 * subtracting from the limit, never by adding to a peer's number. */
#ifndef COMMON_LIMITS_H
#define COMMON_LIMITS_H

/* clang-format off */

/* Evidence and collateral. Real ones: quotes near 5 KiB, collateral items up
 * to 10 KiB, revocation lists up to 4 KiB; hosts pad quotes to 8,000 bytes. */
#define QUOTE_MAX_BYTES        (64 * 1024)
#define COLLATERAL_MAX_BYTES   (1024 * 1024) /* one item, body or chain */
#define JSON_MAX_DEPTH         256   /* a byte each: nothing recurses */
#define CHAIN_MAX_CERTS        4     /* leaf, CA, root and one too many */
#define CERT_MAX_BYTES         (8 * 1024)
#define SERIAL_MAX_BYTES       20    /* of a certificate, RFC 5280 4.1.2.2 */
#define EXTENSIONS_MAX         32    /* of a certificate; real ones have 10 */
#define CRL_MAX_ENTRIES        16384
#define CRL_NUMBER_MAX_BYTES   20    /* RFC 5280 5.2.3 */
#define TCB_NUMBERS_MAX        32    /* TCB data sets at a time; real: 10 */
#define TCB_LEVELS_MAX         64    /* real TCB infos have up to 21 */
#define ISV_LEVELS_MAX         32    /* of a QE or TDX module; real: up to 8 */
#define TDX_MODULES_MAX        16    /* real TCB infos have 2 */
#define ADVISORIES_MAX         128   /* of one verdict; Intel's list holds 20 */
#define ADVISORY_MAX_BYTES     24    /* "INTEL-SA-00615" with its NUL, and room */
#define SNP_CSP_ID_MAX_BYTES   128   /* with its NUL; real ones have 29 */
#define COLLATERAL_SLOTS_MAX   256  /* items in memory; a platform needs 4, and
                                     * shares 3 of them */
#define ARCHIVE_ITEMS_MAX      4096 /* of a bundle of collateral */
#define ARCHIVE_MAX_BYTES      (64 * 1024 * 1024) /* all of it */
#define COLLATERAL_WAITS_MAX   1024 /* who ask at the same time */
#define FETCH_HEAD_MAX_BYTES   (64 * 1024) /* an answer's head; chains stand in
                                            * it, percent-encoded: 3 KiB */
#define CLOCK_SKEW_SECONDS     60    /* how far "not yet" may lie ahead */

/* The announcement of a server, before anything is verified. */
#define ANNOUNCE_MAX_BYTES     (256 * 1024)
#define STAPLED_MAX_BYTES      (128 * 1024) /* of it: collateral; a real set
                                             * has 30 KiB */

/* The policy file. Real ones: 20 lines a service. */
#define POLICY_MAX_BYTES       (256 * 1024)
#define POLICY_MEMORY_MAX_BYTES (32 * 1024 * 1024) /* all that is read of it */
#define POLICY_MAX_DEPTH       12    /* the language needs 8 */
#define POLICY_ITEMS_MAX       512   /* of one list or map; services of all files */
#define POLICY_FILES_MAX       64    /* that one policy is made of */
#define POLICY_INCLUDE_MAX_DEPTH 8   /* files that include each other */
#define MEASUREMENTS_MAX_BYTES (1024 * 1024) /* a file; an entry is 700 bytes */
#define CRL_FILES_MAX          8     /* the user's own, of one service */
#define EXEC_ARGS_MAX          32    /* of an external check, with its path */
#define EXEC_DEFAULT_MS        5000
#define EXEC_MAX_MS            15000 /* the rest of an attestation needs time */

/* Local requests. */
#define HTTP_HEAD_MAX_BYTES    (32 * 1024) /* 431 beyond */
#define HTTP_HEADERS_MAX       128
#define LOCAL_CONNS_MAX        16384 /* of all workers; near 12 KiB each */
#define LOGIN_TRIES_MAX        20    /* wrong passwords of one address */
#define LOGIN_TRIES_MS         60000 /* in so long */
#define SOCKS_MAX_BYTES        1024        /* a whole SOCKS request */

/* The native session. */
#define RECORD_MAX_BYTES       65535 /* one Noise transport message */
#define RECORD_PLAIN_BYTES     (64 * 1024 - 128) /* what we fill: with all that
                              * stands around it one segment on loopback */
#define STREAMS_MAX            1024  /* open at once in a session */
#define STREAM_CREDIT_BYTES    (16 * 1024) /* every stream may send as much at
                                            * once: half of what all may */
#define STREAM_WINDOW_BYTES    (256 * 1024) /* what it is raised to at once */
#define STREAM_WINDOW_MAX_BYTES (1024 * 1024) /* and while its reader keeps up */
#define SESSION_QUEUED_MAX_BYTES (32 * 1024 * 1024) /* all streams together */
#define SESSION_OUT_RECORDS    4     /* sealed or being filled: 256 KiB */
#define TARGET_MAX_BYTES       320   /* "host:port" of an open frame */

/* A teekit session. */
#define TEEKIT_ANSWER_DEADLINE_MS 60000 /* a request to its answer */
#define TEEKIT_HELD_MAX_BYTES  (512 * 1024 * 1024) /* messages in parts, to be
                                     * sent, or not yet taken; of a session */

/* A server's requests, before anybody has proved anything. */
#define SERVER_HEAD_MAX_BYTES  (8 * 1024)  /* 431 beyond */

/* Threads. */
#define WORKERS_MAX            64
#define MAILBOX_LETTERS_MAX    4096  /* waiting to be read by one loop */

/* Time. */
#define ATTEST_DEADLINE_MS     20000 /* dial, evidence, collateral, verdict */
#define HANDSHAKE_DEADLINE_MS  30000 /* each wait for the peer in a handshake;
                                      * above ATTEST_DEADLINE_MS */
#define HEAD_DEADLINE_MS       30000 /* a local client's request head */
#define SERVER_HEAD_DEADLINE_MS 10000 /* a server's client's request head */
#define QUOTE_DEADLINE_MS      10000 /* from its order, with the queue */
#define DRAIN_DEADLINE_MS      10000 /* from SIGTERM to the end of a program */
#define DRAIN_SECONDS_MAX      86400 /* what a user may make of it */
#define KEEP_ALIVE_IDLE_MS     120000 /* a local client between requests */
#define SESSION_IDLE_MS        1800000 /* of a client that has no stream: what
                                        * a server waits longer for */
#define IDLE_SECONDS_MAX       1000000 /* what a user may make of these */
#define FAR_IDLE_MS            4000  /* a far side kept for a next request:
                                      * many servers end theirs after 5 s */
#define HALF_CLOSED_IDLE_MS    600000 /* one direction ended, the other mute */
#define DIAL_DEADLINE_MS       10000
#define OPEN_DEADLINE_MS       15000 /* a stream's open to its opened */
#define PING_INTERVAL_MS       20000
#define PING_DEADLINE_MS       20000 /* from ping to pong */

/* Logging. */
#define LOG_LINE_MAX_BYTES     8192
#define LOG_VALUE_MAX_BYTES    512
#define LOG_FIELDS_MAX         12

/* clang-format on */

#endif
