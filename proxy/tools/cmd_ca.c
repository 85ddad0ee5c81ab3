#include "proxy/tools/cmd_ca.h"

#include <stddef.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "common/json_out.h"
#include "common/secret.h"
#include "common/text.h"
#include "proxy/tools/command_policy.h"
#include "proxy/tools/trust_store.h"

/* The version of the object that --json prints: docs/man/veritee.1. */
#define JSON_VERSION     1
#define OUTPUT_MAX_BYTES (1024 * 1024)

struct options {
    const char *policy;
    const char *dir;
    bool json;
    bool system;
};

#define FIELD(name) offsetof(struct options, name)

#define OPTION_POLICY                                                          \
    {                                                                          \
        "policy", 'p', OPTION_FILE, FIELD(policy), "FILE",                     \
            "the policy; without it the one where it is by\n"                  \
            "default"                                                          \
    }
#define OPTION_DIR                                                             \
    {                                                                          \
        "dir", 0, OPTION_FOLDER, FIELD(dir), "DIR",                            \
            "where the CA is kept; default:\n"                                 \
            "$XDG_STATE_HOME/veritee/ca or\n"                                  \
            "~/.local/state/veritee/ca, where the proxy looks"                 \
    }
#define OPTION_SYSTEM                                                          \
    {                                                                          \
        "system", 0, OPTION_FLAG, FIELD(system), NULL,                         \
            "the system's store too, which is for root"                        \
    }
#define OPTION_JSON                                                            \
    {                                                                          \
        "json", 0, OPTION_FLAG, FIELD(json), NULL, "print one JSON object"     \
    }

static const struct command_option make_known[] = {
    OPTION_POLICY,
    OPTION_DIR,
    OPTION_JSON,
    { .name = NULL },
};

static const struct command_option trust_known[] = {
    OPTION_POLICY, OPTION_DIR, OPTION_SYSTEM, OPTION_JSON, { .name = NULL },
};

static int show_main(int argc, char **argv);
static int make_main(int argc, char **argv);
static int install_main(int argc, char **argv);
static int remove_main(int argc, char **argv);

static const struct command show = {
    .name = "ca show",
    .what = "say what the CA may vouch for and who trusts it",
    .synopsis = "[--json] [--policy FILE] [--dir DIR]",
    .about =
        "Say what the CA of this computer may vouch for, until when, who trusts it,\n"
        "and whether it covers what the policy asks of it.\n",
    .options = make_known,
    .exits = "0 it covers the policy; 1 it does not, or there is none;\n"
             "2 wrong usage, or a file that cannot be read.\n",
    .examples = "veritee ca show\n"
                "veritee ca show --json\n",
    .main = show_main,
};

static const struct command make = {
    .name = "ca make",
    .what = "make a CA for the services with tls: intercept",
    .synopsis = "[--json] [--policy FILE] [--dir DIR]",
    .about =
        "Make a CA that may vouch for the hosts of the policy's services with\n"
        "'tls: intercept' and for nothing else, in place of one that is there. Its\n"
        "key stays on this computer, for this user alone. Nobody trusts it yet.\n",
    .options = make_known,
    .exits = "0 made; 1 the one before is still trusted, remove it\n"
             "first; 2 wrong usage, or a file that cannot be read.\n",
    .examples = "veritee ca make --policy policy.yaml\n",
    .main = make_main,
};

static const struct command install = {
    .name = "ca install",
    .what = "have this user's browsers trust it",
    .synopsis = "[--json] [--policy FILE] [--dir DIR] [--system]",
    .about =
        "Have Chromium and Firefox, as this user runs them, trust the CA of this\n"
        "computer, for the names that it is constrained to; it is made if there is\n"
        "none. Says what it adds, where, and how to undo it. Needs certutil.\n",
    .options = trust_known,
    .exits = "0 trusted everywhere that was asked; 1 not everywhere;\n"
             "2 wrong usage, or a file that cannot be read.\n",
    .examples =
        "veritee ca install\n"
        "sudo veritee ca install --system --dir ~/.local/state/veritee/ca\n",
    .main = install_main,
};

