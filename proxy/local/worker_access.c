#include "proxy/local/worker_access.h"

#include "proxy/local/access.h"
#include "proxy/local/local_worker_parts.h"

static const struct access *present(const struct local_worker *w)
{
    return w->generation->snapshot->access;
}

bool worker_access_asks_user(void *ctx)
{
    return access_secret_of(present(ctx))->password[0] != '\0';
}

bool worker_access_check_user(void *ctx, struct slice user,
                              struct slice password)
{
    return access_secret_is(access_secret_of(present(ctx)), user, password);
}

bool worker_access_admits(const struct local_worker *w, uid_t uid)
{
    return access_has_user(present(w), uid);
}
