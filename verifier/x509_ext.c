#include "verifier/x509_ext.h"

#include "common/limits.h"
#include "verifier/der.h"

static struct x509_ext read_any(struct cursor *list)
{
    struct cursor c = der_enter(list, DER_SEQUENCE);
    struct x509_ext ext;

    ext.oid = der_take(&c, DER_OID);
    ext.critical = der_default_false(&c);
    ext.value = der_take(&c, DER_OCTET_STRING);
    der_leave(list, &c);
    return cursor_ok(list) ? ext : (struct x509_ext){ 0 };
}

/* Is there one with |oid| in |before|, or are there too many? */
static bool is_too_much(struct slice before, struct slice oid)
{
    struct cursor c = cursor_over(before);
    size_t count = 0;

    while (cursor_left(&c) > 0)
        if (++count == EXTENSIONS_MAX || slice_equal(read_any(&c).oid, oid))
            return true;
    return false;
}

struct x509_ext x509_ext_read(struct cursor *list)
{
    struct slice before = slice_of(list->in.at, cursor_offset(list));
    struct x509_ext ext = read_any(list);

    if (cursor_ok(list) && is_too_much(before, ext.oid))
        cursor_fail(list);
    return cursor_ok(list) ? ext : (struct x509_ext){ 0 };
}

bool x509_ext_find(struct slice list, struct slice oid, struct x509_ext *out)
{
    struct cursor c = cursor_over(list);

    *out = (struct x509_ext){ 0 };
    while (cursor_ok(&c) && cursor_left(&c) > 0) {
        struct x509_ext ext = read_any(&c);

        if (cursor_ok(&c) && slice_equal(ext.oid, oid)) {
            *out = ext;
            return true;
        }
    }
    return false;
}

struct slice x509_ext_authority_id(struct cursor *value)
{
    struct cursor c = der_enter(value, DER_SEQUENCE);
    struct slice id = der_take(&c, DER_CONTEXT_0);

    if (id.len == 0)
        cursor_fail(&c);
    der_leave(value, &c);
    return cursor_ok(value) ? id : (struct slice){ 0 };
}
