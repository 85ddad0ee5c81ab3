#include "proxy/local/audit.h"

#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "common/file.h"
#include "common/limits.h"
#include "proxy/local/audit_entry.h"
#include "proxy/local/satchel.h"

/* One decision, or, without evidence, a change of policy. */
struct job {
    struct job *next;
    struct audit_entry entry;
    bool is_policy;    /* entry.policy_file is told, and further files: */
    size_t file_count; /* names in |bytes|, each with its NUL */
    bool is_second;    /* by a changed policy alone */
    size_t at[AUDIT_BLOBS];
    size_t len[AUDIT_BLOBS];
    uint8_t bytes[];
};

/* How many sessions' collateral is remembered, for second decisions. */
#define EARLIER_MAX 64

/* What blobs of which evidence are called. */
struct earlier {
    char blobs[AUDIT_BLOBS][LEDGER_NAME_ROOM];
};

struct audit {
    const struct log *log;
    uv_thread_t thread;
    uv_mutex_t lock; /* of the five below */
    uv_cond_t changed;
    struct job *first;
    struct job *last;
    size_t waiting;
    uint32_t lost;
    bool closing;
    struct ledger ledger; /* the thread's, as all below */
    char policy_file[AUDIT_TEXT_ROOM];
    char policy[LEDGER_NAME_ROOM];
    char policy_files[LEDGER_NAME_ROOM];
    struct earlier earlier[EARLIER_MAX]; /* by their quotes */
    size_t next_earlier;                 /* which makes room */
    bool is_failing;                     /* it was told so already */
};

/* --- the thread ------------------------------------------------------------ */

static void tell_failure(struct audit *a, enum status st, const struct why *why)
{
    if (st != STATUS_OK && !a->is_failing)
        log_why(a->log, LOG_ERROR, "audit.failed", why, NULL);
    a->is_failing = st != STATUS_OK;
}

static enum status keep_policy(struct audit *a, struct why *why)
{
    struct buffer text;
    enum status st = file_read(a->policy_file, POLICY_MAX_BYTES, &text, why);

    if (st != STATUS_OK)
        return st;
    st = ledger_put(&a->ledger, buffer_view(&text), a->policy, why);
    buffer_free(&text);
    return st;
}

/* What the policy includes, and the measurements that it names. */
static enum status keep_further(struct audit *a, const struct job *job,
                                struct why *why)
{
    struct buffer all = buffer_with_max(POLICY_MEMORY_MAX_BYTES);
    const char *name = (const char *)job->bytes;
    enum status st = STATUS_OK;

    for (size_t i = 0; i < job->file_count && st == STATUS_OK; i++) {
        struct buffer text;

        st = file_read(name, MEASUREMENTS_MAX_BYTES, &text, why);
        if (st == STATUS_OK) {
            satchel_add(&all, slice_text(name), buffer_view(&text));
            buffer_free(&text);
        }
        name += strlen(name) + 1;
    }
    if (st == STATUS_OK && !buffer_ok(&all))
        st = why_fail(why, STATUS_NO_MEMORY, "audit", NULL,
                      "no memory for the policy's files");
    if (st == STATUS_OK && all.len > 0)
        st = ledger_put(&a->ledger, buffer_view(&all), a->policy_files, why);
    buffer_free(&all);
    return st;
}

static void take_policy(struct audit *a, const struct job *job)
{
    struct why why;
    enum status st;

    memcpy(a->policy_file, job->entry.policy_file, sizeof(a->policy_file));
    a->policy[0] = a->policy_files[0] = '\0';
    st = keep_policy(a, &why);
    if (st == STATUS_OK)
        st = keep_further(a, job, &why);
    tell_failure(a, st, &why);
}

static struct earlier *find_earlier(struct audit *a, const char *quote)
{
    for (size_t i = 0; i < EARLIER_MAX; i++)
        if (strcmp(a->earlier[i].blobs[AUDIT_QUOTE], quote) == 0)
            return &a->earlier[i];
    return NULL;
}

