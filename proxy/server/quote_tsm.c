#include "proxy/server/quote_tsm.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/compiler.h"
#include "common/file.h"
#include "common/limits.h"
#include "common/text.h"
#include "proxy/server/quote_pseudo.h"

#define TRIES         5
#define REST_FIRST_NS 10000000 /* then doubled: 10 to 80 ms */
#define AUX_MAX_BYTES (64 * 1024)
#define ENTRIES_MAX   64

/* Only the worker thread touches it between open and free. */
struct quote_tsm {
    char entry[PATH_MAX];
    int lock; /* on an entry that is ours; -1: others made it for us */
    bool is_snp;
};

/* --- the entry ----------------------------------------------------------- */

/* STATUS_BUSY: somebody else has it. */
static enum status fail_entry(const char *act, const struct quote_tsm *t,
                              struct why *why)
{
    const int error = errno;
    const bool taken = error == EWOULDBLOCK || error == ENOENT;

    (void)why_fail(why, taken ? STATUS_BUSY : STATUS_NO_FILE, "quote_source",
                   NULL, "cannot %s %s: %s", act, t->entry, strerror(error));
    if (error == ENXIO)
        (void)why_expect(why, "the kernel's module tdx_guest or sev-guest");
    return why->status;
}

/* False with errno set when its last owner has removed it. */
static bool is_in_place(const struct quote_tsm *t)
{
    struct stat locked, there;

    if (fstat(t->lock, &locked) != 0 || stat(t->entry, &there) != 0)
        return false;
    errno = ENOENT;
    return locked.st_ino == there.st_ino;
}

/* Whoever has an entry has it locked. So one that is left by a process that was
 * killed is used again, and one in use is not: not even by a process of the same
 * number in another container. */
static enum status lock_entry(struct quote_tsm *t, struct why *why)
{
    enum status st = STATUS_OK;

    if (mkdir(t->entry, 0700) != 0 && errno != EEXIST)
        return fail_entry("make", t, why);
    t->lock = open(t->entry, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (t->lock < 0)
        return fail_entry("open", t, why);
    if (flock(t->lock, LOCK_EX | LOCK_NB) == 0 && is_in_place(t))
        return STATUS_OK;
    st = fail_entry("lock", t, why);
    (void)close(t->lock);
    t->lock = -1;
    return st;
}

static enum status make_entry(const char *dir, struct quote_tsm *t,
                              struct why *why)
{
    enum status st = STATUS_BUSY;

    for (unsigned i = 0; i < ENTRIES_MAX && st == STATUS_BUSY; i++) {
        char name[32];

        (void)snprintf(name, sizeof(name), "veriteed-%u", i);
        st = file_path(dir, name, "quote_source", t->entry, why);
        if (st == STATUS_OK)
            st = lock_entry(t, why);
    }
    return st;
}

/* Software below the highest level has its reports made at its own: the entry
 * begins at 0, which the platform then refuses. */
static enum status set_privlevel(const struct quote_tsm *t, struct why *why)
{
    char lowest[QUOTE_PSEUDO_WORD];
    enum status st;

    if (!quote_pseudo_has(t->entry, "privlevel_floor"))
        return STATUS_OK;
    st = quote_pseudo_word(t->entry, "privlevel_floor", lowest, why);
    if (st != STATUS_OK || strcmp(lowest, "0") == 0)
        return st;
    return quote_pseudo_write(t->entry, "privlevel", slice_text(lowest), why);
}

static enum status find_entry(const char *path, struct quote_tsm *t,
                              struct why *why)
{
    enum status st;

    if (quote_pseudo_has(path, "inblob"))
        return file_path(path, NULL, "quote_source", t->entry, why);
    st = make_entry(path, t, why);
    return st == STATUS_OK ? set_privlevel(t, why) : st;
}

static enum status find_provider(struct quote_tsm *t, struct why *why)
{
    char provider[QUOTE_PSEUDO_WORD];
    enum status st = quote_pseudo_word(t->entry, "provider", provider, why);

    if (st != STATUS_OK)
        return st;
    t->is_snp = strcmp(provider, "sev_guest") == 0;
    if (t->is_snp || strcmp(provider, "tdx_guest") == 0)
        return STATUS_OK;
    (void)why_fail(why, STATUS_UNSUPPORTED, "quote_source.provider", NULL,
                   "\"%s\"", provider);
    return why_expect(why, "tdx_guest or sev_guest");
}

enum status quote_tsm_open(const char *path, struct quote_tsm **out,
                           struct why *why)
{
    struct quote_tsm *t = calloc(1, sizeof(*t));
    enum status st;

