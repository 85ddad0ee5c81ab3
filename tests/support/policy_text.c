#include "tests/support/policy_text.h"

#include "tests/support/check.h"

struct policy *policy_text_parse(const char *text)
{
    struct policy_error err;
    struct policy *p = NULL;
    char line[512];

    if (policy_parse(slice_text(text), "etc/p.yaml", &p, &err) != STATUS_OK) {
        policy_error_line(&err, line, sizeof(line));
        fail_msg("%s\n%s", line, text);
    }
    return p;
}
