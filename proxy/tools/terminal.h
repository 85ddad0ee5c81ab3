/* proxy/tools/terminal.h: what goes to a terminal and nowhere else.
 *
 * Colour, and a line that says what is waited for. Nothing of it reaches a
 * file or a pipe. */
#ifndef PROXY_TOOLS_TERMINAL_H
#define PROXY_TOOLS_TERMINAL_H

#include <stdbool.h>

/* True when |fd| is a terminal that shows colours, and the user has not asked
 * for none by NO_COLOR (no-color.org). */
bool terminal_colour(int fd);

/* "what, N s" as the last line of standard error, in place of what this said
 * before; nothing unless that is a terminal. */
void terminal_wait(const char *what, unsigned seconds);

/* Take that line away. */
void terminal_wait_over(void);

#endif
