/* common/http_reason.h: what an HTTP status is called (RFC 9110 section 15).
 *
 * For people who read heads; no program does. */
#ifndef COMMON_HTTP_REASON_H
#define COMMON_HTTP_REASON_H

/* "Not Found"; "" for a code that this program never sends. Static. */
const char *http_reason(int code);

#endif
