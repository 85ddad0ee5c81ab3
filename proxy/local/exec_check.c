#include "proxy/local/exec_check.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/buffer.h"
#include "common/json_out.h"
#include "common/limits.h"
#include "common/text.h"

/* The version of what the program reads. */
#define JSON_VERSION   1
#define TOLD_MAX_BYTES (256 * 1024)
#define SAID_MAX_BYTES 120 /* of a reason, of which there is room for 200 */

static const char field[] = "accept.exec";

/* Freed by exactly one line, in on_closed(), when the last handle is closed;
 * they are closed when the program is gone. */
struct exec_check {
    uv_process_t process;
    uv_pipe_t in;  /* its standard input */
    uv_pipe_t err; /* its standard error */
    uv_timer_t limit;
    unsigned open; /* handles that are not closed yet */
    bool running;
    bool closing;
    bool said_all; /* the first line is complete, or the last */
    uv_write_t write;
    struct buffer told;
    size_t said_len;
    char said[SAID_MAX_BYTES + 1]; /* the first line, terminated */
    char place[1024];              /* where it is read to */
    int64_t timeout_ms;
    struct why why; /* STATUS_OK, with nothing found, until it is known */
    exec_check_done *done; /* NULL once cancelled */
    void *ctx;
};

/* The first reason stays. */
PRINTF_LIKE(2, 3)
static void refuse(struct exec_check *e, const char *format, ...)
{
    char found[sizeof(e->why.found)];
    va_list args;

    if (e->why.status != STATUS_OK)
        return;
    va_start(args, format);
    (void)vsnprintf(found, sizeof(found), format, args);
    va_end(args);
    (void)why_fail(&e->why, STATUS_POLICY, field, NULL, "%s", found);
    (void)why_expect(&e->why, "exit status 0");
}

/* Add what it said of its reason. */
static void add_said(struct exec_check *e)
{
    const size_t used = strlen(e->why.found);

    if (e->why.status != STATUS_OK && e->said_len > 0)
        (void)snprintf(e->why.found + used, sizeof(e->why.found) - used, ": %s",
                       e->said);
}

/* --- what it is told --- */

static void tell(const struct exec_check_told *told, struct buffer *out)
{
    struct json_out j = json_out_to(out);

    json_out_object(&j, NULL);
    json_out_int(&j, "version", JSON_VERSION);
    json_out_time(&j, "time", told->now_unix);
    if (told->service == NULL)
        json_out_null(&j, "service");
    else
        json_out_text(&j, "service", told->service);
    if (told->release == NULL)
        json_out_null(&j, "release");
    else
        json_out_text(&j, "release", told->release);
    json_out_object(&j, "claims");
    claims_json(told->claims, &j);
    json_out_end_object(&j);
    json_out_end_object(&j);
    buffer_byte(out, '\n');
}

/* --- its end --- */

static void on_closed(uv_handle_t *handle)
{
    struct exec_check *e = handle->data;

    if (--e->open > 0)
        return;
    if (e->done != NULL)
        e->done(e->ctx, &e->why);
    buffer_free(&e->told);
    free(e);
}

static void close_handle(struct exec_check *e, uv_handle_t *handle)
{
    if (handle->data == e && !uv_is_closing(handle))
        uv_close(handle, on_closed);
}

/* The program is gone, or never was. */
static void finish(struct exec_check *e)
{
    assert(!e->running);
    if (e->closing)
        return;
    e->closing = true;
    add_said(e);
    close_handle(e, (uv_handle_t *)&e->process);
    close_handle(e, (uv_handle_t *)&e->in);
    close_handle(e, (uv_handle_t *)&e->err);
    close_handle(e, (uv_handle_t *)&e->limit);
}

/* It and all that it started. Its group has its id since before exec. */
static void kill_group(const struct exec_check *e)
{
    (void)kill(-e->process.pid, SIGKILL); /* it may be gone */
}

