#include "proxy/tools/policy_words.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "policy/field.h"

/* An item of a list that is written with ", " between its items. */
static void put_item(struct buffer *out, size_t i, const char *item)
{
    buffer_printf(out, "%s%s", i == 0 ? "" : ", ", item);
}

static void host_text(const struct host_pattern *h, char *out, size_t room)
{
    bool six = strchr(h->host, ':') != NULL;
    int n = snprintf(out, room, "%s%s%s%s", h->wildcard ? "*." : "",
                     six ? "[" : "", h->host, six ? "]" : "");

    if (h->port != 0)
        (void)snprintf(out + n, room - (size_t)n, ":%u", (unsigned)h->port);
}

static const char *source_text(const struct policy_source *s)
{
    switch (s->kind) {
    case POLICY_SOURCE_STORE:
        return "store";
    case POLICY_SOURCE_STAPLED:
        return "stapled";
    case POLICY_SOURCE_PCCS:
        return s->url;
    case POLICY_SOURCE_PCS:
        return s->url != NULL ? s->url : "pcs";
    case POLICY_SOURCE_KDS:
        return s->url != NULL ? s->url : "kds";
    }
    return "";
}

static void put_sources(const struct policy_sources *s, struct buffer *out)
{
    for (size_t i = 0; i < s->count; i++)
        put_item(out, i, source_text(&s->list[i]));
    buffer_byte(out, '\n');
}

/* Room for "[host]:port" and "*.host:port" of any host. */
#define HOST_PORT_ROOM POLICY_ADDRESS_ROOM

static void put_where(const struct service *s, struct buffer *out)
{
    char text[HOST_PORT_ROOM];

    if (s->host_count > 0)
        buffer_text(out, "  for      ");
    for (size_t i = 0; i < s->host_count; i++) {
        host_text(&s->hosts[i], text, sizeof(text));
        put_item(out, i, text);
    }
    if (s->host_count > 0)
        buffer_byte(out, '\n');
    if (s->local != NULL) {
        policy_address_text(s->local, text, sizeof(text));
        buffer_printf(out, "  at       %s\n", text);
    }
    buffer_text(out, "  through  ");
    for (size_t i = 0; i < s->endpoint_count; i++)
        put_item(out, i, s->endpoints[i].url);
    if (s->protocol == PROTOCOL_TEEKIT)
        buffer_text(out, "\n  speaks   teekit, whose weaknesses no client "
                         "can mend");
    if (s->intercept)
        buffer_text(out, "\n  https    ends on this computer, by its own CA "
                         "(veritee ca show)");
    if (s->on_refusal.drain)
        buffer_printf(out,
                      "\n  refused  open streams have %" PRId64 " s to end",
                      s->on_refusal.limit_s);
    if (s->on_expiry.limit_s > 0 || !s->on_expiry.drain)
        buffer_printf(out,
                      "\n  expired  open streams have %" PRId64 " s to end",
                      s->on_expiry.limit_s);
    buffer_text(out, "\n  asks     ");
    put_sources(&s->sources, out);
}

static void put_clause(const struct clause *c, struct buffer *out)
{
    char value[FIELD_VALUE_ROOM];

    for (size_t i = 0; i < c->count; i++) {
        field_value(c, i, value, sizeof(value));
        buffer_printf(out, "             %-18s%s\n",
                      i > 0 ? "             or" : c->field->word, value);
    }
}

static void put_release(const struct release *r, size_t i, size_t count,
                        struct buffer *out)
{
    if (count > 1 || r->name[0] != '\0')
        buffer_printf(out, "           %srelease %s%s\n", i > 0 ? "or " : "",
                      r->name[0] != '\0' ? r->name : "without name",
                      r->names_code ? ""
                                    : ": names no measurement, matches "
                                      "nothing");
    for (size_t k = 0; k < r->count; k++)
        put_clause(&r->clauses[k], out);
}

static bool accepts_something(const struct accept *a)
{
    for (size_t i = 0; i < a->release_count; i++)
        if (a->releases[i].names_code)
            return true;
    return false;
}