    *out = NULL;
    if (t == NULL)
        return why_fail(why, STATUS_NO_MEMORY, "quote_source", NULL,
                        "out of memory");
    t->lock = -1;
    st = find_entry(path, t, why);
    if (st == STATUS_OK)
        st = find_provider(t, why);
    if (st != STATUS_OK) {
        quote_tsm_free(t);
        return st;
    }
    *out = t;
    return STATUS_OK;
}

void quote_tsm_free(struct quote_tsm *t)
{
    if (t == NULL)
        return;
    if (t->lock >= 0) {
        (void)rmdir(t->entry); /* if it fails, it stays until the restart */
        (void)close(t->lock);
    }
    free(t);
}

/* --- quotes -------------------------------------------------------------- */

static enum status read_generation(const struct quote_tsm *t, uint64_t *out,
                                   struct why *why)
{
    char word[QUOTE_PSEUDO_WORD];
    enum status st = quote_pseudo_word(t->entry, "generation", word, why);

    *out = 0;
    if (st != STATUS_OK)
        return st;
    if (!text_from_decimal(slice_text(word), UINT64_MAX, out))
        return why_fail(why, STATUS_NO_FILE, "quote_source.generation", NULL,
                        "\"%s\", not a number", word);
    return STATUS_OK;
}

/* Some hosts hand out no certificates: the kernel then has no auxblob, or an
 * empty one. Clients look for the VCEK elsewhere. */
static enum status read_certs(const struct quote_tsm *t, struct buffer *certs,
                              struct why *why)
{
    enum status st;

    if (!t->is_snp || !quote_pseudo_has(t->entry, "auxblob"))
        return STATUS_OK;
    st = quote_pseudo_read(t->entry, "auxblob", certs, why);
    if (st != STATUS_NO_FILE)
        return st;
    buffer_clear(certs);
    return STATUS_OK;
}

/* Nobody else may have asked between our question and its answer. */
static enum status ask(const struct quote_tsm *t,
                       const uint8_t report_data[static 64],
                       struct buffer *quote, struct buffer *certs,
                       struct why *why)
{
    uint64_t before, after;
    enum status st = read_generation(t, &before, why);

    if (st == STATUS_OK)
        st = quote_pseudo_write(t->entry, "inblob", slice_of(report_data, 64),
                                why);
    if (st == STATUS_OK)
        st = quote_pseudo_read(t->entry, "outblob", quote, why);
    if (st == STATUS_OK)
        st = read_certs(t, certs, why);
    if (st == STATUS_OK)
        st = read_generation(t, &after, why);
    if (st != STATUS_OK || after == before + 1)
        return st;
    (void)why_fail(why, STATUS_BUSY, "quote_source.generation", NULL,
                   "%" PRIu64 ": others write to %.100s", after, t->entry);
    return why_expect(why, "%" PRIu64, before + 1);
}

static void rest(unsigned tried)
{
    const struct timespec pause = { .tv_nsec = (long)REST_FIRST_NS << tried };

    (void)nanosleep(&pause, NULL); /* a signal only shortens it */
}

static enum status make(void *ctx,
                        const uint8_t report_data[QUOTE_REPORT_DATA_BYTES],
                        struct proof *out, struct why *why)
{
    const struct quote_tsm *t = ctx;
    struct buffer quote = buffer_with_max(QUOTE_MAX_BYTES + AUX_MAX_BYTES);
    struct buffer certs = buffer_with_max(AUX_MAX_BYTES);
    enum status st = STATUS_BUSY;

    for (unsigned i = 0; i < TRIES && st == STATUS_BUSY; i++) {
        if (i > 0)
            rest(i - 1);
        buffer_clear(&quote);
        buffer_clear(&certs);
        *why = (struct why){ 0 };
        st = ask(t, report_data, &quote, &certs, why);
    }
    if (st == STATUS_OK)
        st = proof_fill(buffer_view(&quote), buffer_view(&certs), report_data,
                        out, why);
    buffer_free(&quote);
    buffer_free(&certs);
    return st;
}

struct quote_maker quote_tsm_maker(struct quote_tsm *t)
{
    return (
        struct quote_maker){ .name = "configfs-tsm", .make = make, .ctx = t };
}
