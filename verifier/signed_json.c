#include "verifier/signed_json.h"

#include "common/limits.h"
#include "verifier/json.h"
#include "verifier/wolf.h"

static const char CLAUSE[] = "PCS API v4, signature";

enum status signed_json_parse(struct slice text, const char *member,
                              const char *field, struct signed_json *out,
                              struct why *why)
{
    const char *const names[] = { member, "signature" };
    struct json j = json_over(text);
    struct json_object o = JSON_OBJECT(names);
    struct signed_json item = { 0 };
    enum status st;

    *out = item;
    if (text.len == 0)
        return why_fail(why, STATUS_NO_COLLATERAL, field, CLAUSE,
                        "nothing at all");
    if (text.len > COLLATERAL_MAX_BYTES)
        return why_fail(why, STATUS_BAD_JSON, field, CLAUSE,
                        "%zu bytes, more than %d", text.len,
                        COLLATERAL_MAX_BYTES);
    while (json_member(&j, &o)) {
        if (o.at == 0)
            item.body = json_raw(&j);
        else
            json_hex(&j, item.signature, sizeof(item.signature));
    }
    json_end(&j);
    json_require(&j, &o, 3);
    st = json_status(&j, field, why);
    if (st == STATUS_OK)
        *out = item;
    return st;
}

enum status signed_json_check(const struct signed_json *item,
                              const uint8_t key[64], const char *field,
                              struct why *why)
{
    if (wolf_p256_verify(key, item->body, item->signature))
        return STATUS_OK;
    return why_fail(why, STATUS_BAD_SIGNATURE, field, CLAUSE,
                    "not signed by the TCB signing key");
}
