/* `veritee collateral forecast`. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/json_out.h"
#include "proxy/local/forecast.h"
#include "proxy/tools/cmd_collateral.h"
#include "proxy/tools/collateral_once.h"
#include "proxy/tools/collateral_setup.h"
#include "proxy/tools/probe.h"

/* names: cmd_collateral_forecast one of its commands */

struct options {
    struct collateral_setup_options from;
    bool json;
};

#define FIELD(name) offsetof(struct options, name)

static const struct command_option known[] = {
    { "policy", 'p', OPTION_FILE, FIELD(from.policy), "FILE",
      "the policy; default: that which 'run' would read" },
    { "store", 0, OPTION_FOLDER, FIELD(from.store), "DIR",
      "the folder of the store; default: the policy's" },
    { "json", 0, OPTION_FLAG, FIELD(json), NULL,
      "print one JSON object instead of text" },
    { .name = NULL },
};

static int forecast_main(int argc, char **argv);

const struct command cmd_collateral_forecast_command = {
    .name = "collateral forecast",
    .what = "say which service a TCB recovery will break",
    .synopsis = "[options]",
    .about =
        "Ask each endpoint of the policy for its evidence and judge it twice: by\n"
        "the TCB data of now, and by that which Intel has published early. What\n"
        "the second refuses will break when that becomes the standard.\n",
    .options = known,
    .exits =
        "0 nothing will break; 1 something will, or is refused already; 2\n"
        "wrong usage, or a file that cannot be read; 3 nothing can be said\n"
        "of some endpoint.\n",
    .examples = "veritee collateral forecast --policy policy.yaml\n",
    .main = forecast_main,
};

/* One endpoint, judged twice. */
struct judged {
    const char *service;
    const char *endpoint;
    bool has_early;
    struct attestation present;
    struct attestation early;
    struct forecast forecast;
    char note[128]; /* what is wrong with the policy; "" if nothing */
};

/* One run. */
struct work {
    struct options options;
    struct collateral_setup setup;
    struct judged *judged; /* owned */
    size_t count;
    size_t room;
    bool early; /* which probe is under way */
};

static struct judged *judged_of(struct work *w, const char *service,
                                const char *endpoint)
{
    for (size_t i = 0; i < w->count; i++)
        if (strcmp(w->judged[i].service, service) == 0 &&
            strcmp(w->judged[i].endpoint, endpoint) == 0)
            return &w->judged[i];
    if (w->count == w->room)
        return NULL;
    w->judged[w->count] =
        (struct judged){ .service = service, .endpoint = endpoint };
    return &w->judged[w->count++];
}

static void on_decided(void *ctx, const struct service *service,
                       const struct endpoint *endpoint,
                       const struct attestation *a, const struct why *why)
{
    struct work *w = ctx;
    struct judged *o = judged_of(w, service->name, endpoint->url);
    struct attestation *to;

    if (o == NULL)
        return; /* there is room for every endpoint */
    to = w->early ? &o->early : &o->present;
    if (a != NULL)
        *to = *a;
    to->why = *why;
    o->has_early |= w->early;
}

/* Attest every endpoint by the data of |update|. */
static enum status ask(struct work *w, enum policy_update update,
                       struct why *why)
{
    const struct policy *user = w->setup.policy;
    struct policy policy = *user;
    struct service *services =
        calloc(user->service_count + 1, sizeof(*services));
    const struct probe probe = { .policy = &policy,
                                 .cache_dir = w->setup.store_dir,
                                 .on_decided = on_decided,
                                 .ctx = w };
    enum status st;

    w->early = update == POLICY_UPDATE_EARLY;
    policy.services = services;
    if (services == NULL)
        return why_fail(why, STATUS_NO_MEMORY, "forecast", NULL, "no memory");
    for (size_t i = 0; i < user->service_count; i++) {
        services[i] = user->services[i];
        services[i].sources.update = update;
        services[i].sources.forecast = false;
    }
    st = probe_run(&probe, why);
    free(services);
    return st;
}

/* --- what comes ----------------------------------------------------------- */

static const struct service *service_named(const struct policy *p,
                                           const char *name)
{
    for (size_t i = 0; i < p->service_count; i++)
        if (strcmp(p->services[i].name, name) == 0)
            return &p->services[i];
    return NULL;
}

/* True if the list of TCB data sets says anything about |o|. */
static bool wants_numbers(const struct judged *o, const struct service *s)
{
    const struct forecast *f = &o->forecast;

    if (s->accept.tee != TEE_SGX && s->accept.tee != TEE_TDX)
        return false;
    return s->accept.tcb.min_evaluation_number > 0 ||
           (f->outlook != OUTLOOK_NONE && f->early_number != f->present_number);
}

/* When the data to come was made public, and whether there is any that the
 * policy asks for. Without an answer neither is told. */