static void put_statuses(const char *what, uint32_t set, struct buffer *out)
{
    size_t n = 0;

    if (set == 0)
        return;
    buffer_printf(out, "           %s ", what);
    for (int s = TCB_NONE + 1; s < TCB_STATUS_COUNT; s++)
        if ((set & POLICY_STATUS_BIT(s)) != 0)
            put_item(out, n++, tcb_status_name((enum tcb_status)s));
    buffer_byte(out, '\n');
}

static void put_advisories(const struct tcb_policy *tcb, struct buffer *out)
{
    buffer_text(out, "           advisories: ");
    if (tcb->advisories_any)
        buffer_text(out, "any");
    else if (!tcb->has_advisories)
        buffer_text(out, "none, unless the TCB is UpToDate");
    else if (tcb->advisory_count == 0)
        buffer_text(out, "none");
    for (size_t i = 0; i < tcb->advisory_count && !tcb->advisories_any; i++)
        put_item(out, i, tcb->advisories[i]);
    buffer_byte(out, '\n');
}

static void put_tcb(const struct tcb_policy *tcb, struct buffer *out)
{
    put_statuses("the TCB is", tcb->statuses, out);
    if (tcb->grace_days > 0)
        buffer_printf(out,
                      "           for %" PRIu32 " days after the date of its "
                      "level, OutOfDate counts as UpToDate\n",
                      tcb->grace_days);
    put_statuses("the platform's alone is", tcb->platform, out);
    put_statuses("the TDX module's alone is", tcb->module, out);
    put_statuses("the quoting enclave's alone is", tcb->qe, out);
    put_advisories(tcb, out);
    if (tcb->min_evaluation_number > 0)
        buffer_printf(out,
                      "           the evaluation number is at least %" PRIu32
                      "\n",
                      tcb->min_evaluation_number);
}

/* "90m" of 5400 seconds: in the largest unit that fits. */
static void put_duration(const char *before, int64_t seconds,
                         struct buffer *out)
{
    static const struct {
        char name;
        int64_t seconds;
    } units[] = { { 'd', 86400 }, { 'h', 3600 }, { 'm', 60 }, { 's', 1 } };
    size_t u = 0;

    if (seconds == 0)
        return;
    while (seconds % units[u].seconds != 0)
        u++;
    buffer_printf(out, "           %s %" PRId64 "%c\n", before,
                  seconds / units[u].seconds, units[u].name);
}

static void put_time(const struct accept *a, struct buffer *out)
{
    buffer_printf(out, "           the evidence is %s\n",
                  a->freshness == FRESH_CHALLENGE
                      ? "made for our challenge"
                      : "made for our challenge, or the server's own");
    put_duration("the attestation is younger than", a->max_age_s, out);
    put_duration("the collateral is good for another", a->min_collateral_life_s,
                 out);
}

static void put_revocations(const struct policy_revocations *own,
                            struct buffer *out)
{
    if (own->serial_count > 0)
        buffer_text(out, "           no certificate has the serial number ");
    for (size_t i = 0; i < own->serial_count; i++)
        put_item(out, i, own->serials[i].text);
    if (own->serial_count > 0)
        buffer_byte(out, '\n');
    if (own->crl_count > 0)
        buffer_text(out, "           no certificate is on the lists ");
    for (size_t i = 0; i < own->crl_count; i++)
        put_item(out, i, own->crl_files[i]);
    if (own->crl_count > 0)
        buffer_byte(out, '\n');
}

static void put_exec(const struct policy_exec *e, struct buffer *out)
{
    if (e->argc == 0)
        return;
    buffer_text(out, "           and the program accepts it:");
    for (size_t i = 0; i < e->argc; i++)
        buffer_printf(out, " %s", e->argv[i]);
    buffer_byte(out, '\n');
    put_duration("which may take", e->timeout_ms / 1000, out);
}

