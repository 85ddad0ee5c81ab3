/* tests/support/front_server.h: a front as a program, for scripts that drive
 * it from outside.
 *
 * Every target is reached directly, but for names below "refused.invalid",
 * which are no services. */
#ifndef TESTS_SUPPORT_FRONT_SERVER_H
#define TESTS_SUPPORT_FRONT_SERVER_H

/* Listen on a loopback port that the system chooses and print its number, a
 * line. Serve until SIGTERM. Returns the exit status: 0 if nothing was left on
 * the loop. */
int front_server_run(void);

#endif
