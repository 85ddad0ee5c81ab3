#include "proxy/tools/cmd_init.h"

#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "proxy/local/paths.h"

#define OUTPUT_MAX_BYTES (64 * 1024)
#define POLICY_MODE      0600

struct options {
    const char *out;
};

static const struct command_option known[] = {
    { "out", 'o', OPTION_FILE, offsetof(struct options, out), "FILE",
      "write it there; '-' prints it. Default:\n"
      "$XDG_CONFIG_HOME/veritee/policy.yaml or\n"
      "~/.config/veritee/policy.yaml" },
    { .name = NULL },
};

static int init_main(int argc, char **argv);

const struct command cmd_init_command = {
    .name = "init",
    .what = "write a policy to start from",
    .synopsis = "[--out FILE]",
    .about = "Write a policy to start from, with comments. It accepts nothing "
             "until you\n"
             "name a service in it. A file that is there already is left "
             "alone.\n",
    .options = known,
    .exits = "0 written; 2 wrong usage, or there is such a file, or it\n"
             "cannot be written.\n",
    .examples = "veritee init\n"
                "veritee init --out -\n",
    .main = init_main,
};

static const char text[] =
    "# What veritee accepts; veritee-policy(5) has every word of it.\n"
    "# 'veritee check' reads this file and says what it comes to.\n"
    "\n"
    "# Where the proxy listens, for HTTP, CONNECT and SOCKS: this machine "
    "alone.\n"
    "listen: [ \"localhost:8118\" ]\n"
    "\n"
    "# What happens to a host that no service names. 'block' refuses it;\n"
    "# 'direct' passes it on unverified, as if there were no proxy.\n"
    "default: block\n"
    "\n"
    "# Where certificates, revocation lists and TCB data come from, in this "
    "order.\n"
    "# collateral:\n"
    "#   sources: [ store, stapled, \"https://pccs.example.com:8081\", pcs ]\n"
    "\n"
    "# The services, each with what its TEE must prove. To add one from what "
    "a\n"
    "# server proves now, and then to compare it with what its publisher "
    "says:\n"
    "#\n"
    "#   veritee pin --append THIS-FILE chat.example.com\n"
    "#\n"
    "# By hand it looks like this:\n"
    "#\n"
    "# services:\n"
    "#   chat:\n"
    "#     hosts: [ \"chat.example.com\", \"*.chat.example.com\" ]\n"
    "#     endpoints: [ \"wss://chat.example.com/__ra__\" ]\n"
    "#     accept:\n"
    "#       tee: tdx\n"
    "#       any-of:               # one release, or two during a roll-out\n"
    "#         - name: \"1.4\"\n"
    "#           mrtd: \"...\"       # 96 hexadecimal digits each\n"
    "#           rtmr1: \"...\"\n"
    "#           rtmr2: \"...\"\n"
    "#       tcb:\n"
    "#         status: [ UpToDate ]\n"
    "#       max-age: 12h          # attest again at least so often\n";

/* Where it goes by default; its folder is made. */
static enum status default_path(char path[PATHS_ROOM], struct why *why)
{
    char folder[PATHS_ROOM];

    if (!paths_config(path))
        return why_fail(why, STATUS_NO_FILE, "file", NULL,
                        "neither HOME nor XDG_CONFIG_HOME is set");
    memcpy(folder, path, PATHS_ROOM);
    *strrchr(folder, '/') = '\0'; /* there is one: it is absolute */
    return file_make_dirs(folder, why);
}

static enum status write_new(const char *path, struct why *why)
{
    if (access(path, F_OK) == 0)
        return why_fail(why, STATUS_NO_FILE, "file", NULL,
                        "%s is there already, and is left alone", path);
    return file_replace(path, slice_text(text), POLICY_MODE, why);
}

static int print(void)
{
    struct buffer out = buffer_with_max(OUTPUT_MAX_BYTES);

    buffer_text(&out, text);
    return command_print(&cmd_init_command, COMMAND_GOOD, &out);
}

static int init_main(int argc, char **argv)
{
    struct options o = { .out = NULL };
    char path[PATHS_ROOM];
    struct why why;
    enum status st = STATUS_OK;
    char **operands;
    int code = command_read(&cmd_init_command, argc, argv, &o, &operands);

    if (code != -1)
        return code;
    if (o.out != NULL && strcmp(o.out, "-") == 0)
        return print();
    if (o.out == NULL) {
        st = default_path(path, &why);
        o.out = path;
    }
    if (st == STATUS_OK)
        st = write_new(o.out, &why);
    if (st != STATUS_OK)
        return command_fail_why(&cmd_init_command, COMMAND_TROUBLE, &why);
    (void)fprintf(stderr,
                  "veritee init: written to %s. Next:\n"
                  "  veritee pin --append %s HOST   add a service\n"
                  "  veritee check %s               see what it accepts\n"
                  "  veritee run --policy %s        start the proxy\n",
                  o.out, o.out, o.out, o.out);
    return COMMAND_GOOD;
}