static void put_accept(const struct service *s, struct buffer *out)
{
    const struct accept *a = &s->accept;

    if (!accepts_something(a)) {
        buffer_text(out, "  accepts  nothing: no measurement is named\n");
        return;
    }
    buffer_printf(out, "  accepts  %s %s%s\n", tee_name(a->tee),
                  s->root_file != NULL ? "verified by the root in "
                                       : "verified by a root that is built in",
                  s->root_file != NULL ? s->root_file : "");
    if (s->root_file != NULL)
        buffer_text(out, "           it may be SIMULATED\n");
    if (a->debug)
        buffer_text(out, "           it may be open for debugging\n");
    for (size_t i = 0; i < a->release_count; i++)
        put_release(&a->releases[i], i, a->release_count, out);
    buffer_text(out, "  if\n");
    if (a->tee != TEE_SEV_SNP)
        put_tcb(&a->tcb, out);
    else if (!a->revocation_optional)
        buffer_text(out, "           AMD's revocation list is there\n");
    put_revocations(&a->revocations, out);
    put_time(a, out);
    put_exec(&a->exec, out);
}

static void put_audit(const struct policy_audit *audit, struct buffer *out)
{
    if (!audit->asked)
        return;
    if (audit->keep)
        buffer_printf(out,
                      "writes decisions down%s%s, at most %" PRIu64 " MiB\n",
                      audit->dir != NULL ? " in " : "",
                      audit->dir != NULL ? audit->dir : "",
                      audit->max_bytes >> 20);
    else
        buffer_text(out, "writes no decisions down\n");
}

void policy_words_text(const struct policy *p, struct buffer *out)
{
    char text[HOST_PORT_ROOM];

    for (size_t i = 1; i < p->file_count; i++)
        buffer_printf(out, "reads      %s\n", p->files[i]);
    buffer_text(out, "listens on ");
    for (size_t i = 0; i < p->listen_count; i++) {
        policy_address_text(&p->listen[i], text, sizeof(text));
        put_item(out, i, text);
    }
    buffer_printf(out, "\n%s what no service names\n",
                  p->unnamed == DEFAULT_BLOCK ? "blocks"
                                              : "passes on, unverified,");
    put_audit(&p->audit, out);
    for (size_t i = 0; i < p->service_count; i++) {
        buffer_printf(out, "\n%s\n", p->services[i].name);
        put_where(&p->services[i], out);
        put_accept(&p->services[i], out);
    }
}

static void json_clause(const struct clause *c, struct json_out *j)
{
    char value[FIELD_VALUE_ROOM];

    json_out_array(j, c->field->word);
    for (size_t i = 0; i < c->count; i++) {
        field_value(c, i, value, sizeof(value));
        json_out_text(j, NULL, value);
    }
    json_out_end_array(j);
}

static void json_release(const struct release *r, struct json_out *j)
{
    json_out_object(j, NULL);
    json_out_text(j, "name", r->name);
    json_out_bool(j, "accepts_something", r->names_code);
    json_out_object(j, "fields");
    for (size_t i = 0; i < r->count; i++)
        json_clause(&r->clauses[i], j);
    json_out_end_object(j);
    json_out_end_object(j);
}

static void json_statuses(const char *key, uint32_t set, struct json_out *j)
{
    json_out_array(j, key);
    for (int s = TCB_NONE + 1; s < TCB_STATUS_COUNT; s++)
        if ((set & POLICY_STATUS_BIT(s)) != 0)
            json_out_text(j, NULL, tcb_status_name((enum tcb_status)s));
    json_out_end_array(j);
}

static void json_tcb(const struct tcb_policy *tcb, struct json_out *j)
{
    json_out_object(j, "tcb");
    json_statuses("status", tcb->statuses, j);
    json_statuses("platform", tcb->platform, j);
    json_statuses("module", tcb->module, j);
    json_statuses("qe", tcb->qe, j);
    json_out_int(j, "grace_days", tcb->grace_days);
    json_out_bool(j, "any_advisory", tcb->advisories_any);
    json_out_array(j, "advisories");
    for (size_t i = 0; i < tcb->advisory_count; i++)
        json_out_text(j, NULL, tcb->advisories[i]);
    json_out_end_array(j);
    json_out_int(j, "min_evaluation_number", tcb->min_evaluation_number);
    json_out_end_object(j);
}

