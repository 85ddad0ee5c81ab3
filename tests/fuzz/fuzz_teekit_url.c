/* teekit_url_read() on any bytes: a target that may stand in a request line,
 * without dots that lead upwards, and that stays what it is when read again. */
#include <assert.h>
#include <string.h>

#include "proxy/server/teekit_url.h"
#include "proxy/server/url_path.h"

static void check_target(struct slice target)
{
    struct slice path = target;
    struct teekit_url again;
    struct why why;

    assert(target.len > 0 && target.at[0] == '/');
    for (size_t i = 0; i < target.len; i++) {
        assert(target.at[i] > ' ' && target.at[i] < 0x7f);
        if (target.at[i] == '?' && path.len == target.len)
            path.len = i;
    }
    for (size_t i = 0; i + 3 <= path.len; i++)
        assert(memcmp(path.at + i, "/..", 3) != 0 ||
               (i + 3 < path.len && path.at[i + 3] != '/'));
    assert(url_path_below(target, slice_text("/")));
    if (path.len >= 2 && path.at[1] == '/')
        return; /* read again it would name a host */
    assert(target.len > 32 * 1024 ||
           teekit_url_read(target, &again, &why) == STATUS_OK);
    if (target.len > 32 * 1024)
        return;
    assert(slice_equal(buffer_view(&again.target), target));
    teekit_url_fini(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct teekit_url url;
    struct why why;

    if (teekit_url_read(slice_of(data, len), &url, &why) != STATUS_OK)
        return 0;
    check_target(buffer_view(&url.target));
    teekit_url_fini(&url);
    return 0;
}
