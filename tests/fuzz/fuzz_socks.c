/* SOCKS requests. The first byte says whether users are asked and how many
 * bytes come at a time; the latter must not matter. */
#include <assert.h>

#include "common/compiler.h"
#include "common/limits.h"
#include "proxy/local/socks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool check_user(void *ctx, struct slice user, struct slice password)
{
    (void)ctx;
    return user.len == password.len;
}

struct summary {
    enum socks_step last;
    struct target target;
    enum status why;
    size_t used;
};

static struct summary read_all(struct slice in, size_t block, bool ask)
{
    struct socks s = socks_start(ask ? check_user : NULL, NULL);
    struct summary sum = { .last = SOCKS_MORE };
    struct socks_event event = { .reply_len = 0 };
    size_t have = 0;

    while (sum.last == SOCKS_MORE && have < in.len) {
        have = MIN_OF(have + block, in.len);
        do {
            size_t used;

            sum.last =
                socks_read(&s, slice_of(in.at + sum.used, have - sum.used),
                           &used, &event);
            assert(used <= have - sum.used);
            assert(event.reply_len <= SOCKS_REPLY_ROOM);
            sum.used += used;
        } while (sum.last == SOCKS_REPLY);
    }
    assert((sum.last == SOCKS_REFUSED) == (event.why.status != STATUS_OK));
    sum.target = event.target;
    sum.why = event.why.status;
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct summary whole;
    struct summary parts;
    struct slice in;
    bool ask;

    /* A message that is too long ends by how much of it has come. */
    if (size < 2 || size > SOCKS_MAX_BYTES)
        return 0;
    in = slice_of(data + 1, size - 1);
    ask = (data[0] & 1) != 0;
    whole = read_all(in, in.len, ask);
    parts = read_all(in, (size_t)(data[0] >> 1) + 1, ask);
    assert(whole.last == parts.last && whole.why == parts.why);
    assert(whole.used == parts.used);
    assert(target_equal(&whole.target, &parts.target));
    if (whole.last == SOCKS_REQUEST)
        assert(whole.target.port != 0 && whole.target.host[0] != '\0');
    return 0;
}
