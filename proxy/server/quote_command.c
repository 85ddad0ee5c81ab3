#include "proxy/server/quote_command.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "common/compiler.h"
#include "common/limits.h"

#define OUTPUT_MAX_BYTES (2 * QUOTE_MAX_BYTES) /* a report and its table */
#define READ_BYTES       4096
#define EXIT_POLL_NS     5000000
#define READS_MAX        32  /* at once: more than a pipe holds */
#define WORDS_ROOM       128 /* of what it says on standard error: the end */

extern char **environ;

struct quote_command {
    int64_t deadline_ms;
    char *program; /* owned */
};

/* One run. */
struct run {
    const struct quote_command *command;
    int64_t end_ms; /* monotonic */
    pid_t pid;
    int to;   /* its standard input, or -1 */
    int from; /* its standard output, or -1 */
    int err;  /* its standard error, or -1; never blocks */
    char words[WORDS_ROOM + 1];
};

static int64_t now_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t); /* there is one on Linux */
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static enum status fail(const struct run *r, const char *what, int error,
                        struct why *why)
{
    return why_fail(why, STATUS_NO_FILE, "quote_source.command", NULL,
                    "%.100s: %s: %s", r->command->program, what,
                    strerror(error));
}

static enum status fail_late(const struct run *r, struct why *why)
{
    (void)why_fail(why, STATUS_TIMED_OUT, "quote_source.command", NULL,
                   "%.100s takes longer", r->command->program);
    return why_expect(why, "an answer within %lld ms",
                      (long long)r->command->deadline_ms);
}

/* --- what it knows of us ------------------------------------------------- */

/* Anything else in our environment may be somebody's secret. */
static const char *const passed_on[] = { "PATH", "HOME",   "TMPDIR",
                                         "LANG", "LC_ALL", "TZ" };
static const char passed_prefix[] = "QUOTE_"; /* for the program alone */

/* |variable| is "NAME=value". */
static bool is_passed_on(const char *variable)
{
    const size_t len = strcspn(variable, "=");

    for (size_t i = 0; i < COUNT_OF(passed_on); i++)
        if (slice_equal(slice_of(variable, len), slice_text(passed_on[i])))
            return true;
    return strncmp(variable, passed_prefix, strlen(passed_prefix)) == 0;
}

/* The caller frees the list; what it names stays the environment's. NULL: no
 * memory. */
static char **environment_for_it(void)
{
    size_t count = 0, used = 0;
    char **list;

    while (environ != NULL && environ[count] != NULL)
        count++;
    list = calloc(count + 1, sizeof(list[0])); /* ends in NULL */
    for (size_t i = 0; i < count && list != NULL; i++)
        if (is_passed_on(environ[i]))
            list[used++] = environ[i];
    return list;
}

/* --- start --------------------------------------------------------------- */

/* A group of its own, so that all of it can be killed; signals as usual, though
 * we ignore one. Returns an errno value. */
static int set_attributes(posix_spawnattr_t *attr)
{
    sigset_t usual, none;
    int error;

    (void)sigemptyset(&none);
    (void)sigemptyset(&usual);
    (void)sigaddset(&usual, SIGPIPE);
    error = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETPGROUP |
                                               POSIX_SPAWN_SETSIGDEF |
                                               POSIX_SPAWN_SETSIGMASK);
    if (error == 0)
        error = posix_spawnattr_setsigdefault(attr, &usual);
    if (error == 0)
        error = posix_spawnattr_setsigmask(attr, &none);
    return error;
}

/* Its three streams, in the order of their numbers. Returns an errno value. */
static int set_streams(posix_spawn_file_actions_t *actions,
                       const int streams[3])
{
    int error = 0;

    for (int i = 0; i < 3 && error == 0; i++)
        error = posix_spawn_file_actions_adddup2(actions, streams[i], i);
    return error;
}