static const struct command remove_command = {
    .name = "ca remove",
    .what = "have nobody trust it any more",
    .synopsis = "[--json] [--policy FILE] [--dir DIR] [--system]",
    .about =
        "Take the CA of this computer out of every store where it is trusted. Its\n"
        "files stay: to be rid of them too, remove the folder that is said.\n",
    .options = trust_known,
    .exits = "0 trusted nowhere that was asked; 1 still somewhere;\n"
             "2 wrong usage, or a file that cannot be read.\n",
    .examples = "veritee ca remove\n",
    .main = remove_main,
};

static const struct command *const subs[] = { &show, &make, &install,
                                              &remove_command, NULL };

const struct command cmd_ca_command = {
    .name = "ca",
    .what = "the CA by which https ends on this computer",
    .synopsis = "show|make|install|remove [options]",
    .about =
        "The CA of this computer: browsers that trust it reach services with\n"
        "'tls: intercept' by https, which ends here and goes on attested.\n",
    .exits = "as each of its commands has it.\n",
    .examples = "veritee ca install\n"
                "veritee ca show\n",
    .subs = subs,
};

/* --- what it is about ------------------------------------------------------ */

/* The CA, its folder, and what the policy asks of it. */
struct subject {
    const struct command *self;
    struct options options;
    char found[PATHS_ROOM]; /* the default folder */
    const char *dir;
    char pem[PATHS_ROOM + 8]; /* the certificate's file */
    struct policy *policy;    /* NULL: none is there, and none was named */
    struct ca *ca;            /* NULL: none is there */
    struct trust_stores stores;
    int64_t now_unix;
    struct buffer out;
};

static void subject_fini(struct subject *s)
{
    policy_free(s->policy);
    ca_free(s->ca);
    buffer_free(&s->out);
}

/* Read options, policy and CA. A CA that cannot be read is none for `make`.
 * Returns -1 to go on. */
static int subject_init(struct subject *s, const struct command *self, int argc,
                        char **argv)
{
    char **operands;
    struct why why;
    int code;

    *s = (struct subject){ .self = self, .now_unix = (int64_t)time(NULL) };
    s->out = buffer_with_max(OUTPUT_MAX_BYTES);
    code = command_read(self, argc, argv, &s->options, &operands);
    if (code != -1)
        return code;
    if (!secret_init())
        return command_fail(self, COMMAND_TROUBLE, "no randomness");
    if (s->options.dir == NULL && !paths_ca(s->found))
        return command_fail(self, COMMAND_TROUBLE,
                            "no folder: HOME is not set");
    s->dir = s->options.dir != NULL ? s->options.dir : s->found;
    (void)snprintf(s->pem, sizeof(s->pem), "%s/ca.pem", s->dir);
    if (s->options.policy != NULL || paths_policy((char[PATHS_ROOM]){ "" }))
        code = command_policy_load(self, s->options.policy, &s->policy);
    if (code != -1)
        return code;
    trust_store_find(&s->stores);
    if (ca_load(s->dir, &s->ca, &why) != STATUS_OK && self != &make)
        return command_fail_why(self, COMMAND_TROUBLE, &why);
    return -1;
}

static int finish(struct subject *s, int code)
{
    struct buffer out = s->out;

    s->out = buffer_with_max(0);
    if (code >= 0 && out.len > 0)
        code = command_print(s->self, (enum command_exit)code, &out);
    buffer_free(&out);
    subject_fini(s);
    return code;
}

/* --- saying what it is ----------------------------------------------------- */

static void put_span(const struct ca *ca, struct buffer *out)
{
    char from[TEXT_TIME_ROOM], until[TEXT_TIME_ROOM];

    text_time(ca->cert.span.from_unix, from);
    text_time(ca->cert.span.until_unix, until);
    buffer_printf(out, "  good         from %s until %s\n", from, until);
}

static void put_names(const struct ca *ca, struct buffer *out)
{
    struct cursor names = ca_cert_names(&ca->cert);
    const char *before = "  vouches for  ";
    struct slice name;

    while (ca_cert_next(&names, &name)) {
        buffer_text(out, before);
        buffer_add(out, name);
        before = ", ";
    }
    buffer_text(out, "\n               and names below, as servers, and for "
                     "nothing else\n               (RFC 5280, 4.2.1.10)\n");
}

