/* common/metrics_out.h: figures as Prometheus reads them, in its text
 * exposition format, version 0.0.4.
 *
 * All samples of a family stand together behind its head. Nothing is checked:
 * names are ours. */
#ifndef COMMON_METRICS_OUT_H
#define COMMON_METRICS_OUT_H

#include <stddef.h>
#include <stdint.h>

#include "common/buffer.h"

#define METRICS_OUT_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* Begin a family: |kind| is "counter" or "gauge". */
void metrics_out_family(struct buffer *out, const char *name, const char *kind,
                        const char *help);

struct metrics_label {
    const char *name;
    const char *value; /* escaped as need be */
};

/* A sample of the family |name|, with |count| labels. */
void metrics_out_sample(struct buffer *out, const char *name,
                        const struct metrics_label *labels, size_t count,
                        int64_t value);

/* A family of one sample without labels. */
void metrics_out_single(struct buffer *out, const char *name, const char *kind,
                        const char *help, int64_t value);

#endif
