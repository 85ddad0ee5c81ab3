#include "common/pem_out.h"

#include <string.h>

#include "common/limits.h"
#include "common/secret.h"
#include "common/text.h"

void pem_out_block(const char *label, struct slice der, struct buffer *out)
{
    char text[TEXT_BASE64_ROOM(CERT_MAX_BYTES)];

    if (der.len > CERT_MAX_BYTES) {
        out->failed = true;
        return;
    }
    text_base64(der, text, sizeof(text));
    buffer_printf(out, "-----BEGIN %s-----\n", label);
    for (const char *line = text; *line != '\0'; line += strnlen(line, 64))
        buffer_printf(out, "%.64s\n", line);
    buffer_printf(out, "-----END %s-----\n", label);
    secret_wipe(text, sizeof(text)); /* it may be a key */
}

void pem_out_cert(struct slice der, struct buffer *out)
{
    pem_out_block("CERTIFICATE", der, out);
}
