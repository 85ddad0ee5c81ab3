/* common/text.h: numbers, hexadecimal, base64 and host names, strictly.
 *
 * Every reader takes the whole of its input or refuses it; nothing skips
 * white space, signs or leftovers. Hexadecimal and base64: RFC 4648. */
#ifndef COMMON_TEXT_H
#define COMMON_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/slice.h"

/* Write |bytes| as lower-case hexadecimal and a NUL; |room| must be at least
 * 2 * bytes.len + 1. */
void text_hex(struct slice bytes, char *out, size_t room);

/* As text_hex(), but what does not fit is cut and marked by "...". */
void text_hex_cut(struct slice bytes, char *out, size_t room);

/* Read exactly |len| bytes from 2 * |len| hexadecimal digits of either case.
 * False, and |out| all zero, when |text| is anything else. */
MUST_CHECK bool text_from_hex(struct slice text, uint8_t *out, size_t len);

/* Read a decimal number without sign or leading zeros, at most |max|. */
MUST_CHECK bool text_from_decimal(struct slice text, uint64_t max,
                                  uint64_t *out);

/* base64url without padding (RFC 4648 section 5). |room| must be at least
 * TEXT_BASE64_ROOM(bytes.len). */
#define TEXT_BASE64_ROOM(len) (((len) + 2) / 3 * 4 + 1)
void text_base64url(struct slice bytes, char *out, size_t room);

/* Standard base64 with padding (RFC 4648 section 4). */
void text_base64(struct slice bytes, char *out, size_t room);

/* Read exactly |len| bytes of base64url without padding. */
MUST_CHECK bool text_from_base64url(struct slice text, uint8_t *out,
                                    size_t len);

/* Read standard base64, padding required, line breaks (CR, LF) skipped, as
 * PEM has it (RFC 7468). Writes at most |room| bytes; |*len| is how many. */
MUST_CHECK bool text_from_base64(struct slice text, uint8_t *out, size_t room,
                                 size_t *len);

/* Equal without regard to the case of ASCII letters. */
bool text_same_word(struct slice a, struct slice b);

/* The same with a C string, whose length need not be known: most words differ
 * in their first letter. */
bool text_is_word(struct slice a, const char *word);

/* Is it one of |count| words? */
bool text_is_any(struct slice a, const char *const *words, size_t count);

/* True for a token, as HTTP's names and methods are (RFC 9110 section 5.6.2):
 * not empty. */
bool text_is_token(struct slice text);

/* |text| without the blanks and tabs around it. */
struct slice text_trim(struct slice text);

/* The next item of a comma-separated |list|, trimmed; empty items are passed
 * over (RFC 9110 section 5.6.1). |list| moves behind it. False, and |item|
 * empty, when there is none. */
bool text_list_next(struct slice *list, struct slice *item);

/* Is |word| among the items of |list|, letters of either case alike? */
bool text_list_has(struct slice list, struct slice word);

/* Read "YYYY-MM-DDThh:mm:ssZ" (RFC 3339, UTC, whole seconds) as unix time. */
MUST_CHECK bool text_from_time(struct slice text, int64_t *unix_out);

/* Write unix time as "YYYY-MM-DDThh:mm:ssZ" and a NUL. */
#define TEXT_TIME_ROOM 32
void text_time(int64_t unix_seconds, char out[TEXT_TIME_ROOM]);

/* "host:port", "1.2.3.4:port" or "[v6]:port". |host| borrows from |text| and
 * has no brackets. False when the port is missing or not 1 to 65535, or the
 * host is empty or has a byte that no host can have. */
MUST_CHECK bool text_host_port(struct slice text, struct slice *host,
                               uint16_t *port);

/* True for a host name, IPv4 or IPv6 literal as it may stand in a URL or a
 * SOCKS request: 1 to 253 bytes of letters, digits, '-', '.', '_' or ':'. */
MUST_CHECK bool text_is_host(struct slice host);

#endif
