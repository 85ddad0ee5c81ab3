#include "proxy/local/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool terminal_colour(int fd)
{
    const char *refused = getenv("NO_COLOR");
    const char *kind = getenv("TERM");

    if (refused != NULL && refused[0] != '\0')
        return false;
    if (kind != NULL && strcmp(kind, "dumb") == 0)
        return false;
    return isatty(fd) == 1;
}
