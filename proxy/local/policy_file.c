#include "proxy/local/policy_file.h"

#include "common/file.h"
#include "common/limits.h"
#include "verifier/root.h"

enum status policy_file_load(const char *path, struct policy **out,
                             struct policy_error *err)
{
    struct buffer text;
    enum status st;

    *out = NULL;
    *err = (struct policy_error){ .file = path };
    st = file_read(path, POLICY_MAX_BYTES, &text, &err->why);
    if (st != STATUS_OK)
        return st;
    st = policy_parse(buffer_view(&text), path, out, err);
    buffer_free(&text);
    return st;
}

enum status policy_file_root(const char *path, struct buffer *der,
                             struct why *why)
{
    struct buffer text = buffer_with_max(COLLATERAL_MAX_BYTES);
    struct trust_root root;
    enum status st = file_read(path, COLLATERAL_MAX_BYTES, &text, why);

    /* To root_read() nothing means the built-in root. */
    if (st == STATUS_OK && text.len == 0)
        st = why_fail(why, STATUS_BAD_CERT, "root", NULL, "%s is empty", path);
    if (st == STATUS_OK)
        st = root_read(buffer_view(&text), &root, why);
    if (st == STATUS_OK)
        *der = text; /* handed over: verify_quote() reads PEM and DER alike */
    else
        buffer_free(&text);
    return st;
}
