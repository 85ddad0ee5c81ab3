#include "proxy/tools/trust_store.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/file.h"

#define SYSTEM_FOLDER "/usr/local/share/ca-certificates"

extern char **environ; /* POSIX.1-2017: the program declares it */

/* --- where they are -------------------------------------------------------- */

static void add(struct trust_stores *out, enum trust_kind kind,
                const char *path, size_t len)
{
    struct trust_store *s = &out->list[out->count];

    if (out->count == TRUST_STORES_MAX || len >= sizeof(s->path))
        return;
    s->kind = kind;
    memcpy(s->path, path, len);
    s->path[len] = '\0';
    out->count++;
}

/* A profile of Firefox is where its database is. */
static void find_firefox(const char *home, const char *below,
                         struct trust_stores *out)
{
    static const char file[] = "/cert9.db";
    char pattern[PATHS_ROOM];
    glob_t found;

    (void)snprintf(pattern, sizeof(pattern), "%s/%s/*%s", home, below, file);
    if (glob(pattern, 0, NULL, &found) != 0)
        return;
    for (size_t i = 0; i < found.gl_pathc && out->count + 1 < TRUST_STORES_MAX;
         i++)
        add(out, TRUST_FIREFOX, found.gl_pathv[i],
            strlen(found.gl_pathv[i]) - strlen(file));
    globfree(&found);
}

/* Newer ones look below $XDG_CONFIG_HOME, whose default is in the table. */
static void find_firefox_elsewhere(const char *home, struct trust_stores *out)
{
    const char *config = getenv("XDG_CONFIG_HOME");
    char usual[PATHS_ROOM];

    (void)snprintf(usual, sizeof(usual), "%s/.config", home);
    if (config != NULL && config[0] == '/' && strcmp(config, usual) != 0)
        find_firefox(config, "mozilla/firefox", out);
}

void trust_store_find(struct trust_stores *out)
{
    static const char *const firefoxes[] = {
        ".mozilla/firefox",
        ".config/mozilla/firefox",
        "snap/firefox/common/.mozilla/firefox",
        ".var/app/org.mozilla.firefox/.mozilla/firefox",
    };
    const char *home = getenv("HOME");
    char path[PATHS_ROOM];

    out->count = 0;
    if (home != NULL && home[0] == '/') {
        (void)snprintf(path, sizeof(path), "%s/.pki/nssdb", home);
        add(out, TRUST_CHROMIUM, path, strlen(path));
        for (size_t i = 0; i < COUNT_OF(firefoxes); i++)
            find_firefox(home, firefoxes[i], out);
        find_firefox_elsewhere(home, out);
    }
    add(out, TRUST_SYSTEM, SYSTEM_FOLDER, strlen(SYSTEM_FOLDER));
}

const char *trust_store_name(enum trust_kind kind)
{
    switch (kind) {
    case TRUST_CHROMIUM:
        return "Chromium";
    case TRUST_FIREFOX:
        return "Firefox";
    case TRUST_SYSTEM:
        return "system";
    }
    return "";
}

/* --- other programs -------------------------------------------------------- */

#define NOT_THERE 127

/* Run |argv| without a terminal and without its output. Returns its exit
 * status; NOT_THERE if there is no such program. */
