#include "verifier/pck_ext.h"

#include "common/cursor.h"
#include "verifier/der.h"

/* Each list is a SEQUENCE of SEQUENCE { OBJECT IDENTIFIER, value }, and each
 * identifier is the list's own and one number more:
 *
 *   1.2.840.113741.1.13.1      the extension
 *   1.2.840.113741.1.13.1.2      its TCB
 *   1.2.840.113741.1.13.1.2.17     the PCESVN of that
 */
#define OID_EXTENSION 0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01

static const uint8_t oid_extension[] = { OID_EXTENSION };
static const uint8_t oid_tcb[] = { OID_EXTENSION, 0x02 };
static const uint8_t oid_configuration[] = { OID_EXTENSION, 0x07 };

enum element { PPID = 1, TCB, PCEID, FMSPC, SGX_TYPE, INSTANCE_ID, CONFIG };

/* The components are 1 to 16. */
enum tcb_element { TCB_PCE_SVN = 17, TCB_CPU_SVN = 18 };

enum flag { DYNAMIC_PLATFORM = 1, CACHED_KEYS, SMT_ENABLED };

/* Bit |n| of |seen| for element |n|. */
#define SEEN(n) (1U << (n))

/* A list that is being read. */
struct list {
    struct cursor at; /* over the contents of the SEQUENCE */
    struct slice oid; /* of the list */
    unsigned max;     /* the last element's number; the first is 1 */
    uint32_t seen;    /* SEEN() of each element so far */
};

/* Enter the next element: |*value| is behind its identifier, and is to be left
 * by der_leave(). False at the end, and when |list->at| failed: the element is
 * malformed, unknown, or comes a second time. */
static bool list_next(struct list *list, unsigned *number, struct cursor *value)
{
    struct cursor oid;

    if (!cursor_ok(&list->at) || cursor_left(&list->at) == 0)
        return false;
    *value = der_enter(&list->at, DER_SEQUENCE);
    oid = cursor_over(der_take(value, DER_OID));
    if (!slice_equal(cursor_take(&oid, list->oid.len), list->oid))
        cursor_fail(&oid);
    *number = cursor_u8(&oid);
    if (!cursor_finish(&oid) || *number == 0 || *number > list->max ||
        (list->seen & SEEN(*number)) != 0) {
        cursor_fail(&list->at);
        return false;
    }
    list->seen |= SEEN(*number);
    return true;
}

/* An OCTET STRING of exactly |len| bytes. */
static void read_octets(struct cursor *value, uint8_t *out, size_t len)
{
    struct cursor octets = der_enter(value, DER_OCTET_STRING);

    cursor_copy(&octets, out, len);
    der_leave(value, &octets);
}

static void read_tcb_element(struct cursor *value, unsigned number,
                             struct pck_ext *out)
{
    if (number == TCB_CPU_SVN)
        read_octets(value, out->platform.cpu_svn,
                    sizeof(out->platform.cpu_svn));
    else if (number == TCB_PCE_SVN)
        out->platform.pce_svn =
            (uint16_t)der_number(value, DER_INTEGER, UINT16_MAX);
    else
        out->component_svns[number - 1] =
            (uint8_t)der_number(value, DER_INTEGER, UINT8_MAX);
}

/* All eighteen must be there. */
static void read_tcb(struct cursor *c, struct pck_ext *out)
{
    struct list list = { .at = der_enter(c, DER_SEQUENCE),
                         .oid = SLICE_OF(oid_tcb),
                         .max = TCB_CPU_SVN };
    struct cursor value;
    unsigned number;

    while (list_next(&list, &number, &value)) {
        read_tcb_element(&value, number, out);
        der_leave(&list.at, &value);
    }
    if (list.seen != SEEN(TCB_CPU_SVN + 1) - SEEN(1))
        cursor_fail(&list.at);
    der_leave(c, &list.at);
}

static void read_flag(struct cursor *value, unsigned number,
                      struct platform_claims *out)
{
    enum tristate is = der_boolean(value) ? TRI_TRUE : TRI_FALSE;

    switch ((enum flag)number) {
    case DYNAMIC_PLATFORM:
        out->dynamic_platform = is;
        return;
    case CACHED_KEYS:
        out->cached_keys = is;
        return;
    case SMT_ENABLED:
        out->smt_enabled = is;
        return;
    }
}

static void read_configuration(struct cursor *c, struct platform_claims *out)
{
    struct list list = { .at = der_enter(c, DER_SEQUENCE),
                         .oid = SLICE_OF(oid_configuration),
                         .max = SMT_ENABLED };
    struct cursor value;
    unsigned number;

    while (list_next(&list, &number, &value)) {
        read_flag(&value, number, out);
        der_leave(&list.at, &value);
    }
    der_leave(c, &list.at);
}

static void read_element(struct cursor *value, unsigned number,
                         struct pck_ext *out)
{
    struct platform_claims *p = &out->platform;

    switch ((enum element)number) {
    case PPID:
        read_octets(value, p->ppid, sizeof(p->ppid));
        p->has_ppid = true;
        return;
    case TCB:
        read_tcb(value, out);
        return;
    case PCEID:
        read_octets(value, p->pce_id, sizeof(p->pce_id));
        return;
    case FMSPC:
        read_octets(value, p->fmspc, sizeof(p->fmspc));
        return;
    case SGX_TYPE:
        p->sgx_type = (uint8_t)der_number(value, DER_ENUMERATED, 2);
        return;
    case INSTANCE_ID:
        read_octets(value, p->instance_id, sizeof(p->instance_id));
        p->has_instance_id = true;
        return;
    case CONFIG:
        read_configuration(value, p);
        return;
    }
}

static const char clause[] = "SGX PCK certificate specification 1.3.5";

/* |c| is over the whole value of the extension. */
static enum status read_list(const struct x509 *cert, struct cursor *c,
                             struct pck_ext *out, struct why *why)
{
    static const uint32_t required =
        SEEN(PPID) | SEEN(TCB) | SEEN(PCEID) | SEEN(FMSPC) | SEEN(SGX_TYPE);
    struct list list = { .at = der_enter(c, DER_SEQUENCE),
                         .oid = SLICE_OF(oid_extension),
                         .max = CONFIG };
    const char *field = cert->labels->of[X509_SGX_EXTENSION];
    struct cursor value;
    unsigned number = 0;

    while (list_next(&list, &number, &value)) {
        read_element(&value, number, out);
        der_leave(&list.at, &value);
    }
    der_leave(c, &list.at);
    if (!cursor_finish(c))
        return why_fail(why, STATUS_BAD_CERT, field, clause,
                        "element %u is malformed, unknown or twice", number);
    if ((list.seen & required) != required)
        return why_fail(why, STATUS_BAD_CERT, field, clause,
                        "PPID, TCB, PCEID, FMSPC or SGX type is missing");
    return STATUS_OK;
}

enum status pck_ext_read(const struct x509 *cert, struct pck_ext *out,
                         struct why *why)
{
    struct pck_ext ext = { 0 };
    struct slice value;
    struct cursor c;
    enum status st;

    *out = ext;
    if (!x509_extension(cert, SLICE_OF(oid_extension), &value))
        return why_fail(why, STATUS_BAD_CERT,
                        cert->labels->of[X509_SGX_EXTENSION], clause,
                        "missing");
    c = cursor_over(value);
    st = read_list(cert, &c, &ext, why);
    if (st == STATUS_OK)
        *out = ext;
    return st;
}