static int spawn(struct run *r, const int streams[3], char **environment)
{
    char *const argv[] = { r->command->program, NULL };
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    int error;

    if (posix_spawn_file_actions_init(&actions) != 0)
        return ENOMEM;
    if (posix_spawnattr_init(&attr) != 0) {
        (void)posix_spawn_file_actions_destroy(&actions);
        return ENOMEM;
    }
    error = set_streams(&actions, streams);
    if (error == 0)
        error = set_attributes(&attr);
    if (error == 0)
        error = posix_spawn(&r->pid, r->command->program, &actions, &attr, argv,
                            environment);
    (void)posix_spawnattr_destroy(&attr);
    (void)posix_spawn_file_actions_destroy(&actions);
    return error;
}

static void close_one(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

/* Pipes to all three, closed by exec: |theirs| are its ends. Returns an errno
 * value, and what was opened is the caller's to close in any case. */
static int open_pipes(struct run *r, int theirs[3])
{
    int ends[2];
    int error = -uv_pipe(ends, 0, 0);

    if (error != 0)
        return error;
    theirs[0] = ends[0];
    r->to = ends[1];
    error = -uv_pipe(ends, 0, 0);
    if (error != 0)
        return error;
    r->from = ends[0];
    theirs[1] = ends[1];
    error = -uv_pipe(ends, UV_NONBLOCK_PIPE, 0);
    if (error != 0)
        return error;
    r->err = ends[0];
    theirs[2] = ends[1];
    return 0;
}

static enum status start(struct run *r, struct why *why)
{
    char **environment = environment_for_it();
    int theirs[3] = { -1, -1, -1 };
    int error = open_pipes(r, theirs);

    if (error == 0)
        error = environment == NULL ? ENOMEM : spawn(r, theirs, environment);
    for (int i = 0; i < 3; i++)
        close_one(&theirs[i]);
    free(environment);
    return error == 0 ? STATUS_OK : fail(r, "cannot be run", error, why);
}

/* --- talk ---------------------------------------------------------------- */

/* A pipe takes 64 bytes at once. That it is not read is its own affair: a
 * wrong answer will tell. */
static void tell(struct run *r, const uint8_t report_data[static 64])
{
    (void)!write(r->to, report_data, 64);
    close_one(&r->to);
}

/* Keep the end of |piece|, behind what is kept of before. */
static void keep_words(struct run *r, const char *piece, size_t len)
{
    const size_t have = strlen(r->words);
    const size_t added = MIN_OF(len, (size_t)WORDS_ROOM);
    const size_t kept = MIN_OF(have, WORDS_ROOM - added);

    memmove(r->words, r->words + have - kept, kept);
    memcpy(r->words + kept, piece + len - added, added);
    r->words[kept + added] = '\0';
}

/* Take what it has said on standard error, which is all that the pipe holds. */
static void hear_errors(struct run *r)
{
    char piece[READ_BYTES];
    ssize_t n = 1;

    for (int i = 0; i < READS_MAX && n > 0 && r->err >= 0; i++) {
        n = read(r->err, piece, sizeof(piece));
        if (n > 0)
            keep_words(r, piece, (size_t)n);
    }
    if (n == 0)
        close_one(&r->err);
}

/* Read what is there; |*end| when there will be no more. */
static enum status read_some(struct run *r, struct buffer *out, bool *end,
                             struct why *why)
{
    uint8_t *at = buffer_reserve(out, READ_BYTES);
    ssize_t n;

    if (at == NULL)
        return why_fail(why, STATUS_LIMIT, "quote_source.command", NULL,
                        "%.100s says more than %d bytes", r->command->program,
                        OUTPUT_MAX_BYTES);
    n = read(r->from, at, READ_BYTES);
    if (n < 0 && errno != EINTR)
        return fail(r, "cannot be read", errno, why);
    if (n > 0)
        buffer_commit(out, (size_t)n);
    *end = n == 0;
    return STATUS_OK;
}

static enum status hear(struct run *r, struct buffer *out, struct why *why)
{
    bool end = false;

    while (!end) {
        struct pollfd p[] = { { .fd = r->from, .events = POLLIN },
                              { .fd = r->err, .events = POLLIN } };
        int64_t left = r->end_ms - now_ms();
        enum status st;

        if (left <= 0)
            return fail_late(r, why);
        if (poll(p, COUNT_OF(p), (int)left) <= 0)
            continue; /* a signal, or the end, which the clock will tell */
        hear_errors(r);
        if (p[0].revents == 0)
            continue;
        st = read_some(r, out, &end, why);
        if (st != STATUS_OK)
            return st;
    }
    return STATUS_OK;
}

/* --- end ----------------------------------------------------------------- */

static void kill_all(struct run *r)
{
    (void)kill(-r->pid, SIGKILL); /* a group that is gone is no matter */
    while (waitpid(r->pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    r->pid = 0;
}

static enum status wait_exit(struct run *r, struct why *why)
{
    const struct timespec pause = { .tv_nsec = EXIT_POLL_NS };
    int status = 0;

    while (waitpid(r->pid, &status, WNOHANG) == 0) {
        if (now_ms() >= r->end_ms)
            return fail_late(r, why);
        hear_errors(r); /* so that it can go on */
        (void)nanosleep(&pause, NULL);
    }
    r->pid = 0;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return STATUS_OK;
    return why_fail(why, STATUS_UNREACHABLE, "quote_source.command", NULL,
                    "%.100s ended with %s %d", r->command->program,
                    WIFEXITED(status) ? "status" : "signal",
                    WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}

static void run_fini(struct run *r)
{
    close_one(&r->to);
    close_one(&r->from);
    close_one(&r->err);
    if (r->pid > 0)
        kill_all(r);
}

/* Behind what went wrong, the last line that it said of it. */
static void add_last_words(struct run *r, struct why *why)
{
    const size_t len = strlen(why->found);
    const char *line;
    size_t end;

    hear_errors(r);
    end = strlen(r->words);
    while (end > 0 && (unsigned char)r->words[end - 1] <= ' ')
        r->words[--end] = '\0';
    line = strrchr(r->words, '\n');
    line = line != NULL ? line + 1 : r->words;
    if (line[0] != '\0')
        (void)snprintf(why->found + len, sizeof(why->found) - len, ": %s",
                       line);
}

static enum status make(void *ctx,
                        const uint8_t report_data[QUOTE_REPORT_DATA_BYTES],
                        struct proof *out, struct why *why)
{
    const struct quote_command *c = ctx;
    struct buffer said = buffer_with_max(OUTPUT_MAX_BYTES + READ_BYTES);
    struct run r = { .command = c,
                     .end_ms = now_ms() + c->deadline_ms,
                     .to = -1,
                     .from = -1,
                     .err = -1 };
    enum status st = start(&r, why);

    if (st == STATUS_OK) {
        tell(&r, report_data);
        st = hear(&r, &said, why);
    }
    if (st == STATUS_OK)
        st = wait_exit(&r, why);
    if (st == STATUS_OK)
        st = proof_fill(buffer_view(&said), (struct slice){ 0 }, report_data,
                        out, why);
    if (st != STATUS_OK)
        add_last_words(&r, why);
    run_fini(&r);
    buffer_free(&said);
    return st;
}

/* --- life ---------------------------------------------------------------- */

enum status quote_command_open(const char *program, int64_t deadline_ms,
                               struct quote_command **out, struct why *why)
{
    struct quote_command *c;

    *out = NULL;
    if (access(program, X_OK) != 0)
        return why_fail(why, STATUS_NO_FILE, "quote_source.command", NULL,
                        "%.150s: %s", program, strerror(errno));
    c = calloc(1, sizeof(*c));
    if (c != NULL)
        c->program = strdup(program);
    if (c == NULL || c->program == NULL) {
        quote_command_free(c);
        return why_fail(why, STATUS_NO_MEMORY, "quote_source.command", NULL,
                        "out of memory");
    }
    c->deadline_ms = deadline_ms;
    *out = c;
    return STATUS_OK;
}

void quote_command_free(struct quote_command *c)
{
    if (c == NULL)
        return;
    free(c->program);
    free(c);
}

struct quote_maker quote_command_maker(struct quote_command *c)
{
    return (struct quote_maker){ .name = "command", .make = make, .ctx = c };
}