static int run(const char *const *argv)
{
    posix_spawn_file_actions_t files;
    char *copy[16] = { NULL };
    pid_t child;
    int status = 0, rc;

    for (size_t i = 0; argv[i] != NULL && i + 1 < COUNT_OF(copy); i++)
        copy[i] = (char *)(uintptr_t)argv[i]; /* not written to */
    if (posix_spawn_file_actions_init(&files) != 0)
        return NOT_THERE;
    rc = 0;
    for (int fd = 0; fd <= 2 && rc == 0; fd++)
        rc = posix_spawn_file_actions_addopen(&files, fd, "/dev/null", O_RDWR,
                                              0);
    if (rc == 0)
        rc = posix_spawnp(&child, copy[0], &files, NULL, copy, environ);
    (void)posix_spawn_file_actions_destroy(&files); /* cannot fail */
    if (rc != 0)
        return NOT_THERE;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return NOT_THERE;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static enum status expect_good(int code, const char *program,
                               const char *package, struct why *why)
{
    if (code == 0)
        return STATUS_OK;
    if (code != NOT_THERE)
        return why_fail(why, STATUS_NO_FILE, "trust", NULL,
                        "%s ended with status %d", program, code);
    (void)why_fail(why, STATUS_NO_FILE, "trust", NULL, "there is no %s",
                   program);
    return why_expect(why, "the package %s", package);
}

static enum status expect_nss(int code, struct why *why)
{
    return expect_good(code, "certutil", "libnss3-tools", why);
}

/* --- NSS ------------------------------------------------------------------- */

/* What certutil calls the database in |s|. */
struct database {
    char text[PATHS_ROOM + 8];
};

static struct database database_of(const struct trust_store *s)
{
    struct database d;

    (void)snprintf(d.text, sizeof(d.text), "sql:%s", s->path);
    return d;
}

static bool is_made(const struct trust_store *s)
{
    char file[PATHS_ROOM + 16];

    (void)snprintf(file, sizeof(file), "%s/cert9.db", s->path);
    return access(file, F_OK) == 0;
}

/* Browsers make theirs when they first need it; so do we. */
static enum status make_database(const struct trust_store *s, struct why *why)
{
    const struct database d = database_of(s);
    const char *const argv[] = { "certutil",         "-N", "-d", d.text,
                                 "--empty-password", NULL };
    enum status st = STATUS_OK;

    if (is_made(s))
        return STATUS_OK;
    st = file_make_dirs(s->path, why);
    return st != STATUS_OK ? st : expect_nss(run(argv), why);
}

static enum status nss_add(const struct trust_store *s, const char *name,
                           const char *pem, struct why *why)
{
    const struct database d = database_of(s);
    const char *const argv[] = { "certutil", "-A",  "-d", d.text, "-n", name,
                                 "-t",       "C,,", "-i", pem,    NULL };
    enum status st = make_database(s, why);

    return st != STATUS_OK ? st : expect_nss(run(argv), why);
}

static enum status nss_remove(const struct trust_store *s, const char *name,
                              struct why *why)
{
    const struct database d = database_of(s);
    const char *const argv[] = { "certutil", "-D", "-d", d.text,
                                 "-n",       name, NULL };

    return expect_nss(run(argv), why);
}

static bool nss_has(const struct trust_store *s, const char *name)
{
    const struct database d = database_of(s);
    const char *const argv[] = { "certutil", "-L", "-d", d.text,
                                 "-n",       name, NULL };

    return is_made(s) && run(argv) == 0;
}

/* --- the system ------------------------------------------------------------ */

/* The file of the CA called |name|: "Veritee-local-CA-1a2b3c4d.crt". */
static void system_file(const char *name, char out[PATHS_ROOM])
{
    int n = snprintf(out, PATHS_ROOM, SYSTEM_FOLDER "/%s.crt", name);

    for (int i = 0; i < n; i++)
        if (out[i] == ' ')
            out[i] = '-';
}

static enum status system_update(struct why *why)
{
    const char *const argv[] = { "update-ca-certificates", NULL };

    return expect_good(run(argv), argv[0], "ca-certificates", why);
}

static enum status system_add(const struct ca *ca, const char *name,
                              struct why *why)
{
    struct buffer pem = buffer_with_max(2 * CERT_MAX_BYTES);
    char file[PATHS_ROOM];
    enum status st;

    system_file(name, file);
    ca_pem(ca, &pem);
    if (buffer_ok(&pem))
        st = file_replace(file, buffer_view(&pem), 0644, why);
    else
        st = why_fail(why, STATUS_NO_MEMORY, "trust", NULL, "no memory");
    buffer_free(&pem);
    return st != STATUS_OK ? st : system_update(why);
}

static enum status system_remove(const char *name, struct why *why)
{
    char file[PATHS_ROOM];

    system_file(name, file);
    if (unlink(file) != 0)
        return why_fail(why, STATUS_NO_FILE, "trust", NULL, "%s: %s", file,
                        strerror(errno));
    return system_update(why);
}

static bool system_has(const char *name)
{
    char file[PATHS_ROOM];

    system_file(name, file);
    return access(file, F_OK) == 0;
}

/* --- either ---------------------------------------------------------------- */

bool trust_store_has(const struct trust_store *s, const struct ca *ca)
{
    char name[TLS_CERT_NAME_ROOM];

    ca_name(ca, name);
    return s->kind == TRUST_SYSTEM ? system_has(name) : nss_has(s, name);
}

enum status trust_store_add(const struct trust_store *s, const struct ca *ca,
                            const char *pem, struct why *why)
{
    char name[TLS_CERT_NAME_ROOM];

    ca_name(ca, name);
    return s->kind == TRUST_SYSTEM ? system_add(ca, name, why)
                                   : nss_add(s, name, pem, why);
}

enum status trust_store_remove(const struct trust_store *s, const struct ca *ca,
                               struct why *why)
{
    char name[TLS_CERT_NAME_ROOM];

    ca_name(ca, name);
    return s->kind == TRUST_SYSTEM ? system_remove(name, why)
                                   : nss_remove(s, name, why);
}

void trust_store_recipe(const struct trust_store *s, const struct ca *ca,
                        const char *pem, bool add_it, struct buffer *out)
{
    char name[TLS_CERT_NAME_ROOM], file[PATHS_ROOM];

    ca_name(ca, name);
    system_file(name, file);
    if (s->kind == TRUST_SYSTEM && add_it)
        buffer_printf(out,
                      "    sudo install -m 644 '%s' %s &&\n"
                      "        sudo update-ca-certificates\n",
                      pem, file);
    else if (s->kind == TRUST_SYSTEM)
        buffer_printf(out, "    sudo rm %s && sudo update-ca-certificates\n",
                      file);
    else if (add_it)
        buffer_printf(out,
                      "    certutil -A -d 'sql:%s' -n '%s' -t C,, -i '%s'\n",
                      s->path, name, pem);
    else
        buffer_printf(out, "    certutil -D -d 'sql:%s' -n '%s'\n", s->path,
                      name);
}
