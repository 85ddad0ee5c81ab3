#include "proxy/local/status_data.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

const char *status_data_word(enum standing s)
{
    switch (s) {
    case STANDING_WAITING:
        return "waiting";
    case STANDING_CONNECTING:
        return "connecting";
    case STANDING_UNREACHABLE:
        return "unreachable";
    case STANDING_REFUSED:
        return "refused";
    case STANDING_SIMULATED:
        return "SIMULATED";
    case STANDING_VERIFIED:
        return "verified";
    }
    assert(!"a standing without a word");
    return "";
}

static enum standing standing_of(const struct upstream_view *v,
                                 const struct attempt *failure)
{
    if (v->present != NULL)
        return peer_attestation(v->present)->claims.simulated
                   ? STANDING_SIMULATED
                   : STANDING_VERIFIED;
    if (v->next != NULL)
        return STANDING_CONNECTING;
    if (failure == NULL)
        return STANDING_WAITING;
    return attempts_is_refusal(failure->why.status) ? STANDING_REFUSED
                                                    : STANDING_UNREACHABLE;
}

static void take_sessions(const struct upstream_view *v,
                          struct status_service *to)
{
    for (size_t i = 0; i < UPSTREAM_PEERS_MAX; i++) {
        const struct peer *p = v->peers[i];

        if (p == NULL)
            continue;
        to->sessions[to->session_count++] = (struct status_session){
            .endpoint = peer_endpoint(p)->url,
            .state = peer_state_name(peer_state_of(p)),
            .traffic = peer_traffic(p),
        };
    }
}

static bool take_service(const struct upstream_view *v,
                         struct status_service *to)
{
    *to = (struct status_service){
        .service = v->service,
        .waiting = v->waiting,
        .attempts = v->attempts->last,
        .failure = attempts_failure(v->attempts),
        .sessions = calloc(UPSTREAM_PEERS_MAX, sizeof(*to->sessions)),
    };
    if (to->sessions == NULL)
        return false;
    to->standing = standing_of(v, to->failure);
    if (v->present != NULL)
        to->attestation = peer_attestation(v->present);
    else if (to->failure != NULL &&
             attempts_is_refusal(to->failure->why.status))
        to->attestation = v->attempts->refused;
    if (v->present != NULL)
        to->forecast = peer_forecast(v->present);
    take_sessions(v, to);
    return true;
}

enum status status_data_services(struct status_data *data,
                                 const struct upstream_set *set)
{
    size_t count = upstream_set_count(set);

    data->service_count = 0;
    data->services = calloc(count + 1, sizeof(data->services[0]));
    if (data->services == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        const struct upstream_view view = upstream_set_view(set, i);

        data->service_count++;
        if (!take_service(&view, &data->services[i])) {
            status_data_fini(data);
            return STATUS_NO_MEMORY;
        }
        if (ca_check_service(data->ca, view.service, data->now_unix,
                             &data->services[i].https) == STATUS_OK)
            data->services[i].https.status = STATUS_OK;
    }
    return STATUS_OK;
}

void status_data_traffic(struct status_data *data,
                         const struct upstream_set *set)
{
    for (size_t i = 0; i < upstream_set_count(set); i++) {
        const struct upstream_view view = upstream_set_view(set, i);

        for (size_t k = 0; k < UPSTREAM_PEERS_MAX; k++) {
            if (view.peers[k] == NULL)
                continue;
            data->bytes_in += peer_traffic(view.peers[k]).bytes_in;
            data->bytes_out += peer_traffic(view.peers[k]).bytes_out;
        }
    }
}

size_t status_data_checks(const struct attestation *a, enum outcome outcome)
{
    const struct verdict *all[] = { &a->verdict, &a->decision.verdict };
    size_t count = 0;

    for (size_t i = 0; i < COUNT_OF(all); i++)
        for (size_t k = 0; k < all[i]->count; k++)
            count += all[i]->checks[k].outcome == outcome;
    return count;
}

void status_data_fini(struct status_data *data)
{
    for (size_t i = 0; i < data->service_count; i++) {
        free(data->services[i].merged);
        free(data->services[i].sessions);
    }
    free(data->services);
    data->services = NULL;
    data->service_count = 0;
}

const char *status_data_endpoint(const struct status_service *s, size_t i)
{
    const struct attempt *r = &s->attempts[i];

    for (size_t k = 0; k < s->session_count; k++)
        if (strcmp(s->sessions[k].endpoint, s->service->endpoints[i].url) == 0)
            return s->sessions[k].state;
    if (r->order == 0)
        return "untried";
    return r->why.status == STATUS_OK ? "accepted" : "failed";
}
