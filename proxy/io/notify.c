#include "proxy/io/notify.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* A path, or "@" and a name in the abstract namespace. False: neither. */
static bool read_address(const char *text, struct sockaddr_un *to,
                         socklen_t *len)
{
    const size_t n = strlen(text);

    if ((text[0] != '/' && text[0] != '@') || n < 2 ||
        n >= sizeof(to->sun_path))
        return false;
    *to = (struct sockaddr_un){ .sun_family = AF_UNIX };
    memcpy(to->sun_path, text, n);
    if (text[0] == '@')
        to->sun_path[0] = '\0';
    *len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
    return true;
}

void notify_manager(const char *state)
{
    const char *named = getenv("NOTIFY_SOCKET");
    struct sockaddr_un to;
    socklen_t len;
    int fd;

    if (named == NULL || !read_address(named, &to, &len))
        return;
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    (void)sendto(fd, state, strlen(state), MSG_NOSIGNAL,
                 (const struct sockaddr *)&to, len); /* best effort */
    (void)close(fd);                                 /* nothing was buffered */
}

void notify_reloading(void)
{
    struct timespec now;
    char state[64];

    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
        return; /* not on a system that has it */
    (void)snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%" PRId64,
                   (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000);
    notify_manager(state);
}