static void use_numbers(struct work *w, struct judged *o)
{
    const struct service *s = service_named(w->setup.policy, o->service);
    const struct collateral_config config = { .store_dir = w->setup.store_dir };
    struct collateral_source sources[POLICY_SOURCES_MAX];
    struct collateral_numbers_request r = { .sources = sources };
    struct tcb_numbers numbers;
    struct why why;

    if (s == NULL || !wants_numbers(o, s))
        return;
    attest_sources(&s->sources, sources);
    r.tee = s->accept.tee;
    r.source_count = s->sources.count;
    r.root_der = collateral_setup_root(&w->setup, s->root_file);
    if (collateral_once_numbers(&config, &r, &numbers, &why) != STATUS_OK)
        return;
    forecast_date(&o->forecast, &numbers);
    if (s->accept.tcb.min_evaluation_number > tcb_numbers_greatest(&numbers))
        (void)snprintf(o->note, sizeof(o->note),
                       "the policy asks for TCB data %u or later, and the "
                       "newest that Intel has published is %u",
                       (unsigned)s->accept.tcb.min_evaluation_number,
                       (unsigned)tcb_numbers_greatest(&numbers));
}

static void foresee(struct work *w)
{
    int64_t now = (int64_t)time(NULL);

    for (size_t i = 0; i < w->count; i++) {
        struct judged *o = &w->judged[i];

        if (o->present.why.status == STATUS_OK && o->has_early)
            forecast_compare(&o->present, &o->early, now, &o->forecast);
        use_numbers(w, o);
    }
}

static enum command_exit exit_of(const struct work *w)
{
    enum command_exit code = COMMAND_GOOD;

    for (size_t i = 0; i < w->count; i++) {
        const struct judged *o = &w->judged[i];
        enum status_class class = status_class(o->present.why.status);
        bool refused = class == CLASS_EVIDENCE || class == CLASS_POLICY;

        if (o->forecast.outlook == OUTLOOK_BREAKS ||
            (o->present.why.status != STATUS_OK && refused))
            return COMMAND_BAD;
        if (o->forecast.outlook != OUTLOOK_HOLDS)
            code = COMMAND_NO_ANSWER;
    }
    return code;
}

/* --- what it prints ------------------------------------------------------- */

static void put_text(const struct work *w, struct buffer *out)
{
    char line[512];

    for (size_t i = 0; i < w->count; i++) {
        const struct judged *o = &w->judged[i];

        buffer_printf(out, "%s at %s\n", o->service, o->endpoint);
        if (o->present.why.status != STATUS_OK) {
            why_line(&o->present.why, line, sizeof(line));
            buffer_printf(out, "  not accepted now: %s\n", line);
        }
        if (o->note[0] != '\0')
            buffer_printf(out, "  note            %s\n", o->note);
        forecast_text(&o->forecast, "  ", out);
    }
}

static void put_json(const struct work *w, struct buffer *out)
{
    struct json_out j = json_out_to(out);
    char line[512];

    json_out_object(&j, NULL);
    json_out_int(&j, "version", CMD_COLLATERAL_JSON_VERSION);
    json_out_time(&j, "time", (int64_t)time(NULL));
    json_out_array(&j, "services");
    for (size_t i = 0; i < w->count; i++) {
        const struct judged *o = &w->judged[i];

        line[0] = '\0';
        if (o->present.why.status != STATUS_OK)
            why_line(&o->present.why, line, sizeof(line));
        json_out_object(&j, NULL);
        json_out_text(&j, "service", o->service);
        json_out_text(&j, "endpoint", o->endpoint);
        json_out_text(&j, "status", status_name(o->present.why.status));
        json_out_text(&j, "reason", line);
        json_out_text(&j, "note", o->note);
        forecast_json(&o->forecast, "forecast", &j);
        json_out_end_object(&j);
    }
    json_out_end_array(&j);
    json_out_end_object(&j);
    buffer_byte(out, '\n');
}

static int run(struct work *w)
{
    struct buffer out = buffer_with_max(CMD_COLLATERAL_OUTPUT_MAX);
    const struct policy *p = w->setup.policy;
    struct why why;
    enum status st;

    for (size_t i = 0; i < p->service_count; i++)
        w->room += p->services[i].endpoint_count;
    w->judged = calloc(w->room + 1, sizeof(*w->judged));
    if (w->judged == NULL)
        return command_fail(&cmd_collateral_forecast_command, COMMAND_TROUBLE,
                            "no memory");
    st = ask(w, POLICY_UPDATE_STANDARD, &why);
    if (st == STATUS_OK)
        st = ask(w, POLICY_UPDATE_EARLY, &why);
    if (st != STATUS_OK)
        return command_fail_why(&cmd_collateral_forecast_command,
                                COMMAND_TROUBLE, &why);
    foresee(w);
    if (w->options.json)
        put_json(w, &out);
    else
        put_text(w, &out);
    return command_print(&cmd_collateral_forecast_command, exit_of(w), &out);
}

static int forecast_main(int argc, char **argv)
{
    struct work w = { .count = 0 };
    char **operands;
    int code = command_read(&cmd_collateral_forecast_command, argc, argv,
                            &w.options, &operands);

    if (code == -1)
        code = collateral_setup_read(&cmd_collateral_forecast_command,
                                     &w.options.from, &w.setup);
    if (code != -1)
        return code;
    if (w.setup.policy == NULL)
        code = command_fail(&cmd_collateral_forecast_command, COMMAND_TROUBLE,
                            "no policy where it is by default; see --help");
    else
        code = run(&w);
    free(w.judged);
    collateral_setup_free(&w.setup);
    return code;
}
