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
static const uint8_t oid_extension[] = { 0x2a, 0x86, 0x48, 0x86, 0xf8,
                                         0x4d, 0x01, 0x0d, 0x01 };

enum element { PPID = 1, TCB, PCEID, FMSPC, SGX_TYPE, INSTANCE_ID, CONFIG };

#define SVN_COUNT    16 /* elements 1 to 16 of the TCB */
#define TCB_PCE_SVN  17
#define TCB_CPU_SVN  18
#define TCB_ELEMENTS 18

enum configuration { DYNAMIC_PLATFORM = 1, CACHED_KEYS, SMT_ENABLED };

/* Bit |n| of |seen| for element |n|. */
#define SEEN(n) (1U << (n))

/* A list that is being read. */
struct list {
    struct cursor at;    /* over the contents of the SEQUENCE */
    struct slice parent; /* identifier of the list */
    uint8_t last;        /* a second number, 0 if |parent| is the list's */
    uint32_t seen;       /* SEEN() of each element so far */
};

/* Enter the next element: |*value| is behind its identifier. Returns its
 * number, or 0, with |list->at| failed, when it is none of 1 to |max| or comes
 * a second time. */
static unsigned list_next(struct list *list, unsigned max, struct cursor *value)
{
    struct cursor oid;
    unsigned number;

    *value = der_enter(&list->at, DER_SEQUENCE);
    oid = cursor_over(der_take(value, DER_OID));
    if (!slice_equal(cursor_take(&oid, list->parent.len), list->parent) ||
        (list->last != 0 && cursor_u8(&oid) != list->last))
        cursor_fail(&oid);
    number = cursor_u8(&oid);
    if (!cursor_finish(&oid) || number == 0 || number > max ||
        (list->seen & SEEN(number)) != 0) {
        cursor_fail(&list->at);
        return 0;
    }
    list->seen |= SEEN(number);
    return number;
}

static bool list_goes_on(const struct list *list)
{
    return cursor_ok(&list->at) && cursor_left(&list->at) > 0;
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
                         .parent = SLICE_OF(oid_extension),
                         .last = TCB };

    while (list_goes_on(&list)) {
        struct cursor value;
        unsigned number = list_next(&list, TCB_ELEMENTS, &value);

        if (number == 0)
            break;
        read_tcb_element(&value, number, out);
        der_leave(&list.at, &value);
    }
    if (list.seen != SEEN(TCB_ELEMENTS + 1) - SEEN(1))
        cursor_fail(&list.at);
    der_leave(c, &list.at);
}

static void read_flag(struct cursor *value, unsigned number,
                      struct platform_claims *out)
{
    enum tristate flag = der_boolean(value) ? TRI_TRUE : TRI_FALSE;

    switch ((enum configuration)number) {
    case DYNAMIC_PLATFORM:
        out->dynamic_platform = flag;
        return;
    case CACHED_KEYS:
        out->cached_keys = flag;
        return;
    case SMT_ENABLED:
        out->smt_enabled = flag;
        return;
    }
}

static void read_configuration(struct cursor *c, struct platform_claims *out)
{
    struct list list = { .at = der_enter(c, DER_SEQUENCE),
                         .parent = SLICE_OF(oid_extension),
                         .last = CONFIG };

    while (list_goes_on(&list)) {
        struct cursor value;
        unsigned number = list_next(&list, SMT_ENABLED, &value);

        if (number == 0)
            break;
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

static enum status malformed(const struct x509 *cert, unsigned number,
                             struct why *why)
{
    return why_fail(why, STATUS_BAD_CERT, cert->labels->of[X509_SGX_EXTENSION],
                    "SGX PCK certificate specification 1.3.5",
                    number == 0 ? "an unknown element, or one twice"
                                : "element %u is malformed",
                    number);
}

static enum status read_list(const struct x509 *cert, struct list *list,
                             struct pck_ext *out, struct why *why)
{
    static const uint32_t required =
        SEEN(PPID) | SEEN(TCB) | SEEN(PCEID) | SEEN(FMSPC) | SEEN(SGX_TYPE);

    while (list_goes_on(list)) {
        struct cursor value;
        unsigned number = list_next(list, CONFIG, &value);

        if (number == 0)
            return malformed(cert, number, why);
        read_element(&value, number, out);
        der_leave(&list->at, &value);
        if (!cursor_ok(&list->at))
            return malformed(cert, number, why);
    }
    if ((list->seen & required) != required)
        return why_fail(why, STATUS_BAD_CERT,
                        cert->labels->of[X509_SGX_EXTENSION],
                        "SGX PCK certificate specification 1.3.5",
                        "PPID, TCB, PCEID, FMSPC or SGX type is missing");
    return STATUS_OK;
}

enum status pck_ext_read(const struct x509 *cert, struct pck_ext *out,
                         struct why *why)
{
    struct slice value;
    struct cursor c;
    struct list list = { .parent = SLICE_OF(oid_extension) };
    struct pck_ext ext = { 0 };
    enum status st;

    *out = ext;
    if (!x509_extension(cert, SLICE_OF(oid_extension), &value))
        return why_fail(why, STATUS_BAD_CERT,
                        cert->labels->of[X509_SGX_EXTENSION],
                        "SGX PCK certificate specification 1.3.5", "missing");
    c = cursor_over(value);
    list.at = der_enter(&c, DER_SEQUENCE);
    if (!cursor_finish(&c))
        return malformed(cert, 0, why);
    st = read_list(cert, &list, &ext, why);
    if (st == STATUS_OK)
        *out = ext;
    return st;
}