static void remember(struct audit *a, const struct audit_entry *e)
{
    struct earlier *to = find_earlier(a, e->blobs[AUDIT_QUOTE]);

    if (e->blobs[AUDIT_TCB_INFO][0] == '\0' &&
        e->blobs[AUDIT_ENDORSEMENT][0] == '\0')
        return;
    if (to == NULL) {
        to = &a->earlier[a->next_earlier];
        a->next_earlier = (a->next_earlier + 1) % EARLIER_MAX;
    }
    memcpy(to->blobs, e->blobs, sizeof(to->blobs));
}

/* The ledger drops its oldest blobs. */
static bool is_kept(const struct audit *a, const char *name)
{
    struct buffer blob;
    struct why why;

    if (name[0] == '\0' ||
        ledger_get(a->ledger.dir, name, &blob, &why) != STATUS_OK)
        return false;
    buffer_free(&blob);
    return true;
}

static void recall(struct audit *a, struct audit_entry *e)
{
    const struct earlier *from = find_earlier(a, e->blobs[AUDIT_QUOTE]);

    for (size_t i = AUDIT_TCB_INFO; i <= AUDIT_CRL && from != NULL; i++)
        if (e->blobs[i][0] == '\0' && is_kept(a, from->blobs[i]))
            memcpy(e->blobs[i], from->blobs[i], sizeof(e->blobs[i]));
}

static void write_decision(struct audit *a, struct job *job)
{
    struct audit_entry *e = &job->entry;
    struct why why;
    enum status st = STATUS_OK;

    memcpy(e->policy_file, a->policy_file, sizeof(e->policy_file));
    memcpy(e->blobs[AUDIT_POLICY], a->policy, sizeof(a->policy));
    memcpy(e->blobs[AUDIT_POLICY_FILES], a->policy_files,
           sizeof(a->policy_files));
    for (size_t i = 0; i < AUDIT_BLOBS && st == STATUS_OK; i++)
        if (job->len[i] > 0)
            st = ledger_put(&a->ledger,
                            slice_of(job->bytes + job->at[i], job->len[i]),
                            e->blobs[i], &why);
    if (st == STATUS_OK && job->is_second)
        recall(a, e);
    if (st == STATUS_OK)
        st = ledger_append(&a->ledger, audit_entry_write, e, &why);
    if (st == STATUS_OK && !job->is_second)
        remember(a, e);
    tell_failure(a, st, &why);
}

/* The next job; NULL when all is done and it is to end. */
static struct job *next_job(struct audit *a)
{
    struct job *job;

    uv_mutex_lock(&a->lock);
    while (a->first == NULL && !a->closing)
        uv_cond_wait(&a->changed, &a->lock);
    job = a->first;
    if (job != NULL) {
        a->first = job->next;
        a->waiting--;
        job->entry.lost = a->lost;
        a->lost = job->is_policy ? a->lost : 0;
    }
    if (a->first == NULL)
        a->last = NULL;
    uv_mutex_unlock(&a->lock);
    return job;
}

static void on_thread(void *ctx)
{
    struct audit *a = ctx;

    for (struct job *job = next_job(a); job != NULL; job = next_job(a)) {
        if (job->is_policy)
            take_policy(a, job);
        else
            write_decision(a, job);
        free(job);
    }
}

/* --- the others ------------------------------------------------------------ */

static void add(struct audit *a, struct job *job)
{
    uv_mutex_lock(&a->lock);
    if (job == NULL || a->waiting >= AUDIT_WAITING_MAX) {
        a->lost++;
        uv_mutex_unlock(&a->lock);
        free(job);
        return;
    }
    if (a->last == NULL)
        a->first = job;
    else
        a->last->next = job;
    a->last = job;
    a->waiting++;
    uv_cond_signal(&a->changed);
    uv_mutex_unlock(&a->lock);
}

/* The first is the policy itself. */
static size_t names_room(const struct policy *p)
{
    size_t room = 0;

    for (size_t i = 1; i < p->file_count; i++)
        room += strlen(p->files[i]) + 1;
    return room;
}

