/* ca_cert_parse() on any bytes: what it accepts lies in the input, and has at
 * least one name, which it covers. */
#include <assert.h>
#include <string.h>

#include "policy/host.h"
#include "proxy/local/ca_cert.h"

static bool is_inside(struct slice part, struct slice whole)
{
    return part.at >= whole.at && part.len <= whole.len &&
           (size_t)(part.at - whole.at) <= whole.len - part.len;
}

static void check_name(const struct ca_cert *cert, struct slice name)
{
    char host[HOST_ROOM];

    assert(name.len < sizeof(host));
    memcpy(host, name.at, name.len);
    host[name.len] = '\0';
    assert(ca_cert_covers(cert, host));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct slice der = slice_of(data, len);
    struct ca_cert cert;
    struct cursor names;
    struct slice name;
    struct why why;
    size_t count = 0;

    if (ca_cert_parse(der, &cert, &why) != STATUS_OK)
        return 0;
    assert(is_inside(cert.subject, der) && is_inside(cert.spki, der));
    names = ca_cert_names(&cert);
    for (; ca_cert_next(&names, &name); count++)
        check_name(&cert, name);
    assert(count > 0);
    return 0;
}
