/* common/der_tag.h: what an element of DER (ITU-T X.690) is.
 *
 * For those who read it (verifier/der.h) and those who write it (der_out.h). */
#ifndef COMMON_DER_TAG_H
#define COMMON_DER_TAG_H

/* Identifier octets, X.690 8.1.2. */
enum der_tag {
    DER_BOOLEAN = 0x01,
    DER_INTEGER = 0x02,
    DER_BIT_STRING = 0x03,
    DER_OCTET_STRING = 0x04,
    DER_OID = 0x06,
    DER_ENUMERATED = 0x0a,
    DER_UTF8_STRING = 0x0c,
    DER_PRINTABLE_STRING = 0x13,
    DER_UTC_TIME = 0x17,
    DER_GENERALIZED_TIME = 0x18,
    DER_SEQUENCE = 0x30,
    DER_SET = 0x31,
    DER_CONTEXT_0 = 0x80, /* [0] IMPLICIT of a primitive type */
    DER_CONTEXT_2 = 0x82,
    DER_CONTEXT_7 = 0x87,
    DER_CONTEXT_CONSTRUCTED_0 = 0xa0, /* [0] EXPLICIT, or of a constructed */
    DER_CONTEXT_CONSTRUCTED_1 = 0xa1,
    DER_CONTEXT_CONSTRUCTED_3 = 0xa3
};

#endif
