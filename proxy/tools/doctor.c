#include "proxy/tools/doctor.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collateral/stock.h"
#include "collateral/store.h"
#include "common/limits.h"
#include "common/secret.h"
#include "common/text.h"
#include "proxy/local/policy_file.h"
#include "proxy/local/refusal_words.h"
#include "proxy/tools/audit_find.h"
#include "proxy/tools/probe.h"
#include "proxy/tools/proxy_env.h"
#include "proxy/tools/running.h"

/* No clock is right that says less: this program is not older. */
#define CLOCK_FLOOR_UNIX INT64_C(1767225600) /* 2026-01-01 */
#define SOON_SECONDS     (3 * 24 * 60 * 60)

/* --- folders --------------------------------------------------------------- */

/* One that the program may write to and nobody else may read. */
static bool check_folder(struct doctor *d, const char *area, const char *path)
{
    struct stat st;

    if (stat(path, &st) != 0 && errno == ENOENT) {
        findings_add(&d->findings, FINDING_NOTE, area, path, NULL,
                     "is not there yet: it is made when it is needed");
        return false;
    }
    if (access(path, R_OK | W_OK | X_OK) != 0) {
        findings_add(&d->findings, FINDING_ERROR, area, path,
                     "make it a folder that you may read and write, or name "
                     "another in the policy",
                     "%s", strerror(errno));
        return false;
    }
    if ((st.st_mode & 077) != 0)
        findings_add(&d->findings, FINDING_WARNING, area, path,
                     "take the rights of others away: chmod go= on it",
                     "has mode %03o: others may look in",
                     (unsigned)st.st_mode & 0777u);
    return true;
}

/* --- the store ------------------------------------------------------------- */

#define ROOTS_MAX 16

/* What items may be signed under besides the built-in roots: those that
 * services name. */
struct roots {
    size_t count;
    struct buffer list[ROOTS_MAX]; /* owned */
    struct slice views[ROOTS_MAX];
};

static void read_roots(const struct policy *p, struct roots *out)
{
    struct why why;

    *out = (struct roots){ .count = 0 };
    for (size_t i = 0; i < p->service_count && out->count < ROOTS_MAX; i++) {
        const struct service *s = &p->services[i];
        struct buffer *root = &out->list[out->count];

        if (s->root_file == NULL ||
            policy_file_root(s->root_file, s->accept.tee, root, &why) !=
                STATUS_OK)
            continue;
        out->views[out->count++] = buffer_view(root);
    }
}

static void free_roots(struct roots *r)
{
    for (size_t i = 0; i < r->count; i++)
        buffer_free(&r->list[i]);
}

/* What the store holds, counted. */
struct stock {
    size_t good;
    size_t soon; /* of the good: over within SOON_SECONDS */
    size_t expired;
    size_t other; /* damaged, or signed under roots that nobody names */
};

static void check_file(struct doctor *d, const struct store *s,
                       const char *name, const struct stock_rules *rules,
                       struct stock *stock)
{
    struct stock_item item;
    struct store_entry entry;
    struct buffer file;
    struct why why;

    if (store_load(s, name, &file, &entry, &why) != STATUS_OK) {
        stock->other++;
        return;
    }
    stock_check(name, &entry, rules, &item);
    buffer_free(&file);
    d->newest_signed_unix =
        MAX_OF(d->newest_signed_unix, item.facts.issued_unix);
    if (item.why.status == STATUS_OK) {
        stock->good++;
        stock->soon += item.facts.next_update_unix - d->now_unix < SOON_SECONDS;
    } else if (item.why.status == STATUS_EXPIRED) {
        stock->expired++;
    } else {
        stock->other++;
    }
}

static void check_files(struct doctor *d, const struct store *s,
                        struct stock *stock)
{
    DIR *dir = opendir(s->dir);
    const struct dirent *e;
    struct stock_rules rules = { .now_unix = d->now_unix };
    struct roots roots;

    if (dir == NULL)
        return; /* was said already */
    read_roots(d->policy, &roots);
    rules.roots = roots.views;
    rules.root_count = roots.count;
    for (e = readdir(dir); e != NULL; e = readdir(dir))
        if (e->d_name[0] != '.')
            check_file(d, s, e->d_name, &rules, stock);
    (void)closedir(dir); /* only read from */
    free_roots(&roots);
}

void doctor_store(struct doctor *d)
{
    struct stock stock = { .good = 0 };
    struct store store;
    struct why why;

    if (d->cache_dir == NULL) {
        findings_add(&d->findings, FINDING_WARNING, "store", "",
                     "set HOME or XDG_CACHE_HOME, or name a folder as cache "
                     "in the policy",
                     "there is no place to keep collateral");
        return;
    }
    if (!check_folder(d, "store", d->cache_dir) ||
        store_init(&store, d->cache_dir, &why) != STATUS_OK)
        return;
    check_files(d, &store, &stock);
    findings_add(&d->findings,
                 stock.good == 0 && stock.expired > 0 ? FINDING_WARNING
                                                      : FINDING_OK,
                 "store", d->cache_dir,
                 stock.expired > 0
                     ? "what has expired is fetched again when it "
                       "is needed"
                     : NULL,
                 "%zu items are good, of which %zu end within 3 days; %zu have "
                 "expired, %zu cannot be told",
                 stock.good, stock.soon, stock.expired, stock.other);
}

