#include "proxy/local/figures.h"

#include <stdlib.h>

#include "common/compiler.h"

/* Of one service: what its struct status_service points to. */
struct copies {
    struct attempt *attempts;
    struct attempt failure;
    struct attestation *attestation; /* NULL if there is none */
    struct forecast forecast;
};

struct figures {
    struct snapshot *snapshot; /* held */
    struct tally tally;
    struct status_data data;
    struct copies *copies; /* one a service */
};

/* NULL when out of memory, or |count| is 0. */
static void *copy_of(const void *from, size_t count, size_t size)
{
    void *to = count == 0 ? NULL : calloc(count, size);

    if (to != NULL)
        memcpy(to, from, count * size);
    return to;
}

/* |to| has the pointers of the original: replace each. */
static bool own_service(struct status_service *to, struct copies *copies)
{
    const struct status_session *sessions = to->sessions;
    const size_t endpoints = to->service->endpoint_count;

    to->merged = NULL;
    to->sessions = copy_of(sessions, to->session_count, sizeof(*sessions));
    copies->attempts = copy_of(to->attempts, endpoints, sizeof(*to->attempts));
    to->attempts = copies->attempts;
    if (to->failure != NULL) {
        copies->failure = *to->failure;
        to->failure = &copies->failure;
    }
    if (to->attestation != NULL) {
        copies->attestation =
            copy_of(to->attestation, 1, sizeof(*to->attestation));
        if (copies->attestation == NULL)
            return false;
        to->attestation = copies->attestation;
    }
    if (to->forecast != NULL) {
        copies->forecast = *to->forecast;
        to->forecast = &copies->forecast;
    }
    return copies->attempts != NULL &&
           (to->sessions != NULL || to->session_count == 0);
}

static bool own_services(struct figures *f, const struct status_data *data)
{
    const size_t count = data->service_count;

    f->data.service_count = 0;
    f->data.services = calloc(count + 1, sizeof(f->data.services[0]));
    f->copies = calloc(count + 1, sizeof(f->copies[0]));
    if (f->data.services == NULL || f->copies == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        f->data.services[i] = data->services[i];
        f->data.service_count++;
        if (!own_service(&f->data.services[i], &f->copies[i]))
            return false;
    }
    return true;
}

struct figures *figures_new(const struct status_data *data,
                            struct snapshot *snapshot)
{
    struct figures *f = calloc(1, sizeof(*f));

    if (f == NULL)
        return NULL;
    f->snapshot = snapshot_hold(snapshot);
    f->tally = *data->tally;
    f->data = *data;
    f->data.tally = &f->tally;
    f->data.address = NULL; /* the reader has its own */
    if (own_services(f, data))
        return f;
    figures_free(f);
    return NULL;
}

void figures_free(struct figures *f)
{
    if (f == NULL)
        return;
    for (size_t i = 0; f->copies != NULL && i < f->data.service_count; i++) {
        free(f->copies[i].attempts);
        free(f->copies[i].attestation);
    }
    status_data_fini(&f->data);
    free(f->copies);
    snapshot_let_go(f->snapshot);
    free(f);
}

/* --- adding -------------------------------------------------------------- */

static enum status add_sessions(struct status_service *to,
                                const struct status_service *from)
{
    const size_t count = to->session_count + from->session_count;
    struct status_session *all;

    if (from->session_count == 0)
        return STATUS_OK;
    all = realloc(to->sessions, count * sizeof(*all));
    if (all == NULL)
        return STATUS_NO_MEMORY;
    memcpy(all + to->session_count, from->sessions,
           from->session_count * sizeof(*all));
    to->sessions = all;
    to->session_count = count;
    return STATUS_OK;
}

/* Seconds are all there is to compare by: of two in one second the success is
 * taken for the later, as people do who try until it works. */
static bool is_later(const struct attempt *a, const struct attempt *b)
{
    return a->at_unix > b->at_unix ||
           (a->at_unix == b->at_unix && a->why.status == STATUS_OK);
}

/* Of each endpoint the later attempt. */
static enum status add_attempts(struct status_service *to,
                                const struct status_service *from)
{
    const size_t count = to->service->endpoint_count;

    if (to->merged == NULL)
        to->merged = copy_of(to->attempts, count, sizeof(*to->attempts));
    if (to->merged == NULL)
        return STATUS_NO_MEMORY;
    to->attempts = to->merged;
    for (size_t i = 0; i < count; i++)
        if (from->attempts[i].order > 0 &&
            (to->merged[i].order == 0 ||
             is_later(&from->attempts[i], &to->merged[i])))
            to->merged[i] = from->attempts[i];
    return STATUS_OK;
}

/* The later one that no success came after. */
static const struct attempt *later_failure(const struct status_service *to,
                                           const struct attempt *a,
                                           const struct attempt *b)
{
    int64_t accepted = 0;

    for (size_t i = 0; i < to->service->endpoint_count; i++)
        if (to->attempts[i].order > 0 &&
            to->attempts[i].why.status == STATUS_OK)
            accepted = MAX_OF(accepted, to->attempts[i].at_unix);
    if (a == NULL || (b != NULL && b->at_unix > a->at_unix))
        a = b;
    return a != NULL && a->at_unix > accepted ? a : NULL;
}

static enum status add_service(struct status_service *to,
                               const struct status_service *from)
{
    enum status st;

    to->waiting += from->waiting;
    if (from->standing > to->standing) { /* the enum is in that order */
        to->standing = from->standing;
        to->attestation = from->attestation;
        to->forecast = from->forecast;
    }
    st = add_sessions(to, from);
    if (st == STATUS_OK)
        st = add_attempts(to, from);
    if (st == STATUS_OK)
        to->failure = later_failure(to, to->failure, from->failure);
    return st;
}

enum status figures_add(const struct figures *f,
                        const struct snapshot *snapshot, struct tally *tally,
                        struct status_data *data)
{
    enum status st = STATUS_OK;

    tally_add(tally, &f->tally);
    data->connections += f->data.connections;
    data->bytes_in += f->data.bytes_in;
    data->bytes_out += f->data.bytes_out;
    if (f->snapshot != snapshot)
        return STATUS_OK;
    for (size_t i = 0; i < data->service_count && st == STATUS_OK; i++)
        st = add_service(&data->services[i], &f->data.services[i]);
    return st;
}
