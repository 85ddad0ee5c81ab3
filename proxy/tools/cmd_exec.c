#include "proxy/tools/cmd_exec.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "proxy/tools/proxy_env.h"
#include "proxy/tools/running.h"

struct options {
    const char *proxy;
};

static const struct command_option known[] = {
    { "proxy", 0, OPTION_TEXT, offsetof(struct options, proxy), "HOST:PORT",
      "where it listens;\n"
      "default: as the policy says, else localhost:8118" },
    { .name = NULL },
};

static int exec_main(int argc, char **argv);

const struct command cmd_exec_command = {
    .name = "exec",
    .what = "run a program that uses the proxy",
    .synopsis = "[--proxy HOST:PORT] [--] PROGRAM [ARGUMENT]...",
    .about = "Run PROGRAM with the variables that lead it to the proxy "
             "(http_proxy and so\n"
             "on), for that program alone. The proxy must be running.\n",
    .options = known,
    .operands = { .kind = OPTION_FILE,
                  .min = 1,
                  .max = COMMAND_OPERANDS_ANY,
                  .ends_options = true },
    .exits = "that of the program; 125 wrong usage, or no proxy listens;\n"
             "126 the program cannot be run; 127 there is no such program.\n",
    .examples = "veritee exec -- curl http://chat.example.com/\n"
                "veritee exec git clone https://git.example.com/repo.git\n",
    .main = exec_main,
};

static int fail(int code, const char *about, const char *what)
{
    (void)command_fail(&cmd_exec_command, COMMAND_TROUBLE, "%s: %s", about,
                       what);
    return code;
}

static int no_proxy(const struct why *why)
{
    (void)command_fail_why(&cmd_exec_command, COMMAND_TROUBLE, why);
    (void)fputs("veritee exec: start the proxy by 'veritee run', or say where "
                "it is by --proxy\n",
                stderr);
    return CMD_EXEC_FAILED;
}

static int exec_main(int argc, char **argv)
{
    struct options o = { .proxy = NULL };
    struct proxy_env env;
    struct running proxy;
    struct why why;
    char **program;
    int code = command_read(&cmd_exec_command, argc, argv, &o, &program);

    if (code == COMMAND_GOOD)
        return code;
    if (code != -1)
        return CMD_EXEC_FAILED;
    if (running_address(o.proxy, &proxy, &why) != STATUS_OK ||
        running_find(&proxy, &why) != STATUS_OK)
        return no_proxy(&why);
    if (proxy.path[0] != '\0')
        return fail(CMD_EXEC_FAILED, proxy.path,
                    "a UNIX socket, which no variable leads programs to: let "
                    "the policy listen on a port too");
    proxy_env_make(&proxy, &env);
    running_forget(&proxy);
    if (!proxy_env_set(&env))
        return fail(CMD_EXEC_FAILED, "environment", "out of memory");
    (void)execvp(program[0], program); /* returns only if it failed */
    return fail(errno == ENOENT ? CMD_EXEC_NOT_FOUND : CMD_EXEC_NOT_RUN,
                program[0], strerror(errno));
}
