#include "tests/support/child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/check.h"

#define PATIENCE_MS 180000

/* In the new process. Does not return. */
static void become(const char *const argv[], int in, int out)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (dup2(in, 0) != 0 || dup2(out, 1) != 1)
        _exit(126);
    execv(argv[0], (char *const *)argv);
    _exit(127);
}

void child_start(struct child *c, const char *const argv[])
{
    int in[2], out[2];

    assert_int_equal(pipe(in), 0);
    assert_int_equal(pipe(out), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(fcntl(in[i], F_SETFD, FD_CLOEXEC), 0);
        assert_int_equal(fcntl(out[i], F_SETFD, FD_CLOEXEC), 0);
    }
    c->pid = fork();
    if (c->pid == 0)
        become(argv, in[0], out[1]);
    assert_true(c->pid > 0);
    (void)close(in[0]);
    (void)close(out[1]);
    c->in = in[1];
    c->out = out[0];
}

bool child_is_alive(const struct child *c)
{
    siginfo_t info = { .si_pid = 0 };

    /* Without taking its status: child_end() waits for it. */
    assert_int_equal(
        waitid(P_PID, (id_t)c->pid, &info, WEXITED | WNOHANG | WNOWAIT), 0);
    return info.si_pid == 0;
}

void child_tell(struct child *c, const char *line)
{
    assert_true(write(c->in, line, strlen(line)) == (ssize_t)strlen(line));
    assert_true(write(c->in, "\n", 1) == 1);
}

void child_hear(struct child *c, char *line, size_t room)
{
    struct pollfd p = { .fd = c->out, .events = POLLIN };

    for (size_t len = 0; len < room; len++) {
        assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
        assert_int_equal(read(c->out, &line[len], 1), 1);
        if (line[len] == '\n') {
            line[len] = '\0';
            return;
        }
    }
    fail_msg("the child's line is too long");
}

void child_end(struct child *c)
{
    if (c->pid == 0)
        return;
    (void)kill(c->pid, SIGKILL);
    assert_int_equal(waitpid(c->pid, NULL, 0), c->pid);
    (void)close(c->in);
    (void)close(c->out);
    c->pid = 0;
}

bool child_is_there(const char *path)
{
    return access(path, X_OK) == 0;
}
