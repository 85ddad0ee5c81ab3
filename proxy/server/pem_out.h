/* proxy/server/pem_out.h: writes certificates as PEM (RFC 7468). */
#ifndef PROXY_SERVER_PEM_OUT_H
#define PROXY_SERVER_PEM_OUT_H

#include "common/buffer.h"
#include "common/slice.h"

/* Append the certificate |der|, in lines of 64 characters; more than
 * CERT_MAX_BYTES fail |out|. */
void pem_out_cert(struct slice der, struct buffer *out);

#endif
