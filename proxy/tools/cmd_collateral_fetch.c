/* `veritee collateral fetch`. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/file.h"
#include "common/json_out.h"
#include "common/limits.h"
#include "common/text.h"
#include "proxy/local/attest.h"
#include "proxy/tools/cmd_collateral.h"
#include "proxy/tools/collateral_once.h"
#include "proxy/tools/collateral_setup.h"
#include "proxy/tools/collateral_words.h"
#include "proxy/tools/probe.h"

/* names: cmd_collateral_fetch one of its commands */

struct options {
    struct collateral_setup_options from;
    const char *quote;
    const char *fmspc;
    const char *tee;
    const char *ca;
    bool early;
    bool json;
};

#define FIELD(name) offsetof(struct options, name)

static const struct command_option known[] = {
    { "quote", 0, OPTION_FILE, FIELD(quote), "FILE",
      "what this SGX or TDX quote needs" },
    { "fmspc", 0, OPTION_TEXT, FIELD(fmspc), "HEX",
      "what platforms of this FMSPC need" },
    { "tee", 0, OPTION_WORD, FIELD(tee), "sgx|tdx",
      "with --fmspc: of what; default: tdx" },
    { "ca", 0, OPTION_WORD, FIELD(ca), "platform|processor",
      "with --fmspc: who issued the PCK; default: platform" },
    { "early", 0, OPTION_FLAG, FIELD(early), NULL,
      "the TCB data that is to come, for forecasts" },
    { "policy", 'p', OPTION_FILE, FIELD(from.policy), "FILE",
      "take sources, store and roots from this policy;\n"
      "default: that which 'run' would read, if it is there" },
    { "store", 0, OPTION_FOLDER, FIELD(from.store), "DIR",
      "the folder of the store; default: the policy's" },
    { "root", 0, OPTION_FILE, FIELD(from.root), "FILE",
      "the root of a simulated TEE, with --quote or --fmspc" },
    { "json", 0, OPTION_FLAG, FIELD(json), NULL,
      "print one JSON object instead of text" },
    { .name = NULL },
};

static int fetch_main(int argc, char **argv);

const struct command cmd_collateral_fetch_command = {
    .name = "collateral fetch",
    .what = "fetch what is needed now, into the store",
    .synopsis = "[options]\n[options] --quote FILE\n[options] --fmspc HEX",
    .about =
        "Fetch items from the network sources of the policy, whatever the\n"
        "store has, check them and keep them. Without --quote or --fmspc:\n"
        "ask each endpoint of the policy what it is, and fetch for that.\n",
    .options = known,
    .exits = "0 all is there; 2 wrong usage, or a file that cannot be read or\n"
             "written; 3 something cannot be had.\n",
    .examples = "veritee collateral fetch\n"
                "veritee collateral fetch --fmspc 90c06f000000\n",
    .main = fetch_main,
};

/* One run. */
struct work {
    struct options options;
    struct collateral_setup setup;
    struct buffer out;
    struct json_out json;
    bool failed; /* something cannot be had */
};

static int complain(const char *what)
{
    return command_fail(&cmd_collateral_fetch_command, COMMAND_TROUBLE, "%s",
                        what);
}

/* --- from where ----------------------------------------------------------- */

static const struct collateral_source makers[] = { { .kind = SOURCE_PCS },
                                                   { .kind = SOURCE_KDS } };

/* The network sources of the policy, or the makers' own if there is none. */
static size_t remote_sources(const struct policy *p,
                             struct collateral_source to[POLICY_SOURCES_MAX])
{
    struct collateral_source all[POLICY_SOURCES_MAX];
    size_t count = 0;

    if (p == NULL) {
        memcpy(to, makers, sizeof(makers));
        return COUNT_OF(makers);
    }
    attest_sources(&p->collateral.sources, all);
    for (size_t i = 0; i < p->collateral.sources.count; i++)
        if (source_is_remote(all[i].kind))
            to[count++] = all[i];
    return count;
}

/* --- for a platform ------------------------------------------------------- */