/* --- the clock ------------------------------------------------------------- */

void doctor_clock(struct doctor *d)
{
    static const char next[] = "set the clock: nothing can be verified by a "
                               "wrong one; then run 'veritee doctor' again";
    char now[TEXT_TIME_ROOM];
    char newest[TEXT_TIME_ROOM];

    text_time(d->now_unix, now);
    text_time(d->newest_signed_unix, newest);
    if (d->now_unix < CLOCK_FLOOR_UNIX)
        findings_add(&d->findings, FINDING_ERROR, "clock", "", next,
                     "it says %s, before this program was made", now);
    else if (d->now_unix + CLOCK_SKEW_SECONDS < d->newest_signed_unix)
        findings_add(&d->findings, FINDING_ERROR, "clock", "", next,
                     "it says %s, but something was signed at %s", now, newest);
    else if (d->newest_signed_unix == 0)
        findings_add(&d->findings, FINDING_OK, "clock", "", NULL,
                     "%s; nothing signed was seen to compare it with", now);
    else
        findings_add(&d->findings, FINDING_OK, "clock", "", NULL,
                     "%s; the newest thing signed is of %s", now, newest);
}

/* --- the environment ------------------------------------------------------- */

static void check_no_proxy(struct doctor *d, const char *list)
{
    for (size_t i = 0; i < d->policy->service_count; i++) {
        const struct service *s = &d->policy->services[i];

        for (size_t k = 0; k < s->host_count; k++)
            if (text_list_has(slice_text(list), slice_text(s->hosts[k].host)))
                findings_add(&d->findings, FINDING_WARNING, "environment",
                             "no_proxy", "take the host out of it",
                             "%s is of service %s: programs pass by the proxy",
                             s->hosts[k].host, s->name);
    }
}

/* A URL may have a password, which is not for a report. */
static const char *without_user(const char *url)
{
    const char *at = strrchr(url, '@');

    return at == NULL ? url : at + 1;
}

void doctor_environment(struct doctor *d, const struct running *proxy)
{
    struct proxy_env want;
    size_t leading = 0;

    if (proxy->path[0] != '\0')
        return; /* no variable leads there */
    proxy_env_make(proxy, &want);
    for (size_t i = 0; i < PROXY_ENV_COUNT; i++) {
        const char *name = want.at[i].name;
        const char *value = getenv(name);

        if (value == NULL || value[0] == '\0')
            continue;
        if (text_same_word(slice_text(name), slice_text("no_proxy"))) {
            check_no_proxy(d, value);
            continue;
        }
        if (strstr(value, want.at[i].value + strlen("http://")) != NULL)
            leading++;
        else
            findings_add(&d->findings, FINDING_WARNING, "environment", name,
                         "eval \"$(veritee env)\", or run programs by 'veritee "
                         "exec'",
                         "leads to %.200s, not to this proxy",
                         without_user(value));
    }
    secret_wipe(&want, sizeof(want));
    if (leading == 0)
        findings_add(&d->findings, FINDING_NOTE, "environment", "",
                     "eval \"$(veritee env)\", or run programs by 'veritee "
                     "exec'",
                     "no variable leads programs to the proxy");
    else
        findings_add(&d->findings, FINDING_OK, "environment", "", NULL,
                     "%zu variables lead programs to this proxy", leading);
}

/* --- the proxy ------------------------------------------------------------- */

void doctor_proxy(struct doctor *d, const struct running *proxy)
{
    char name[POLICY_ADDRESS_ROOM];
    struct why why = { 0 };
    enum status st = running_find(proxy, &why);

    running_text(proxy, name);
    if (st == STATUS_OK)
        findings_add(&d->findings, FINDING_OK, "proxy", name, NULL,
                     "a veritee listens there");
    else if (st == STATUS_REFUSED)
        findings_add(&d->findings, FINDING_NOTE, "proxy", name,
                     "start it by 'veritee run'", "nothing listens there");
    else if (st == STATUS_NO_LOGIN)
        findings_add(&d->findings, FINDING_ERROR, "proxy", name,
                     "name the credentials that it was started with in the "
                     "policy, or start it again",
                     "who listens there asks for other credentials");
    else
        findings_add(&d->findings, FINDING_ERROR, "proxy", name,
                     "end that program, or let the policy listen elsewhere",
                     "another program listens there");
}

/* --- the audit ------------------------------------------------------------- */

