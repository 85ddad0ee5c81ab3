#include "proxy/tools/doctor_source.h"

#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "collateral/collateral.h"
#include "common/limits.h"
#include "common/text.h"
#include "proxy/io/shutdown.h"
#include "proxy/local/attest.h"
#include "proxy/local/policy_file.h"
#include "proxy/tools/terminal.h"

#define TICK_MS 1000

/* Where there is no evidence to go by: a platform that is everywhere. */
static const struct quote_platform common_platform = {
    .tee = TEE_TDX,
    .version = 4,
    .fmspc = { 0x00, 0x80, 0x6f, 0x05, 0x00, 0x00 },
    .platform_ca = true,
};

struct visit;

/* One source, asked. */
struct call {
    struct visit *visit;
    struct collateral_source source;
    struct buffer root; /* empty: built in */
    struct quote_platform platform;
    struct collateral *engine; /* its own, so that nothing is shared */
    struct collateral_wait *wait;
    uint64_t began_ms;
};

/* Lives on doctor_source_all()'s stack, which outlives the loop. */
struct visit {
    struct doctor *doctor;
    uv_loop_t loop;
    uv_timer_t tick;
    size_t count;
    size_t waiting;
    unsigned seconds;
    struct call calls[POLICY_SOURCES_MAX * 4];
};

static const char *name_of(const struct collateral_source *s)
{
    return s->url != NULL ? s->url : "Intel's PCS";
}

static void end_if_done(struct visit *v)
{
    if (v->waiting > 0 || uv_is_closing((uv_handle_t *)&v->tick))
        return;
    terminal_wait_over();
    uv_close((uv_handle_t *)&v->tick, NULL);
}

static void on_answer(void *ctx, struct bundle *bundle, const struct why *why)
{
    struct call *call = ctx;
    struct findings *f = &call->visit->doctor->findings;
    const uint64_t took = uv_now(&call->visit->loop) - call->began_ms;
    char until[TEXT_TIME_ROOM];
    char line[FINDING_TEXT_ROOM];

    call->wait = NULL;
    terminal_wait_over();
    if (bundle != NULL) {
        text_time(bundle->next_update_unix, until);
        findings_add(f, FINDING_OK, "source", name_of(&call->source), NULL,
                     "answers in %llu ms with items that verify, good until "
                     "%s",
                     (unsigned long long)took, until);
    } else {
        why_line(why, line, sizeof(line));
        findings_add(f, FINDING_ERROR, "source", name_of(&call->source),
                     "check that this machine reaches it, by which proxy, and "
                     "the CA file of its TLS; or take it out of the policy",
                     "%s after %llu ms: %s", status_text(why->status),
                     (unsigned long long)took, line);
    }
    collateral_close(call->engine, NULL, NULL);
    call->visit->waiting--;
    end_if_done(call->visit);
}

static enum status begin(struct call *call, struct why *why)
{
    struct visit *v = call->visit;
    const struct collateral_config config = {
        .fetch_deadline_ms = v->doctor->policy->collateral.timeout_ms,
    };
    const struct collateral_request request = {
        .platform = call->platform,
        .root_der = buffer_view(&call->root),
        .sources = &call->source,
        .source_count = 1,
        .done = on_answer,
        .ctx = call,
    };
    enum status st =
        collateral_open(&v->loop, &config, NULL, &call->engine, why);

    if (st != STATUS_OK)
        return st;
    uv_update_time(&v->loop);
    call->began_ms = uv_now(&v->loop);
    st = collateral_get(call->engine, &request, &call->wait, why);
    if (st != STATUS_OK)
        collateral_close(call->engine, NULL, NULL);
    return st;
}

/* --- which are asked ------------------------------------------------------- */

static bool same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool is_known(const struct visit *v, const struct collateral_source *s,
                     struct slice root)
{
    for (size_t i = 0; i < v->count; i++)
        if (v->calls[i].source.kind == s->kind &&
            same_text(v->calls[i].source.url, s->url) &&
            slice_equal(buffer_view(&v->calls[i].root), root))
            return true;
    return false;
}