static int read_quote(const char *path, struct quote_platform *out)
{
    struct buffer quote;
    struct why why;
    enum status st = file_read(path, QUOTE_MAX_BYTES, &quote, &why);

    if (st == STATUS_OK)
        st = quote_platform_read(buffer_view(&quote), out, &why);
    buffer_free(&quote);
    if (st == STATUS_OK)
        return -1;
    return command_fail_why(&cmd_collateral_fetch_command, COMMAND_TROUBLE,
                            &why);
}

static int read_platform(const struct options *o, struct quote_platform *out)
{
    *out = (struct quote_platform){ .tee = TEE_TDX, .platform_ca = true };
    if (o->quote != NULL && o->fmspc != NULL)
        return complain("--quote and --fmspc at the same time");
    if (o->quote != NULL)
        return read_quote(o->quote, out);
    if (!text_from_hex(slice_text(o->fmspc), out->fmspc, sizeof(out->fmspc)))
        return complain("--fmspc: not 12 hexadecimal digits");
    if (o->tee != NULL && strcmp(o->tee, "sgx") == 0)
        out->tee = TEE_SGX;
    if (o->ca != NULL && strcmp(o->ca, "processor") == 0)
        out->platform_ca = false;
    return -1;
}

static void tell_bundle(struct work *w, const struct collateral_request *r,
                        const struct bundle *b)
{
    for (enum collateral_item i = 0; i < ITEM_COUNT; i++) {
        const struct item *item = b->items[i];
        struct stock_item checked = { .root = r->root_der,
                                      .facts = item->facts };
        struct store_entry entry = { .fetched_unix = item->fetched_unix };
        char name[WANT_NAME_ROOM];
        const struct collateral_words words = { .name = name,
                                                .entry = &entry,
                                                .item = &checked,
                                                .outcome = "stored",
                                                .now_unix =
                                                    item->fetched_unix };

        checked.want = want_of(i, &r->platform, &r->update, r->root_der);
        want_name(&checked.want, name);
        (void)snprintf(entry.origin, sizeof(entry.origin), "%s", item->origin);
        if (w->options.json)
            collateral_words_json(&words, &w->json);
        else
            collateral_words_text(&words, &w->out);
    }
}

static int fetch_platform(struct work *w)
{
    struct collateral_source sources[POLICY_SOURCES_MAX];
    const struct collateral_config config = { .store_dir = w->setup.store_dir };
    struct collateral_request r = {
        .root_der = collateral_setup_root(&w->setup, w->options.from.root),
        .update = { w->options.early ? UPDATE_EARLY : UPDATE_STANDARD, 0 },
        .sources = sources,
        .source_count = remote_sources(w->setup.policy, sources),
    };
    struct bundle *bundle;
    struct why why;
    int code = read_platform(&w->options, &r.platform);

    if (code != -1)
        return code;
    if (collateral_once_set(&config, &r, &bundle, &why) != STATUS_OK) {
        (void)command_fail_why(&cmd_collateral_fetch_command, COMMAND_NO_ANSWER,
                               &why);
        w->failed = true;
        return -1;
    }
    tell_bundle(w, &r, bundle);
    bundle_unref(bundle);
    return -1;
}

/* --- for a policy --------------------------------------------------------- */

/* Which part of the work failed, if any. What the policy or the verifier
 * thinks of the evidence is not asked here. */
static bool is_had(const struct why *why)
{
    enum status_class class = status_class(why->status);

    return why->status == STATUS_OK || class == CLASS_POLICY ||
           class == CLASS_EVIDENCE;
}

static void on_decided(void *ctx, const struct service *service,
                       const struct endpoint *endpoint,
                       const struct attestation *a, const struct why *why)
{
    struct work *w = ctx;
    const bool had = is_had(why);
    char line[512] = "";

    (void)a;
    if (!had)
        why_line(why, line, sizeof(line));
    w->failed |= !had;
    if (!w->options.json) {
        buffer_printf(&w->out, "%s at %s: %s%s\n", service->name, endpoint->url,
                      had ? "its collateral is in the store" : "", line);
        return;
    }
    json_out_object(&w->json, NULL);
    json_out_text(&w->json, "service", service->name);
    json_out_text(&w->json, "endpoint", endpoint->url);
    json_out_text(&w->json, "status",
                  status_name(had ? STATUS_OK : why->status));
    json_out_text(&w->json, "reason", line);
    json_out_end_object(&w->json);
}

