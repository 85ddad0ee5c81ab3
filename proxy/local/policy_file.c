#include "proxy/local/policy_file.h"

#include "common/file.h"
#include "common/limits.h"

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
