#include "proxy/tools/terminal.h"

#include <stdio.h>
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

#define CLEAR_LINE "\r\033[K"

void terminal_wait(const char *what, unsigned seconds)
{
    if (isatty(STDERR_FILENO) == 1)
        (void)fprintf(stderr, CLEAR_LINE "%s, %u s", what, seconds);
}

void terminal_wait_over(void)
{
    if (isatty(STDERR_FILENO) == 1)
        (void)fputs(CLEAR_LINE, stderr);
}
