#include "policy/host.h"

#include <arpa/inet.h> /* floors: inet_pton and inet_ntop, text alone */
#include <string.h>

#include "common/text.h"

#define LABEL_MAX_BYTES 63 /* RFC 1035 section 2.3.4 */

static const uint8_t mapped_prefix[12] = { [10] = 0xff, [11] = 0xff };

static bool has_byte(struct slice s, char byte)
{
    return s.len > 0 && memchr(s.at, byte, s.len) != NULL;
}

static bool spell_ipv6(const char *text, char out[HOST_ROOM])
{
    uint8_t bytes[16];

    if (inet_pton(AF_INET6, text, bytes) != 1)
        return false;
    /* memcmp: public data */
    if (memcmp(bytes, mapped_prefix, sizeof(mapped_prefix)) == 0)
        return inet_ntop(AF_INET, bytes + sizeof(mapped_prefix), out,
                         HOST_ROOM) != NULL;
    return inet_ntop(AF_INET6, bytes, out, HOST_ROOM) != NULL;
}

/* The dots of a name stand between labels of 1 to 63 bytes. */
static bool has_labels(struct slice name)
{
    size_t label = 0;

    for (size_t i = 0; i < name.len; i++) {
        if (name.at[i] != '.') {
            label++;
            continue;
        }
        if (label == 0 || label > LABEL_MAX_BYTES)
            return false;
        label = 0;
    }
    return label > 0 && label <= LABEL_MAX_BYTES;
}

/* A name whose last label is a number, decimal or hexadecimal: the rule of
 * url.spec.whatwg.org, "ends in a number". */
static bool ends_in_number(const char *name)
{
    const char *dot = strrchr(name, '.');
    const char *last = dot == NULL ? name : dot + 1;

    if (last[0] == '0' && last[1] == 'x')
        return last[2 + strspn(last + 2, "0123456789abcdef")] == '\0';
    return last[strspn(last, "0123456789")] == '\0';
}

static bool spell_name(struct slice text, char out[HOST_ROOM])
{
    uint8_t bytes[4];

    if (!has_labels(text))
        return false;
    for (size_t i = 0; i < text.len; i++) {
        char c = (char)text.at[i];

        out[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    out[text.len] = '\0';
    return !ends_in_number(out) || inet_pton(AF_INET, out, bytes) == 1;
}

bool host_spell(struct slice text, char out[HOST_ROOM])
{
    char copy[HOST_ROOM] = { 0 };
    bool bracketed =
        text.len > 2 && text.at[0] == '[' && text.at[text.len - 1] == ']';
    bool ok;

    out[0] = '\0';
    if (bracketed)
        text = slice_of(text.at + 1, text.len - 2);
    if (!text_is_host(text))
        return false;
    memcpy(copy, text.at, text.len);
    if (bracketed || has_byte(text, ':')) {
        ok = spell_ipv6(copy, out);
    } else {
        if (text.at[text.len - 1] == '.')
            text.len--;
        ok = spell_name(text, out);
    }
    if (!ok)
        out[0] = '\0';
    return ok;
}

bool host_is_address(const char *spelled)
{
    uint8_t bytes[16];

    return inet_pton(AF_INET, spelled, bytes) == 1 ||
           inet_pton(AF_INET6, spelled, bytes) == 1;
}

bool host_is_loopback(const char *spelled)
{
    uint8_t bytes[4];

    if (inet_pton(AF_INET, spelled, bytes) == 1)
        return bytes[0] == 127;
    return strcmp(spelled, "localhost") == 0 || strcmp(spelled, "::1") == 0;
}
