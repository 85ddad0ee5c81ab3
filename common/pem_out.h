/* common/pem_out.h: writes PEM (RFC 7468). */
#ifndef COMMON_PEM_OUT_H
#define COMMON_PEM_OUT_H

#include "common/buffer.h"
#include "common/slice.h"

/* Append |der| as a |label| ("EC PRIVATE KEY"), in lines of 64 characters;
 * more than CERT_MAX_BYTES fail |out|. */
void pem_out_block(const char *label, struct slice der, struct buffer *out);

/* Append the certificate |der|, likewise. */
void pem_out_cert(struct slice der, struct buffer *out);

#endif
