#include "proxy/tools/cmd_env.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "common/json_out.h"
#include "proxy/tools/proxy_env.h"
#include "proxy/tools/running.h"

#define OUTPUT_MAX_BYTES (64 * 1024)

struct options {
    const char *proxy;
    const char *shell;
    bool unset;
    bool json;
};

#define FIELD(name) offsetof(struct options, name)

static const struct command_option known[] = {
    { "proxy", 0, OPTION_TEXT, FIELD(proxy), "HOST:PORT",
      "where it listens;\n"
      "default: as the policy says, else localhost:8118" },
    { "shell", 's', OPTION_WORD, FIELD(shell), "sh|fish|csh|powershell",
      "sh (also bash, zsh, ...), fish, csh or powershell;\n"
      "default: as $SHELL says" },
    { "unset", 'u', OPTION_FLAG, FIELD(unset), NULL,
      "print how to take them away again" },
    { "json", 0, OPTION_FLAG, FIELD(json), NULL,
      "print one JSON object: name and value" },
    { .name = NULL },
};

static int env_main(int argc, char **argv);

const struct command cmd_env_command = {
    .name = "env",
    .what = "print the variables that lead programs to the proxy",
    .synopsis = "[--shell WORD] [--proxy HOST:PORT] [--unset] [--json]",
    .about = "Print the variables that lead programs to the proxy, for a shell "
             "to read.\n"
             "They hold for that shell and what it starts; see also 'veritee "
             "exec'.\n",
    .options = known,
    .exits = "0 printed; 2 wrong usage.\n",
    .examples = "eval \"$(veritee env)\"\n"
                "veritee env --shell fish | source\n"
                "eval \"$(veritee env --unset)\"\n",
    .main = env_main,
};

/* How a shell is told; values need no quoting within single quotes: they are
 * a URL of our making, or fixed. */
static const struct shell {
    const char *name;
    const char *set;   /* printf format: name, value */
    const char *unset; /* printf format: name */
} shells[] = {
    { "sh", "export %s='%s'\n", "unset %s\n" },
    { "fish", "set -gx %s '%s'\n", "set -e %s\n" },
    { "csh", "setenv %s '%s'\n", "unsetenv %s\n" },
    { "powershell", "$env:%s = '%s'\n",
      "Remove-Item -ErrorAction Ignore "
      "Env:%s\n" },
};

/* The shell that |word| names, or the one of $SHELL; sh if that is none. */
static const struct shell *find_shell(const char *word)
{
    const char *path = getenv("SHELL");
    const char *slash = path == NULL ? NULL : strrchr(path, '/');

    if (word == NULL && slash != NULL)
        word = strcmp(slash + 1, "tcsh") == 0 ? "csh" : slash + 1;
    for (size_t i = 0; word != NULL && i < COUNT_OF(shells); i++)
        if (strcmp(shells[i].name, word) == 0)
            return &shells[i];
    return &shells[0];
}

static void put_line(const struct shell *shell, bool unset, const char *name,
                     const char *value, struct buffer *out)
{
    const char *at = unset ? shell->unset : shell->set;
    const char *const words[] = { name, value };
    size_t next = 0;

    for (; *at != '\0'; at++) {
        if (at[0] == '%' && at[1] == 's') {
            buffer_text(out, words[next++]);
            at++;
        } else {
            buffer_byte(out, (uint8_t)*at);
        }
    }
}

static void put_json(const struct proxy_env *env, struct buffer *out)
{
    struct json_out j = json_out_to(out);

    json_out_object(&j, NULL);
    for (size_t i = 0; i < PROXY_ENV_COUNT; i++)
        json_out_text(&j, env->at[i].name, env->at[i].value);
    json_out_end_object(&j);
    buffer_byte(out, '\n');
}

static int env_main(int argc, char **argv)
{
    struct buffer out = buffer_with_max(OUTPUT_MAX_BYTES);
    struct options o = { .json = false };
    const struct shell *shell;
    struct proxy_env env;
    struct running proxy;
    struct why why;
    char **operands;
    int code = command_read(&cmd_env_command, argc, argv, &o, &operands);

    if (code != -1)
        return code;
    if (running_address(o.proxy, &proxy, &why) != STATUS_OK)
        return command_fail_why(&cmd_env_command, COMMAND_TROUBLE, &why);
    if (proxy.path[0] != '\0')
        return command_fail(&cmd_env_command, COMMAND_TROUBLE,
                            "%s is a UNIX socket, which no variable leads "
                            "programs to: let the policy listen on a port too",
                            proxy.path);
    if (proxy.secret.password[0] != '\0' && !o.unset)
        (void)fputs("veritee env: these variables hold the proxy's password; "
                    "'veritee exec' gives them to one program alone\n",
                    stderr);
    proxy_env_make(&proxy, &env);
    running_forget(&proxy);
    shell = find_shell(o.shell);
    if (o.json)
        put_json(&env, &out);
    for (size_t i = 0; !o.json && i < PROXY_ENV_COUNT; i++)
        put_line(shell, o.unset, env.at[i].name, env.at[i].value, &out);
    return command_print(&cmd_env_command, COMMAND_GOOD, &out);
}
