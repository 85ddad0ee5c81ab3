/* tests/support/tls_files.h: a CA and certificates of a test's own, made by
 * openssl in a folder of its own. */
#ifndef TESTS_SUPPORT_TLS_FILES_H
#define TESTS_SUPPORT_TLS_FILES_H

#include <stdbool.h>

#include "proxy/io/tls_context.h"
#include "tests/support/folder.h"

#define TLS_FILES_PROGRAM "/usr/bin/openssl"

struct tls_files {
    struct folder folder;
    char path[128]; /* of the last tls_files_path() */
};

/* Make them: false, and a line that says so, when there is no openssl.
 *
 *   ca.pem          the CA; other-ca.pem another
 *   key.pem         of all the following; other-key.pem of none
 *   good.pem        localhost, *.wild.example, 127.0.0.1, ::1
 *   expired.pem     the same, past its last day
 *   no-name.pem     localhost as common name only
 *   self.pem        localhost, signed by itself */
bool tls_files_make(struct tls_files *f);

/* The path of |name|, until the next call. */
const char *tls_files_path(struct tls_files *f, const char *name);

/* What tls_context_server() makes of the certificates in |chain| and key.pem. */
enum status tls_files_server(struct tls_files *f, const char *chain,
                             struct tls_context **out);

void tls_files_remove(struct tls_files *f);

#endif