static void on_ended(uv_process_t *process, int64_t code, int signal_number)
{
    struct exec_check *e = process->data;

    e->running = false;
    kill_group(e);
    if (signal_number != 0)
        refuse(e, "killed by signal %d", signal_number);
    else if (code != 0)
        refuse(e, "exit status %d", (int)code);
    else if (e->why.status == STATUS_OK)
        why_seen(&e->why, "exit status 0");
    if (e->why.status == STATUS_OK || e->done == NULL || e->said_all)
        finish(e);
    /* Else on_said() has the rest of the line, or on_limit() its end. */
}

static void on_limit(uv_timer_t *timer)
{
    struct exec_check *e = timer->data;

    refuse(e, "no answer within %d ms", (int)e->timeout_ms);
    if (e->running)
        kill_group(e); /* on_ended() follows */
    else
        finish(e); /* somebody else holds its standard error */
}

/* --- what it says --- */

/* Keep what fits of the first line, printable. */
static void keep_said(struct exec_check *e, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len && !e->said_all; i++) {
        if (bytes[i] == '\n')
            e->said_all = true;
        else if (e->said_len < SAID_MAX_BYTES)
            e->said[e->said_len++] =
                bytes[i] >= ' ' && bytes[i] <= '~' ? bytes[i] : '?';
    }
}

static void on_place(uv_handle_t *handle, size_t hint, uv_buf_t *buf)
{
    struct exec_check *e = handle->data;

    (void)hint;
    *buf = uv_buf_init(e->place, sizeof(e->place));
}

static void on_said(uv_stream_t *pipe, ssize_t n, const uv_buf_t *buf)
{
    struct exec_check *e = pipe->data;

    if (n > 0)
        keep_said(e, buf->base, (size_t)n);
    if (n < 0) {
        (void)uv_read_stop(pipe); /* always 0 */
        e->said_all = true;
    }
    if (e->said_all && !e->running)
        finish(e);
}

static void on_told(uv_write_t *write, int error)
{
    struct exec_check *e = CONTAINER_OF(write, struct exec_check, write);

    (void)error; /* it need not read all: its exit status counts */
    close_handle(e, (uv_handle_t *)&e->in);
}

/* --- its beginning --- */

/* Descriptors that some library opened without O_CLOEXEC are not for it. */
static void close_on_exec(void)
{
    DIR *dir = opendir("/dev/fd");
    const struct dirent *d;

    if (dir == NULL)
        return;
    for (d = readdir(dir); d != NULL; d = readdir(dir)) {
        uint64_t fd;

        if (text_from_decimal(slice_text(d->d_name), INT_MAX, &fd) && fd > 2)
            (void)fcntl((int)fd, F_SETFD, FD_CLOEXEC); /* it is open */
    }
    (void)closedir(dir);
}

static int spawn(struct exec_check *e, uv_loop_t *loop,
                 const struct policy_exec *exec)
{
    char *env[] = { "PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C", NULL };
    char *argv[EXEC_ARGS_MAX + 1] = { NULL };
    char program[4096 + 2];
    uv_stdio_container_t stdio[] = {
        { .flags = UV_CREATE_PIPE | UV_READABLE_PIPE,
          .data.stream = (uv_stream_t *)&e->in },
        { .flags = UV_IGNORE },
        { .flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
          .data.stream = (uv_stream_t *)&e->err },
    };
    const uv_process_options_t options = {
        .exit_cb = on_ended,
        .file = program,
        .args = argv,
        .env = env,
        .flags = UV_PROCESS_DETACHED, /* a group of its own */
        .stdio_count = COUNT_OF(stdio),
        .stdio = stdio,
    };

    for (size_t i = 0; i < exec->argc; i++)
        argv[i] = (char *)(uintptr_t)exec->argv[i]; /* is not written to */
    /* Without a slash it would be looked for in PATH. */
    (void)snprintf(program, sizeof(program), "%s%s",
                   strchr(exec->argv[0], '/') == NULL ? "./" : "",
                   exec->argv[0]);
    close_on_exec();
    return uv_spawn(loop, &e->process, &options);
}

static void own(struct exec_check *e, uv_handle_t *handle)
{
    handle->data = e;
    e->open++;
}