void doctor_audit(struct doctor *d)
{
    char path[PATHS_ROOM];
    struct why why;

    if (!d->policy->audit.keep) {
        findings_add(&d->findings, FINDING_NOTE, "audit", "", NULL,
                     "the policy asks for no log of decisions");
        return;
    }
    if (audit_find_dir(d->policy->audit.dir, path, &why) != STATUS_OK)
        findings_add(&d->findings, FINDING_WARNING, "audit", "",
                     "set HOME or XDG_STATE_HOME, or name a folder in the "
                     "policy",
                     "%s", why.found);
    else if (check_folder(d, "audit", path))
        findings_add(&d->findings, FINDING_OK, "audit", path, NULL,
                     "decisions are written there");
}

/* --- the services ---------------------------------------------------------- */

/* Where on the way it ended. */
static const char *stage_of(enum status st)
{
    switch (status_class(st)) {
    case CLASS_NETWORK:
        if (st == STATUS_NO_NAME)
            return "resolving its name";
        return st == STATUS_TLS ? "in the outer TLS" : "connecting";
    case CLASS_PEER:
    case CLASS_REQUEST:
        return "after connecting, by its protocol";
    case CLASS_COLLATERAL:
        return "with its evidence there, for want of collateral";
    case CLASS_EVIDENCE:
        return "verifying its evidence";
    case CLASS_POLICY:
        return "judging by the policy";
    case CLASS_NONE:
    case CLASS_LOCAL:
        return "on this machine";
    }
    return "";
}

static void tell_accepted(struct doctor *d, const char *about,
                          const struct attestation *a)
{
    const struct claims *c = &a->claims;
    const bool soon = a->deadline_unix - d->now_unix < SOON_SECONDS &&
                      a->decision.deadline_item != NULL &&
                      strcmp(a->decision.deadline_item, "max-age") != 0;
    const char *release = a->decision.release;
    char until[TEXT_TIME_ROOM];

    text_time(a->deadline_unix, until);
    findings_add(
        &d->findings, c->simulated || soon ? FINDING_WARNING : FINDING_OK,
        "service", about,
        c->simulated ? "a simulated TEE protects nothing: for trying "
                       "things out only"
        : soon       ? "see that newer collateral can be fetched"
                     : NULL,
        "accepted%s: %s%s%s%s%s, until %s (%s)",
        c->simulated ? ", SIMULATED" : "", tee_name(c->tee),
        c->tcb.status != TCB_NONE ? ", " : "", tcb_status_name(c->tcb.status),
        release != NULL && release[0] != '\0' ? ", release " : "",
        release != NULL ? release : "", until,
        a->decision.deadline_item != NULL ? a->decision.deadline_item : "");
}

static void note_platform(struct doctor *d, const struct service *service,
                          const struct claims *c)
{
    struct doctor_platform *p;

    d->newest_signed_unix =
        MAX_OF(d->newest_signed_unix, c->validity.latest_issue_unix);
    if (c->tee == TEE_SEV_SNP || d->platform_count == DOCTOR_PLATFORMS_MAX)
        return;
    p = &d->platforms[d->platform_count++];
    *p = (struct doctor_platform){ .service = service->name };
    p->platform.tee = c->tee;
    p->platform.version = c->quote_version;
    memcpy(p->platform.fmspc, c->platform.fmspc, sizeof(p->platform.fmspc));
    p->platform.platform_ca = c->platform.platform_ca;
}

static void on_decided(void *ctx, const struct service *service,
                       const struct endpoint *endpoint,
                       const struct attestation *a, const struct why *why)
{
    struct doctor *d = ctx;
    char about[128];
    char line[FINDING_TEXT_ROOM];

    (void)snprintf(about, sizeof(about), "%s at %s", service->name,
                   endpoint->url);
    if (a != NULL && a->claims.tee != TEE_NONE)
        note_platform(d, service, &a->claims);
    if (why->status == STATUS_OK && a != NULL) {
        tell_accepted(d, about, a);
        return;
    }
    why_line(why, line, sizeof(line));
    findings_add(&d->findings, FINDING_ERROR, "service", about,
                 refusal_words_of(why->status).advice, "%s, %s: %s",
                 status_text(why->status), stage_of(why->status), line);
}

void doctor_services(struct doctor *d)
{
    const struct probe probe = { .policy = d->policy,
                                 .cache_dir = d->cache_dir,
                                 .on_decided = on_decided,
                                 .ctx = d };
    struct why why = { 0 };
    char line[FINDING_TEXT_ROOM];

    if (d->policy->service_count == 0) {
        findings_add(&d->findings, FINDING_WARNING, "service", "",
                     "add one: veritee pin --append POLICY HOST",
                     "the policy names none");
        return;
    }
    if (probe_run(&probe, &why) == STATUS_OK)
        return;
    why_line(&why, line, sizeof(line));
    findings_add(&d->findings, FINDING_ERROR, "service", "",
                 refusal_words_of(why.status).advice, "%s", line);
}