void audit_policy(struct audit *a, const char *path,
                  const struct policy *policy)
{
    struct job *job = calloc(1, sizeof(*job) + names_room(policy));
    uint8_t *to = job != NULL ? job->bytes : NULL;

    for (size_t i = 1; i < policy->file_count && job != NULL; i++) {
        const size_t len = strlen(policy->files[i]) + 1;

        memcpy(to, policy->files[i], len);
        to += len;
        job->file_count++;
    }
    if (job != NULL) {
        job->is_policy = true;
        (void)snprintf(job->entry.policy_file, sizeof(job->entry.policy_file),
                       "%s", path);
    }
    add(a, job);
}

/* The user's own lists; empty if there are none, or no memory. */
static struct buffer pack_crls(const struct appraise_input *in)
{
    struct buffer all =
        buffer_with_max(CRL_FILES_MAX * (COLLATERAL_MAX_BYTES + 8192));

    for (size_t i = 0; i < in->user_crl_count; i++)
        satchel_add(&all, slice_text(in->user_crls[i].name),
                    in->user_crls[i].der);
    return all;
}

static void add_decision(struct audit *a, const char *service,
                         const char *endpoint, const struct appraise_input *in,
                         const struct attestation *result, bool is_second)
{
    struct buffer crls = pack_crls(in);
    struct slice blobs[AUDIT_BLOBS];
    size_t total = 0;
    struct job *job;

    audit_entry_blobs(in, blobs);
    blobs[AUDIT_USER_CRLS] = buffer_view(&crls);
    for (size_t i = 0; i < AUDIT_BLOBS; i++)
        total += blobs[i].len;
    job = calloc(1, sizeof(*job) + total);
    total = 0;
    for (size_t i = 0; i < AUDIT_BLOBS && job != NULL; i++) {
        job->at[i] = total;
        job->len[i] = blobs[i].len;
        if (blobs[i].len > 0)
            memcpy(job->bytes + total, blobs[i].at, blobs[i].len);
        total += blobs[i].len;
    }
    if (job != NULL) {
        audit_entry_make(&job->entry, service, endpoint, in, result);
        job->is_second = is_second;
    }
    buffer_free(&crls);
    add(a, job);
}

void audit_decision(struct audit *a, const char *service, const char *endpoint,
                    const struct appraise_input *in,
                    const struct attestation *result)
{
    add_decision(a, service, endpoint, in, result, false);
}

void audit_second_decision(struct audit *a, const char *service,
                           const char *endpoint,
                           const struct appraise_input *in,
                           const struct attestation *result)
{
    add_decision(a, service, endpoint, in, result, true);
}

static enum status no_thread(struct why *why)
{
    return why_fail(why, STATUS_NO_MEMORY, "audit", NULL, "no thread");
}

static enum status start(struct audit *a, struct why *why)
{
    if (uv_mutex_init(&a->lock) != 0)
        return no_thread(why);
    if (uv_cond_init(&a->changed) != 0) {
        uv_mutex_destroy(&a->lock);
        return no_thread(why);
    }
    if (uv_thread_create(&a->thread, on_thread, a) == 0)
        return STATUS_OK;
    uv_cond_destroy(&a->changed);
    uv_mutex_destroy(&a->lock);
    return no_thread(why);
}

enum status audit_open(const char *dir, uint64_t max_bytes,
                       const struct log *log, struct audit **out,
                       struct why *why)
{
    struct audit *a = calloc(1, sizeof(*a));
    enum status st;

    *out = NULL;
    if (a == NULL)
        return why_fail(why, STATUS_NO_MEMORY, "audit", NULL, "no memory");
    a->log = log;
    st = ledger_open(&a->ledger, dir, max_bytes, why);
    if (st == STATUS_OK)
        st = start(a, why);
    if (st == STATUS_OK)
        *out = a;
    else
        free(a);
    return st;
}

void audit_close(struct audit *a)
{
    if (a == NULL)
        return;
    uv_mutex_lock(&a->lock);
    a->closing = true;
    uv_cond_signal(&a->changed);
    uv_mutex_unlock(&a->lock);
    (void)uv_thread_join(&a->thread); /* it is ours, and joined once */
    uv_cond_destroy(&a->changed);
    uv_mutex_destroy(&a->lock);
    free(a);
}
