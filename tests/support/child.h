/* tests/support/child.h: a helper program of a test, with pipes to its input
 * and output. It dies with the test, however that ends. */
#ifndef TESTS_SUPPORT_CHILD_H
#define TESTS_SUPPORT_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

struct child {
    pid_t pid; /* 0: none */
    int in;    /* we write */
    int out;   /* we read */
};

/* Start argv[0] with |argv| (NULL-terminated). Standard error is ours. */
void child_start(struct child *c, const char *const argv[]);

/* False once it has ended by itself. */
bool child_is_alive(const struct child *c);

/* Write |line| and a line break. */
void child_tell(struct child *c, const char *line);

/* Read a line, without its break, of less than |room| bytes; fails the test
 * after 20 seconds. */
void child_hear(struct child *c, char *line, size_t room);

/* End it now, and wait for it. Nothing if there is none. */
void child_end(struct child *c);

/* True if |path| is a program that can be run. */
bool child_is_there(const char *path);

#endif