static void json_revocations(const struct policy_revocations *own,
                             struct json_out *j)
{
    json_out_array(j, "revoked");
    for (size_t i = 0; i < own->serial_count; i++)
        json_out_text(j, NULL, own->serials[i].text);
    json_out_end_array(j);
    json_out_array(j, "crls");
    for (size_t i = 0; i < own->crl_count; i++)
        json_out_text(j, NULL, own->crl_files[i]);
    json_out_end_array(j);
}

static void json_exec(const struct policy_exec *e, struct json_out *j)
{
    if (e->argc == 0) {
        json_out_null(j, "exec");
        return;
    }
    json_out_object(j, "exec");
    json_out_array(j, "command");
    for (size_t i = 0; i < e->argc; i++)
        json_out_text(j, NULL, e->argv[i]);
    json_out_end_array(j);
    json_out_int(j, "timeout_seconds", e->timeout_ms / 1000);
    json_out_end_object(j);
}

static void json_accept(const struct accept *a, struct json_out *j)
{
    json_out_object(j, "accept");
    json_out_bool(j, "accepts_something", accepts_something(a));
    json_out_text(j, "tee", tee_name(a->tee));
    json_out_bool(j, "debug", a->debug);
    json_out_bool(j, "simulated", a->simulated);
    json_out_array(j, "releases");
    for (size_t i = 0; i < a->release_count; i++)
        json_release(&a->releases[i], j);
    json_out_end_array(j);
    if (a->tee != TEE_SEV_SNP)
        json_tcb(&a->tcb, j);
    else
        json_out_bool(j, "revocation_required", !a->revocation_optional);
    json_out_text(j, "freshness",
                  a->freshness == FRESH_CHALLENGE ? "challenge" : "epoch");
    json_out_int(j, "max_age_seconds", a->max_age_s);
    json_out_int(j, "min_collateral_life_seconds", a->min_collateral_life_s);
    json_revocations(&a->revocations, j);
    json_exec(&a->exec, j);
    json_out_end_object(j);
}

static void json_ending(const char *key, const struct policy_ending *e,
                        struct json_out *j)
{
    json_out_object(j, key);
    json_out_bool(j, "drain", e->drain);
    if (e->limit_s == 0)
        json_out_null(j, "limit_seconds");
    else
        json_out_int(j, "limit_seconds", e->limit_s);
    json_out_end_object(j);
}

static void json_service(const struct service *s, struct json_out *j)
{
    char text[HOST_PORT_ROOM];

    json_out_object(j, NULL);
    json_out_text(j, "name", s->name);
    json_out_array(j, "hosts");
    for (size_t i = 0; i < s->host_count; i++) {
        host_text(&s->hosts[i], text, sizeof(text));
        json_out_text(j, NULL, text);
    }
    json_out_end_array(j);
    json_out_array(j, "endpoints");
    for (size_t i = 0; i < s->endpoint_count; i++)
        json_out_text(j, NULL, s->endpoints[i].url);
    json_out_end_array(j);
    json_out_text(j, "protocol", policy_protocol_name(s->protocol));
    json_out_text(j, "tls", policy_tls_name(s));
    if (s->local != NULL) {
        policy_address_text(s->local, text, sizeof(text));
        json_out_text(j, "local", text);
    }
    json_ending("on_refusal", &s->on_refusal, j);
    json_ending("on_expiry", &s->on_expiry, j);
    json_accept(&s->accept, j);
    json_out_end_object(j);
}

void policy_words_json(const struct policy *p, struct json_out *j)
{
    char text[HOST_PORT_ROOM];

    json_out_array(j, "files");
    for (size_t i = 0; i < p->file_count; i++)
        json_out_text(j, NULL, p->files[i]);
    json_out_end_array(j);
    json_out_array(j, "listen");
    for (size_t i = 0; i < p->listen_count; i++) {
        policy_address_text(&p->listen[i], text, sizeof(text));
        json_out_text(j, NULL, text);
    }
    json_out_end_array(j);
    json_out_text(j, "default",
                  p->unnamed == DEFAULT_BLOCK ? "block" : "direct");
    json_out_array(j, "services");
    for (size_t i = 0; i < p->service_count; i++)
        json_service(&p->services[i], j);
    json_out_end_array(j);
}