static void put_ca(const struct subject *s, struct buffer *out)
{
    char name[TLS_CERT_NAME_ROOM], print[CA_FINGERPRINT_ROOM];

    ca_name(s->ca, name);
    ca_fingerprint(s->ca, print);
    buffer_printf(out,
                  "%s\n"
                  "  kept in      %s\n"
                  "  SHA-256      %s\n",
                  name, s->pem, print);
    put_span(s->ca, out);
    put_names(s->ca, out);
}

static void put_stores(const struct subject *s, struct buffer *out)
{
    for (size_t i = 0; i < s->stores.count; i++) {
        const struct trust_store *store = &s->stores.list[i];

        buffer_printf(out, "%s%-8s %s: %s\n",
                      i == 0 ? "  trusted by   " : "               ",
                      trust_store_name(store->kind), store->path,
                      trust_store_has(store, s->ca) ? "yes" : "no");
    }
}

static void put_json(const struct subject *s, const struct why *why,
                     struct buffer *out)
{
    struct json_out j = json_out_to(out);
    char name[TLS_CERT_NAME_ROOM], print[CA_FINGERPRINT_ROOM];
    struct slice item;

    json_out_object(&j, NULL);
    json_out_int(&j, "version", JSON_VERSION);
    json_out_text(&j, "dir", s->dir);
    json_out_bool(&j, "present", s->ca != NULL);
    if (s->ca != NULL) {
        struct cursor names = ca_cert_names(&s->ca->cert);

        ca_name(s->ca, name);
        ca_fingerprint(s->ca, print);
        json_out_text(&j, "name", name);
        json_out_text(&j, "file", s->pem);
        json_out_text(&j, "sha256", print);
        json_out_time(&j, "from", s->ca->cert.span.from_unix);
        json_out_time(&j, "until", s->ca->cert.span.until_unix);
        json_out_array(&j, "names");
        while (ca_cert_next(&names, &item))
            json_out_slice(&j, NULL, item);
        json_out_end_array(&j);
        json_out_array(&j, "stores");
        for (size_t i = 0; i < s->stores.count; i++) {
            json_out_object(&j, NULL);
            json_out_text(&j, "kind", trust_store_name(s->stores.list[i].kind));
            json_out_text(&j, "path", s->stores.list[i].path);
            json_out_bool(&j, "trusts",
                          trust_store_has(&s->stores.list[i], s->ca));
            json_out_end_object(&j);
        }
        json_out_end_array(&j);
    }
    json_out_bool(&j, "covers", why->status == STATUS_OK);
    if (why->status != STATUS_OK) {
        json_out_text(&j, "found", why->found);
        json_out_text(&j, "expected", why->expected);
    }
    json_out_end_object(&j);
    buffer_byte(out, '\n');
}

/* Does it cover the policy, as far as there is one? */
static enum status judge(const struct subject *s, struct why *why)
{
    *why = (struct why){ .status = STATUS_OK };
    if (s->policy != NULL)
        return ca_check_policy(s->ca, s->policy, s->now_unix, why);
    if (s->ca != NULL)
        return STATUS_OK;
    (void)why_fail(why, STATUS_BAD_CONFIG, "ca", NULL,
                   "there is no CA on this computer");
    return why_expect(why, "one: veritee ca make");
}

/* All that is known of it. Returns the exit status. */
static int tell(struct subject *s)
{
    struct why why;
    const bool good = judge(s, &why) == STATUS_OK;

    if (s->options.json) {
        put_json(s, &why, &s->out);
    } else {
        if (s->ca != NULL) {
            put_ca(s, &s->out);
            put_stores(s, &s->out);
        } else {
            buffer_printf(&s->out, "no CA in %s\n", s->dir);
        }
        if (!good)
            buffer_printf(&s->out, "%s; expected %s\n", why.found,
                          why.expected);
    }
    return good ? COMMAND_GOOD : COMMAND_BAD;
}

static int show_main(int argc, char **argv)
{
    struct subject s;
    int code = subject_init(&s, &show, argc, argv);

    return finish(&s, code != -1 ? code : tell(&s));
}