/* Returns 0 or what libuv says; the handles of |e| are to be closed then. */
static int begin(struct exec_check *e, uv_loop_t *loop,
                 const struct policy_exec *exec)
{
    uv_buf_t told;
    int error = uv_timer_init(loop, &e->limit);

    if (error != 0)
        return error;
    own(e, (uv_handle_t *)&e->limit);
    error = uv_pipe_init(loop, &e->in, 0);
    if (error != 0)
        return error;
    own(e, (uv_handle_t *)&e->in);
    error = uv_pipe_init(loop, &e->err, 0);
    if (error != 0)
        return error;
    own(e, (uv_handle_t *)&e->err);
    error = spawn(e, loop, exec);
    own(e, (uv_handle_t *)&e->process); /* libuv knows it in any case */
    if (error != 0)
        return error;
    e->running = true;
    told = uv_buf_init((char *)e->told.at, (unsigned)e->told.len);
    error = uv_timer_start(&e->limit, on_limit, (uint64_t)e->timeout_ms, 0);
    if (error == 0)
        error = uv_read_start((uv_stream_t *)&e->err, on_place, on_said);
    if (error == 0)
        error = uv_write(&e->write, (uv_stream_t *)&e->in, &told, 1, on_told);
    return error;
}

enum status exec_check_start(uv_loop_t *loop, const struct policy_exec *exec,
                             const struct exec_check_told *told,
                             exec_check_done *done, void *ctx,
                             struct exec_check **out)
{
    struct exec_check *e = calloc(1, sizeof(*e));
    int error;

    *out = NULL;
    assert(exec->argc > 0 && exec->argc <= EXEC_ARGS_MAX);
    if (e == NULL)
        return STATUS_NO_MEMORY;
    e->told = buffer_with_max(TOLD_MAX_BYTES);
    tell(told, &e->told);
    if (!buffer_ok(&e->told)) {
        buffer_free(&e->told);
        free(e);
        return STATUS_NO_MEMORY;
    }
    e->timeout_ms = exec->timeout_ms;
    e->done = done;
    e->ctx = ctx;
    error = begin(e, loop, exec);
    if (error != 0 && e->open == 0) {
        buffer_free(&e->told);
        free(e); /* libuv knows of no handle yet */
        return STATUS_NO_MEMORY;
    }
    if (error != 0) {
        refuse(e, "%s: %s", exec->argv[0], uv_strerror(error));
        if (e->running)
            kill_group(e);
        else
            finish(e);
    }
    *out = e;
    return STATUS_OK;
}

void exec_check_cancel(struct exec_check *e)
{
    e->done = NULL;
    if (e->running)
        kill_group(e); /* on_ended() follows */
    else
        finish(e);
}

/* --- for commands --- */

static void on_run_done(void *ctx, const struct why *why)
{
    struct why *out = ctx;

    *out = *why;
}

enum status exec_check_run(const struct policy_exec *exec,
                           const struct exec_check_told *told, struct why *why)
{
    struct exec_check *e;
    uv_loop_t loop;

    (void)signal(SIGPIPE, SIG_IGN); /* the number is valid: cannot fail */
    *why = (struct why){ 0 };
    if (uv_loop_init(&loop) != 0)
        return why_fail(why, STATUS_NO_MEMORY, field, NULL, "no event loop");
    if (exec_check_start(&loop, exec, told, on_run_done, why, &e) != STATUS_OK)
        (void)why_fail(why, STATUS_NO_MEMORY, field, NULL, "no memory");
    (void)uv_run(&loop, UV_RUN_DEFAULT); /* ends when all is closed */
    (void)uv_loop_close(&loop);          /* it is empty */
    return why->status;
}

enum status exec_check_program(const struct policy_exec *exec, struct why *why)
{
    const char *program = exec->argv[0];
    struct stat st;

    if (stat(program, &st) != 0)
        return why_fail(why, STATUS_NO_FILE, field, NULL, "%s: %s", program,
                        strerror(errno));
    if (!S_ISREG(st.st_mode))
        return why_fail(why, STATUS_NO_FILE, field, NULL, "%s: no program",
                        program);
    if (access(program, X_OK) != 0)
        return why_fail(why, STATUS_NO_FILE, field, NULL, "%s: %s", program,
                        strerror(errno));
    return STATUS_OK;
}