/* Ask |s| for collateral under |root|, which is taken. */
static void add(struct visit *v, const struct collateral_source *s,
                const struct quote_platform *platform, struct slice root)
{
    struct call *call;

    if (!source_is_remote(s->kind) || s->kind == SOURCE_KDS ||
        (root.len > 0 && s->url == NULL) || /* Intel has no simulated TEEs */
        v->count == COUNT_OF(v->calls) || is_known(v, s, root))
        return;
    call = &v->calls[v->count++];
    *call = (struct call){ .visit = v, .source = *s, .platform = *platform };
    call->root = buffer_with_max(root.len);
    buffer_add(&call->root, root);
}

static void add_all(struct visit *v, const struct policy_sources *sources,
                    const struct quote_platform *platform, struct slice root)
{
    struct collateral_source list[POLICY_SOURCES_MAX];

    attest_sources(sources, list);
    for (size_t i = 0; i < sources->count; i++)
        add(v, &list[i], platform, root);
}

static void add_service(struct visit *v, const struct service *s)
{
    const struct doctor_platform *seen = NULL;
    struct buffer root = buffer_with_max(COLLATERAL_MAX_BYTES);
    struct why why;

    for (size_t i = 0; i < v->doctor->platform_count; i++)
        if (strcmp(v->doctor->platforms[i].service, s->name) == 0)
            seen = &v->doctor->platforms[i];
    if (s->accept.tee == TEE_SEV_SNP)
        return; /* AMD's service knows single chips only */
    if (s->root_file != NULL &&
        (seen == NULL ||
         policy_file_root(s->root_file, TEE_TDX, &root, &why) != STATUS_OK))
        return; /* a simulated platform that was not seen */
    add_all(v, &s->sources, seen != NULL ? &seen->platform : &common_platform,
            buffer_view(&root));
    buffer_free(&root);
}

static void on_tick(uv_timer_t *tick)
{
    struct visit *v = tick->data;

    terminal_wait("waiting for the sources of collateral", ++v->seconds);
}

static void ask_all(struct visit *v)
{
    struct why why = { 0 };
    char line[FINDING_TEXT_ROOM];

    for (size_t i = 0; i < v->count; i++) {
        v->waiting++;
        if (begin(&v->calls[i], &why) == STATUS_OK)
            continue;
        v->waiting--;
        why_line(&why, line, sizeof(line));
        findings_add(&v->doctor->findings, FINDING_ERROR, "source",
                     name_of(&v->calls[i].source), NULL, "%s", line);
    }
    end_if_done(v);
}

void doctor_source_all(struct doctor *d)
{
    struct visit *v = calloc(1, sizeof(*v));
    const struct policy *p = d->policy;

    if (v == NULL || uv_loop_init(&v->loop) != 0) {
        free(v);
        findings_add(&d->findings, FINDING_ERROR, "source", "", NULL,
                     "out of memory");
        return;
    }
    v->doctor = d;
    (void)uv_timer_init(&v->loop, &v->tick); /* cannot fail */
    v->tick.data = v;
    (void)uv_timer_start(&v->tick, on_tick, TICK_MS, TICK_MS);
    for (size_t i = 0; i < p->service_count; i++)
        add_service(v, &p->services[i]);
    if (p->service_count == 0)
        add_all(v, &p->collateral.sources, &common_platform,
                (struct slice){ 0 });
    ask_all(v);
    (void)uv_run(&v->loop, UV_RUN_DEFAULT); /* ends when all is closed */
    if (!shutdown_loop(&v->loop, stderr))
        findings_add(&d->findings, FINDING_ERROR, "source", "", NULL,
                     "a defect: the loop is not empty");
    for (size_t i = 0; i < v->count; i++)
        buffer_free(&v->calls[i].root);
    free(v);
}
