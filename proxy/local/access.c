#include "proxy/local/access.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/secret.h"
#include "common/text.h"

/* Both words, the colon and the end of the line. */
#define FILE_MAX_BYTES (2 * (size_t)ACCESS_WORD_MAX_BYTES + 3)

struct access {
    struct access_secret secret;
    size_t user_count;
    uid_t users[];
};

/* --- the secret ---------------------------------------------------------- */

void access_secret_wipe(struct access_secret *s)
{
    secret_wipe(s, sizeof(*s));
}

/* |given| as a word of ours has it: what no word can be is like none. */
static bool same_word(const char *word, struct slice given)
{
    char padded[ACCESS_WORD_MAX_BYTES + 1] = "";
    const bool fits =
        given.len <= ACCESS_WORD_MAX_BYTES &&
        (given.len == 0 || memchr(given.at, '\0', given.len) == NULL);
    bool same;

    if (fits && given.len > 0)
        memcpy(padded, given.at, given.len);
    same = secret_equal(word, padded, sizeof(padded));
    secret_wipe(padded, sizeof(padded));
    return fits && same;
}

bool access_secret_is(const struct access_secret *s, struct slice user,
                      struct slice password)
{
    /* Both are compared, whatever comes of the first. */
    const bool user_good = s->user[0] == '\0' || same_word(s->user, user);
    const bool password_good = same_word(s->password, password);

    return user_good && password_good && s->password[0] != '\0';
}

static enum status check_private(int fd, const char *path, struct why *why)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return why_fail(why, STATUS_NO_FILE, "credentials", NULL, "%s: %s",
                        path, strerror(errno));
    if (S_ISREG(st.st_mode) && (st.st_mode & (S_IRWXG | S_IRWXO)) == 0 &&
        (st.st_uid == geteuid() || st.st_uid == 0))
        return STATUS_OK;
    (void)why_fail(why, STATUS_BAD_CONFIG, "credentials", NULL,
                   "%s: mode %04o of user %u", path,
                   (unsigned)(st.st_mode & 07777), (unsigned)st.st_uid);
    return why_expect(why, "a file that its user alone can read (chmod 600)");
}

/* |*len| is one more than the maximum for a longer file. */
static enum status read_line(const char *path, char line[FILE_MAX_BYTES + 1],
                             size_t *len, struct why *why)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t got = 1;
    enum status st;

    *len = 0;
    if (fd < 0)
        return why_fail(why, STATUS_NO_FILE, "credentials", NULL, "%s: %s",
                        path, strerror(errno));
    st = check_private(fd, path, why);
    while (st == STATUS_OK && got > 0 && *len <= FILE_MAX_BYTES) {
        got = read(fd, line + *len, FILE_MAX_BYTES + 1 - *len);
        if (got > 0)
            *len += (size_t)got;
    }
    if (st == STATUS_OK && got < 0)
        st = why_fail(why, STATUS_NO_FILE, "credentials", NULL, "%s: %s", path,
                      strerror(errno));
    (void)close(fd); /* only read from */
    return st;
}

static bool take_word(struct slice from, char word[ACCESS_WORD_MAX_BYTES + 1])
{
    if (from.len == 0 || from.len > ACCESS_WORD_MAX_BYTES)
        return false;
    for (size_t i = 0; i < from.len; i++)
        if (from.at[i] <= ' ' || from.at[i] > '~')
            return false;
    memcpy(word, from.at, from.len);
    return true;
}

static bool take_line(struct slice line, struct access_secret *out)
{
    const uint8_t *colon;
    size_t user;

    if (line.len > 0 && line.at[line.len - 1] == '\n')
        line.len--;
    colon = line.len == 0 ? NULL : memchr(line.at, ':', line.len);
    if (colon == NULL)
        return take_word(line, out->password);
    user = (size_t)(colon - line.at);
    return take_word(slice_of(line.at, user), out->user) &&
           take_word(slice_of(colon + 1, line.len - user - 1), out->password);
}

enum status access_secret_read(const char *path, struct access_secret *out,
                               struct why *why)
{
    char line[FILE_MAX_BYTES + 1];
    size_t len;
    enum status st = read_line(path, line, &len, why);
    bool good;

    *out = (struct access_secret){ 0 };
    good = st == STATUS_OK && take_line(slice_of(line, len), out) &&
           strlen(out->password) >= ACCESS_PASSWORD_MIN_BYTES;
    secret_wipe(line, sizeof(line));
    if (good)
        return STATUS_OK;
    access_secret_wipe(out);
    if (st != STATUS_OK)
        return st;
    (void)why_fail(why, STATUS_BAD_CONFIG, "credentials", NULL,
                   "%s: no such line", path);
    return why_expect(why,
                      "one line, user:password or a token, of visible ASCII; "
                      "the password of %d to %d bytes",
                      ACCESS_PASSWORD_MIN_BYTES, ACCESS_WORD_MAX_BYTES);
}

/* --- who is at a UNIX socket --------------------------------------------- */

/* A name, or a number that is nobody's name. */
static enum status find_user(const char *name, uid_t *out, struct why *why)
{
    const struct passwd *user = getpwnam(name);
    uint64_t number;

    if (user != NULL) {
        *out = user->pw_uid;
        return STATUS_OK;
    }
    if (text_from_decimal(slice_text(name), UINT32_MAX - 1, &number)) {
        *out = (uid_t)number;
        return STATUS_OK;
    }
    (void)why_fail(why, STATUS_BAD_CONFIG, "allow-users", NULL, "%s", name);
    return why_expect(why, "a user of this machine, by name or number");
}

enum status access_new(const struct policy *policy, struct access **out,
                       struct why *why)
{
    struct access *a =
        calloc(1, sizeof(*a) + policy->allow_user_count * sizeof(a->users[0]));
    enum status st = STATUS_OK;

    *out = NULL;
    if (a == NULL)
        return why_fail(why, STATUS_NO_MEMORY, "access", NULL, "no memory");
    if (policy->credentials != NULL)
        st = access_secret_read(policy->credentials, &a->secret, why);
    for (size_t i = 0; i < policy->allow_user_count && st == STATUS_OK; i++)
        st = find_user(policy->allow_users[i], &a->users[a->user_count++], why);
    if (st != STATUS_OK) {
        access_free(a);
        return st;
    }
    *out = a;
    return STATUS_OK;
}

void access_free(struct access *a)
{
    if (a != NULL)
        access_secret_wipe(&a->secret);
    free(a);
}

const struct access_secret *access_secret_of(const struct access *a)
{
    return &a->secret;
}

bool access_has_user(const struct access *a, uid_t uid)
{
    for (size_t i = 0; i < a->user_count; i++)
        if (a->users[i] == uid)
            return true;
    return uid == geteuid();
}
