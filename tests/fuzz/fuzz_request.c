/* proxy/server/request.h and upgrade.h: requests, whole and byte by byte, must
 * be understood alike. */
#include "proxy/server/request.h"

#include <stdint.h>
#include <stdlib.h>

#include "common/compiler.h"
#include "proxy/server/upgrade.h"

#define REQUESTS_MAX 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What was found in some input. */
struct found {
    size_t heads;
    size_t ends;
    size_t body_bytes;
    size_t fields;
    size_t upgrades;
    bool bad;
};

static void on_head(const struct request *r, struct found *f)
{
    struct upgrade u;
    struct why why;

    f->heads++;
    f->fields += r->reader.fields.count;
    f->upgrades +=
        upgrade_check(r, f->upgrades % 2 == 0, &u, &why) == STATUS_OK;
}

static void read_all(struct slice text, size_t size, struct found *f)
{
    struct request r;

    request_init(&r, 4096);
    while (text.len > 0 && !f->bad && f->ends < REQUESTS_MAX) {
        struct slice in = slice_of(text.at, MIN_OF(size, text.len));
        enum http_step step = HTTP_GOT_HEAD;

        text = slice_of(text.at + in.len, text.len - in.len);
        while (step != HTTP_WANT_MORE && !f->bad && f->ends < REQUESTS_MAX) {
            step = request_read(&r, &in);
            f->bad = step == HTTP_BAD;
            if (step == HTTP_GOT_HEAD)
                on_head(&r, f);
            if (step == HTTP_GOT_BODY)
                f->body_bytes += r.reader.piece.len;
            if (step == HTTP_GOT_END) {
                f->ends++;
                request_next(&r);
            }
        }
    }
    request_fini(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct found whole = { 0 }, bytes = { 0 };

    read_all(slice_of(data, len), len, &whole);
    read_all(slice_of(data, len), 1, &bytes);
    if (whole.heads != bytes.heads || whole.ends != bytes.ends ||
        whole.body_bytes != bytes.body_bytes || whole.fields != bytes.fields ||
        whole.upgrades != bytes.upgrades || whole.bad != bytes.bad)
        abort();
    return 0;
}
