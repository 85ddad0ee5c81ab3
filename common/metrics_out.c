#include "common/metrics_out.h"

#include <inttypes.h>

void metrics_out_family(struct buffer *out, const char *name, const char *kind,
                        const char *help)
{
    buffer_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind);
}

/* A label's value: three characters are escaped. */
static void put_value(struct buffer *out, const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '\\' || *c == '"')
            buffer_byte(out, '\\');
        if (*c == '\n')
            buffer_text(out, "\\n");
        else
            buffer_byte(out, (uint8_t)*c);
    }
}

void metrics_out_sample(struct buffer *out, const char *name,
                        const struct metrics_label *labels, size_t count,
                        int64_t value)
{
    buffer_text(out, name);
    for (size_t i = 0; i < count; i++) {
        buffer_printf(out, "%s%s=\"", i == 0 ? "{" : ",", labels[i].name);
        put_value(out, labels[i].value);
        buffer_byte(out, '"');
    }
    buffer_printf(out, "%s %" PRId64 "\n", count > 0 ? "}" : "", value);
}

void metrics_out_single(struct buffer *out, const char *name, const char *kind,
                        const char *help, int64_t value)
{
    metrics_out_family(out, name, kind, help);
    metrics_out_sample(out, name, NULL, 0, value);
}