/* Only what comes by the network, so that the store is not asked. */
static struct policy_sources remote_only(const struct policy_sources *from,
                                         struct policy_source *list, bool early)
{
    struct policy_sources s = *from;

    s.list = list;
    s.count = 0;
    s.forecast = false;
    if (early)
        s.update = POLICY_UPDATE_EARLY;
    for (size_t i = 0; i < from->count; i++)
        if (from->list[i].kind != POLICY_SOURCE_STORE &&
            from->list[i].kind != POLICY_SOURCE_STAPLED)
            list[s.count++] = from->list[i];
    return s;
}

static int fetch_services(struct work *w)
{
    const struct policy *user = w->setup.policy;
    const size_t count = user->service_count;
    struct service *services = calloc(count + 1, sizeof(*services));
    struct policy_source(*lists)[POLICY_SOURCES_MAX] =
        calloc(count + 1, sizeof(*lists));
    struct policy policy = *user;
    const struct probe probe = { .policy = &policy,
                                 .cache_dir = w->setup.store_dir,
                                 .on_decided = on_decided,
                                 .ctx = w };
    enum status st = STATUS_NO_MEMORY;
    struct why why;

    policy.services = services;
    for (size_t i = 0; services != NULL && lists != NULL && i < count; i++) {
        services[i] = user->services[i];
        services[i].sources =
            remote_only(&user->services[i].sources, lists[i], w->options.early);
    }
    if (services == NULL || lists == NULL)
        (void)why_fail(&why, st, "collateral", NULL, "no memory");
    else
        st = probe_run(&probe, &why);
    free(services);
    free(lists);
    if (st == STATUS_OK)
        return -1;
    return command_fail_why(&cmd_collateral_fetch_command, COMMAND_TROUBLE,
                            &why);
}

/* --- the command ---------------------------------------------------------- */

static int fetch(struct work *w)
{
    const struct options *o = &w->options;

    if (o->quote != NULL || o->fmspc != NULL)
        return fetch_platform(w);
    if (w->setup.policy == NULL)
        return complain("no policy where it is by default; name one by "
                        "--policy, or what to fetch by --quote or --fmspc");
    return fetch_services(w);
}

static void open_json(struct work *w)
{
    const bool items = w->options.quote != NULL || w->options.fmspc != NULL;

    json_out_object(&w->json, NULL);
    json_out_int(&w->json, "version", CMD_COLLATERAL_JSON_VERSION);
    json_out_time(&w->json, "time", (int64_t)time(NULL));
    json_out_text(&w->json, "store", w->setup.store_dir);
    json_out_array(&w->json, items ? "items" : "services");
}

static int fetch_main(int argc, char **argv)
{
    struct work w = { .failed = false };
    char **operands;
    int code = command_read(&cmd_collateral_fetch_command, argc, argv,
                            &w.options, &operands);

    if (code == -1)
        code = collateral_setup_read(&cmd_collateral_fetch_command,
                                     &w.options.from, &w.setup);
    if (code != -1)
        return code;
    w.out = buffer_with_max(CMD_COLLATERAL_OUTPUT_MAX);
    w.json = json_out_to(&w.out);
    if (w.options.json)
        open_json(&w);
    code = fetch(&w);
    if (w.options.json) {
        json_out_end_array(&w.json);
        json_out_end_object(&w.json);
        buffer_byte(&w.out, '\n');
    }
    collateral_setup_free(&w.setup);
    if (code != -1) {
        buffer_free(&w.out);
        return code;
    }
    return command_print(&cmd_collateral_fetch_command,
                         w.failed ? COMMAND_NO_ANSWER : COMMAND_GOOD, &w.out);
}
