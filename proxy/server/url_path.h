/* proxy/server/url_path.h: the path of a URL in the one form that compares.
 *
 * As a browser would have it before it sends it (URL standard, "path state"):
 * backslashes are slashes, "." and ".." are gone, also where they are written
 * with %2e, and bytes that no request line may have are percent-encoded. Other
 * escapes stay as they are. */
#ifndef PROXY_SERVER_URL_PATH_H
#define PROXY_SERVER_URL_PATH_H

#include <stdbool.h>

#include "common/buffer.h"
#include "common/slice.h"

/* Append |path|, which begins anywhere below the root, and its |query|, with
 * the "?" if there is one. |out|'s failure is the only error; the result is
 * ASCII and begins with "/". */
void url_path_write(struct slice path, struct slice query, struct buffer *out);

/* Does |path|, which url_path_write() wrote, mean |prefix| or something below
 * it? Compared as a server might that is generous: escapes undone, letters of
 * either case alike, several slashes as one, each segment without what stands
 * behind a semicolon. A |prefix| "/a" covers "/a", "/a/b", but not "/ab". A
 * |path| where such a server would find "." or ".." may mean anything: it is
 * below every |prefix|. */
bool url_path_below(struct slice path, struct slice prefix);

#endif