/* --- making ---------------------------------------------------------------- */

/* -1 when |s->ca| is there. */
static int make_one(struct subject *s)
{
    struct why why;

    if (s->policy == NULL)
        return command_policy_load(s->self, NULL, &s->policy); /* complains */
    ca_free(s->ca);
    if (ca_make(s->dir, s->policy, s->now_unix, &s->ca, &why) != STATUS_OK)
        return command_fail_why(s->self, COMMAND_TROUBLE, &why);
    return -1;
}

/* One that is replaced could not be named any more. */
static bool is_trusted(const struct subject *s)
{
    for (size_t i = 0; i < s->stores.count && s->ca != NULL; i++)
        if (trust_store_has(&s->stores.list[i], s->ca))
            return true;
    return false;
}

static int make_main(int argc, char **argv)
{
    struct subject s;
    int code = subject_init(&s, &make, argc, argv);

    if (code == -1 && is_trusted(&s))
        code = command_fail(&make, COMMAND_BAD,
                            "the CA that is there is still trusted: 'veritee "
                            "ca remove' first");
    if (code == -1)
        code = make_one(&s);
    if (code == -1)
        code = tell(&s);
    return finish(&s, code);
}

/* --- trust ----------------------------------------------------------------- */

/* Is the store among those that were asked for? */
static bool is_asked(const struct subject *s, const struct trust_store *store)
{
    return store->kind != TRUST_SYSTEM || s->options.system;
}

/* Do it in one store, and say so on standard error, or what a person can do.
 * False: it failed. */
static bool change(struct subject *s, const struct trust_store *store, bool add)
{
    struct buffer recipe = buffer_with_max(4 * PATHS_ROOM);
    struct why why = { 0 };
    const bool done =
        (add ? trust_store_add(store, s->ca, s->pem, &why)
             : trust_store_remove(store, s->ca, &why)) == STATUS_OK;

    trust_store_recipe(store, s->ca, s->pem, done ? !add : add, &recipe);
    buffer_byte(&recipe, '\0');
    (void)fprintf(stderr, "%s %s (%s)%s%s%s%s; to %s:\n%s",
                  done ? (add ? "added to" : "removed from")
                       : (add ? "not added to" : "not removed from"),
                  trust_store_name(store->kind), store->path, done ? "" : ": ",
                  why.found, why.expected[0] != '\0' ? ", expected " : "",
                  why.expected, done ? "undo" : "do it by hand",
                  buffer_ok(&recipe) ? (const char *)recipe.at : "");
    buffer_free(&recipe);
    return done;
}

static int change_all(struct subject *s, bool add)
{
    bool good = true, changed = false;

    for (size_t i = 0; i < s->stores.count; i++) {
        const struct trust_store *store = &s->stores.list[i];
        bool done;

        if (!is_asked(s, store) || trust_store_has(store, s->ca) == add)
            continue;
        done = change(s, store, add);
        good = good && done;
        changed = changed || done;
    }
    if (changed)
        (void)fputs("A browser that runs sees it when it is started again.\n",
                    stderr);
    return good ? COMMAND_GOOD : COMMAND_BAD;
}

static int install_main(int argc, char **argv)
{
    struct subject s;
    struct why why;
    int code = subject_init(&s, &install, argc, argv);

    if (code == -1 && s.ca == NULL)
        code = make_one(&s);
    if (code == -1 && judge(&s, &why) != STATUS_OK)
        code = command_fail_why(&install, COMMAND_BAD, &why);
    if (code == -1) {
        code = change_all(&s, true);
        (void)tell(&s); /* covers: was asked above */
    }
    return finish(&s, code);
}

static int remove_main(int argc, char **argv)
{
    struct subject s;
    int code = subject_init(&s, &remove_command, argc, argv);

    if (code == -1 && s.ca == NULL)
        code = command_fail(&remove_command, COMMAND_TROUBLE, "no CA in %s",
                            s.dir);
    if (code == -1) {
        code = change_all(&s, false);
        (void)tell(&s); /* what is left of it */
    }
    return finish(&s, code);
}
