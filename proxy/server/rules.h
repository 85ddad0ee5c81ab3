/* proxy/server/rules.h: which backend a requested name and port lead to, and
 * who may ask.
 *
 * What no rule names is refused, before any name is resolved: a client can
 * reach what the rules name and nothing else. A rule is one line:
 *
 *   demo.example:80=127.0.0.1:9000       one name, one port
 *   *.example:443=[::1]:8443             every name below example
 *   chat.example:*=/run/chat.sock        every port, to a UNIX socket
 *   *:80=localhost:9000                  every name and address
 *
 * Words behind it, separated by blanks, open it to requests that come in clear:
 *
 *   demo.example:80=127.0.0.1:9000 plain encrypted=/api encrypted=/secret
 *
 * "plain": such requests are passed on too; "encrypted=PATH": but not those for
 * PATH and what is below.
 *
 * The most specific rule wins, whatever the order: a whole host before a
 * longer "*.suffix" before a shorter one before "*"; among those, a port
 * before "*". Two rules for the same are an error. Letters of either case are
 * alike, a final dot is ignored, IP addresses compare by value. */
#ifndef PROXY_SERVER_RULES_H
#define PROXY_SERVER_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/slice.h"
#include "common/status.h"

#define RULES_MAX            1024
#define RULES_LINE_MAX_BYTES 1024
#define RULES_HOST_ROOM      256 /* the host of a backend and a NUL */
#define RULES_FILE_MAX_BYTES (RULES_MAX * RULES_LINE_MAX_BYTES)

struct rules;

/* With one holder, who may add rules while there is no other. Returns STATUS_OK
 * or STATUS_NO_MEMORY; |*out| is NULL unless OK. */
MUST_CHECK enum status rules_new(struct rules **out);

/* The same of |from| once more, to be added to. As rules_new(). */
MUST_CHECK enum status rules_copy(const struct rules *from, struct rules **out);

/* From any thread: one holder more, and less; the last one frees. */
struct rules *rules_hold(struct rules *r);
void rules_let_go(struct rules *r); /* NULL is allowed */

/* Add one rule. Returns STATUS_OK; STATUS_BAD_CONFIG (malformed, or there is
 * one for the same), STATUS_LIMIT or STATUS_NO_MEMORY with |why| filled, and
 * then nothing was added. */
MUST_CHECK enum status rules_add(struct rules *r, struct slice line,
                                 struct why *why);

/* Add the rules of |text|: one a line, blanks around them and lines that
 * begin with '#' are ignored. As rules_add(); |why| names |name| and the
 * line. Rules before the defect stay added. */
MUST_CHECK enum status rules_add_text(struct rules *r, struct slice text,
                                      const char *name, struct why *why);

/* Add the rules of the file at |path|; as rules_add_text(), or
 * STATUS_NO_FILE. */
MUST_CHECK enum status rules_add_file(struct rules *r, const char *path,
                                      struct why *why);

size_t rules_count(const struct rules *r);

/* Where a request leads. Borrowed from the rules. */
struct rules_backend {
    struct slice host; /* name, IP literal without brackets, or the path of a
                        * UNIX socket, which begins with '/' */
    uint16_t port;     /* 0 for a UNIX socket */
    bool plain;        /* requests in clear may pass, but for: */
    struct slice encrypted; /* paths, separated by blanks */
};

/* The backend for |target|, "host:port". Returns STATUS_OK, STATUS_BAD_ADDRESS
 * when it is not that, or STATUS_NOT_ALLOWED when no rule matches; |out| is
 * all zero unless OK. */
MUST_CHECK enum status rules_find(const struct rules *r, struct slice target,
                                  struct rules_backend *out);

/* The backend for plain HTTP to |host|, a name or an address without brackets:
 * as rules_find() for its port 80. */
MUST_CHECK enum status rules_find_web(const struct rules *r, struct slice host,
                                      struct rules_backend *out);

/* Where |from| leads, borrowed from |host| instead of the rules; in clear
 * nothing passes. */
struct rules_backend rules_backend_keep(const struct rules_backend *from,
                                        char host[static RULES_HOST_ROOM]);

/* May a request for |path|, as url_path_write() has it, reach |to| in clear? */
bool rules_allow_plain(const struct rules_backend *to, struct slice path);

#endif
