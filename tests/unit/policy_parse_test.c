/* The policy language: what is read, what is warned of, and what is too much.
 * policy_mistakes_test.c has what is refused. */
#include "tests/support/check.h"

#include "common/file.h"
#include "common/limits.h"
#include "policy/field.h"
#include "policy/policy.h"
#include "tests/support/policy_text.h"

#define CORPUS TEST_SOURCE_DIR "/tests/fuzz/corpus/policy/"
#define FULL   CORPUS "full.yaml"  /* every word */
#define SMALL  CORPUS "small.yaml" /* every kind of value */

static void an_error_names_its_word(void **state)
{
    struct policy *p;
    struct policy_error err;

    (void)state;
    CHECK_STATUS(policy_parse(slice_text(TDX "      mrtd: 00\n"), "p.yaml", &p,
                              &err),
                 STATUS_BAD_CONFIG);
    assert_string_equal(err.why.field, "mrtd");
    assert_int_equal(err.at.line, 7);
    assert_int_equal(err.at.column, 13);
}

static const struct {
    const char *name;
    const char *text;
    const char *want; /* "line:column text" of all warnings, each and "\n" */
} warned[] = {
    /* clang-format off */
    { "a strict policy",
      TDX "      mrtd: " D96 "\n      rtmr1: " D96 "\n      rtmr2: " D96 "\n",
      "" },
    { "a strict policy of an enclave",
      SGX "      mrenclave: " D64 "\n", "" },
    { "no service", "default: block\n", "1:1 names no service\n" },
    { "much, in the order of the file",
      "services: {}\ndefault: direct\nunsafe-listen: 0.0.0.0:1\n"
      "credentials: secret\n",
      "1:1 names no service\n"
      "2:1 what no service names is sent on unverified, and in the clear if "
      "it was so\n"
      "3:1 other machines reach these addresses, and the credentials travel "
      "there in the clear\n" },
    { "a local port where the proxy asks who one is",
      "credentials: secret\n" SERVICE "    local: localhost:1\n    accept: {}\n",
      "6:12 a port asks for no credentials: whoever uses this machine reaches "
      "the service; the path of a UNIX socket keeps others out\n"
      "7:5 accepts nothing: it is empty\n" },
    { "a local socket where the proxy asks who one is",
      "credentials: secret\n" SERVICE "    local: /run/a\n    accept: {}\n",
      "7:5 accepts nothing: it is empty\n" },
    { "an empty accept", SERVICE "    accept: {}\n",
      "5:5 accepts nothing: it is empty\n" },
    { "a tee alone", TDX,
      "5:5 accepts nothing: it names no measurement, such as mrtd\n" },
    { "a platform alone", SGX "      platform: { fmspc: 00606a000000 }\n",
      "5:5 accepts nothing: it names no measurement, such as mrenclave\n" },
    { "an owner alone", TDX "      mrowner: " D96 "\n",
      "5:5 accepts nothing: it names no measurement, such as mrtd\n" },
    { "one release of two that is empty",
      TDX "      any-of:\n        - { mrtd: " D96 ", rtmr1: " D96 ", rtmr2: "
      D96 " }\n        - { mrseam: " D96 " }\n",
      "9:11 accepts nothing: it names no measurement, such as mrtd\n" },
    { "firmware alone", TDX "      mrtd: " D96 "\n",
      "5:5 names no rtmr1 or no rtmr2: where the firmware measures there, any "
      "operating system passes\n" },
    { "a kernel without its system",
      TDX "      mrtd: " D96 "\n      rtmr1: " D96 "\n",
      "5:5 names no rtmr1 or no rtmr2: where the firmware measures there, any "
      "operating system passes\n" },
    { "registers without firmware", TDX "      rtmr1: " D96 "\n",
      "5:5 names no mrtd: other firmware can write the same registers\n" },
    { "a signer alone", SGX "      mrsigner: " D64 "\n",
      "5:5 names no isv-prod-id: every enclave of this signer passes\n" },
    { "a guest with versions",
      SNP "      measurement: " D96 "\n      tcb: { snp: 20 }\n", "" },
    { "a guest without", SNP "      measurement: " D96 "\n",
      "5:5 names no version in tcb: old firmware passes\n" },
    { "a guest without measurement", SNP "      vmpl: 0\n",
      "5:5 accepts nothing: it names no measurement, such as measurement\n" },
    { "keys that may be revoked",
      SNP "      measurement: " D96 "\n      tcb: { snp: 20 }\n"
      "      revocation: optional\n",
      "9:7 accepts keys that may have been revoked\n" },
    { "a signer's product",
      SGX "      mrsigner: " D64 "\n      isv-prod-id: 1\n", "" },
    /* clang-format on */
};

static void what_may_not_be_meant_is_warned_of(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(warned); i++) {
        struct policy *p = policy_text_parse(warned[i].text);
        char all[512] = "";
        size_t used = 0;

        for (size_t k = 0; k < p->warning_count; k++)
            used +=
                (size_t)snprintf(all + used, sizeof(all) - used, "%u:%u %s\n",
                                 p->warnings[k].line, p->warnings[k].column,
                                 p->warnings[k].text);
        if (strcmp(all, warned[i].want) != 0)
            fail_msg("%s: %s", warned[i].name, all);
        policy_free(p);
    }
}

/* The file at |path|; the caller frees it. */
static struct buffer read_file(const char *path)
{
    struct buffer text;
    struct why why;

    CHECK_STATUS(file_read(path, POLICY_MAX_BYTES, &text, &why), STATUS_OK);
    return text;
}

static struct policy *full_policy(void)
{
    struct buffer text = read_file(FULL);
    struct policy *p;
    struct policy_error err;

    CHECK_STATUS(policy_parse(buffer_view(&text), "etc/p.yaml", &p, &err),
                 STATUS_OK);
    buffer_free(&text);
    return p;
}

static void check_address(const struct policy_address *a, const char *host,
                          uint16_t port)
{
    assert_string_equal(a->host, host);
    assert_int_equal(a->port, port);
}

static void listening_and_default_are_read(void **state)
{
    struct policy *p = full_policy();

    (void)state;
    assert_string_equal(p->file_name, "etc/p.yaml");
    assert_int_equal(p->listen_count, 3);
    check_address(&p->listen[0], "localhost", 8118);
    check_address(&p->listen[1], "127.0.0.1", 0);
    check_address(&p->listen[2], "192.0.2.7", 3128);
    assert_int_equal(p->unnamed, DEFAULT_DIRECT);
    policy_free(p);
}

static void what_is_not_said_is_the_default(void **state)
{
    struct policy *p = policy_text_parse(SGX "      mrenclave: " D64 "\n");
    const struct service *s = &p->services[0];

    (void)state;
    assert_string_equal(s->name, "a");
    assert_int_equal(p->listen_count, 1);
    check_address(&p->listen[0], "localhost", 8118);
    assert_int_equal(p->unnamed, DEFAULT_BLOCK);
    assert_int_equal(p->collateral.timeout_ms, 10000);
    assert_null(p->collateral.cache_dir);
    assert_int_equal(p->collateral.sources.update, POLICY_UPDATE_STANDARD);
    assert_int_equal(p->collateral.refresh_s, 0);
    assert_true(p->collateral.sources.forecast);
    assert_int_equal(s->sources.count, 4);
    assert_int_equal(s->sources.list[0].kind, POLICY_SOURCE_STORE);
    assert_int_equal(s->sources.list[1].kind, POLICY_SOURCE_STAPLED);
    assert_int_equal(s->sources.list[2].kind, POLICY_SOURCE_PCS);
    assert_int_equal(s->sources.list[3].kind, POLICY_SOURCE_KDS);
    assert_null(s->local);
    assert_null(s->root_file);
    assert_false(s->on_refusal.drain);
    assert_true(s->on_expiry.drain);
    assert_int_equal(s->on_expiry.limit_s, 0);
    assert_false(s->accept.simulated);
    assert_false(s->accept.debug);
    assert_int_equal(s->accept.freshness, FRESH_CHALLENGE);
    assert_int_equal(s->accept.max_age_s, 0);
    assert_int_equal(s->accept.tcb.statuses, POLICY_STATUS_BIT(TCB_UP_TO_DATE));
    assert_false(s->accept.tcb.has_advisories);
    assert_int_equal(s->accept.release_count, 1);
    assert_string_equal(s->accept.releases[0].name, "");
    assert_true(s->accept.releases[0].names_code);
    policy_free(p);
}

static void check_source(const struct policy_source *s,
                         enum policy_source_kind kind, const char *url,
                         const char *ca_file, const char *proxy)
{
    assert_int_equal(s->kind, kind);
    assert_string_equal(s->url == NULL ? "-" : s->url, url);
    assert_string_equal(s->ca_file == NULL ? "-" : s->ca_file, ca_file);
    assert_string_equal(s->proxy == NULL ? "-" : s->proxy, proxy);
}

static void sources_are_read_and_completed(void **state)
{
    static const char proxy[] = "http://proxy.example:3128";
    struct policy *p = full_policy();
    const struct policy_source *s = p->collateral.sources.list;

    (void)state;
    assert_int_equal(p->collateral.sources.count, 6);
    check_source(&s[0], POLICY_SOURCE_STAPLED, "-", "-", "-");
    check_source(&s[1], POLICY_SOURCE_STORE, "-", "-", "-");
    check_source(&s[2], POLICY_SOURCE_PCCS, "https://pccs.example:8081",
                 "etc/pccs.pem", proxy);
    check_source(&s[3], POLICY_SOURCE_PCCS, "https://other.example",
                 "/etc/other.pem", "http://p:1");
    check_source(&s[4], POLICY_SOURCE_PCS, "https://pcs.example", "-", proxy);
    check_source(&s[5], POLICY_SOURCE_PCS, "-", "-", proxy);
    assert_string_equal(p->collateral.cache_dir, "etc/cache");
    assert_int_equal(p->collateral.timeout_ms, 5000);
    assert_int_equal(p->collateral.sources.update, POLICY_UPDATE_EARLY);
    assert_int_equal(p->services[0].sources.count, 1);
    assert_int_equal(p->services[0].sources.update, POLICY_UPDATE_EARLY);
    check_source(p->services[0].sources.list, POLICY_SOURCE_PCCS,
                 "https://own.example", "etc/pccs.pem", proxy);
    assert_ptr_equal(p->services[1].sources.list, s);
    policy_free(p);
}

static void it_is_said_how_often_to_fetch_and_whether_to_forecast(void **state)
{
    struct policy *p = policy_text_parse(
        "collateral:\n  refresh: 1h\n"
        "  forecast: false\n"
        "  sources: [ kds, { kind: kds,"
        " url: \"https://kds.example\" } ]\n" SGX "      mrenclave: " D64 "\n");
    const struct policy_source *s = p->collateral.sources.list;

    (void)state;
    assert_int_equal(p->collateral.refresh_s, 3600);
    assert_false(p->collateral.sources.forecast);
    check_source(&s[0], POLICY_SOURCE_KDS, "-", "-", "-");
    check_source(&s[1], POLICY_SOURCE_KDS, "https://kds.example", "-", "-");
    policy_free(p);
}

static void check_host(const struct host_pattern *h, const char *host,
                       bool wildcard, uint16_t port)
{
    assert_string_equal(h->host, host);
    assert_int_equal(h->wildcard, wildcard);
    assert_int_equal(h->port, port);
}

static void check_endpoint(const struct endpoint *e, bool tls, const char *host,
                           uint16_t port, const char *path)
{
    assert_int_equal(e->tls, tls);
    assert_string_equal(e->host, host);
    assert_int_equal(e->port, port);
    assert_string_equal(e->path, path);
}

static void a_service_is_read(void **state)
{
    struct policy *p = full_policy();
    const struct service *s = &p->services[0];

    (void)state;
    assert_int_equal(p->service_count, 3);
    assert_string_equal(s->name, "chat");
    assert_int_equal(s->host_count, 3);
    check_host(&s->hosts[0], "chat.example.com", false, 0);
    check_host(&s->hosts[1], "chat.example.com", true, 0);
    check_host(&s->hosts[2], "api.example.com", false, 443);
    check_host(&p->services[1].hosts[0], "::1", false, 8443);
    assert_int_equal(s->endpoint_count, 2);
    check_endpoint(&s->endpoints[0], true, "chat.example.com", 443, "/__ra__");
    check_endpoint(&s->endpoints[1], false, "2001:db8::1", 8000, "/x?y=z");
    check_endpoint(&p->services[1].endpoints[0], false, "127.0.0.1", 8080,
                   "/__ra__");
    assert_string_equal(s->endpoints[0].url, "wss://chat.example.com");
    assert_string_equal(s->ca_file, "etc/ca/outer.pem");
    assert_string_equal(s->root_file, "etc/root.pem");
    check_address(s->local, "127.0.0.1", 9001);
    assert_true(s->on_refusal.drain);
    assert_int_equal(s->on_refusal.limit_s, 30);
    assert_false(s->on_expiry.drain);
    policy_free(p);
}

static void what_only_looks_alike_is_read(void **state)
{
    struct policy *p = policy_text_parse(
        "collateral:\n  timeout: 10m\n  sources: [ pcs, store, stapled,"
        " 'https://a', 'https://b', 'https://c', 'https://d', 'https://e' ]\n"
        "listen: [ '127.0.0.1:1', '[::1]:1', '127.0.0.2:0', '127.0.0.2:0' ]\n"
        "services:\n  a:\n    hosts: [ '2001:db8::1', a, '*.a', a:1, a:2 ]\n"
        "    endpoints: [ 'ws://a', 'wss://a', 'ws://a:443', 'ws://a/!~',"
        " 'ws://b' ]\n    accept: {}\n"
        "  b: { local: 127.0.0.9:1, endpoints: ws://b, accept: {} }\n"
        "  c: { local: /run/c, endpoints: ws://b, accept: {} }\n");
    char text[POLICY_ADDRESS_ROOM];

    (void)state;
    assert_int_equal(p->collateral.sources.count, POLICY_SOURCES_MAX);
    assert_int_equal(p->collateral.timeout_ms, 600000);
    assert_int_equal(p->listen_count, 4);
    assert_int_equal(p->services[0].host_count, 5);
    check_host(&p->services[0].hosts[0], "2001:db8::1", false, 0);
    assert_int_equal(p->services[0].endpoint_count, 5);
    check_endpoint(&p->services[0].endpoints[3], false, "a", 80, "/!~");
    check_address(p->services[1].local, "127.0.0.9", 1);
    check_address(p->services[2].local, "/run/c", 0);
    policy_address_text(p->services[2].local, text, sizeof(text));
    assert_string_equal(text, "/run/c");
    policy_address_text(&p->listen[1], text, sizeof(text));
    assert_string_equal(text, "[::1]:1");
    policy_free(p);
}

/* The clause of |r| about |field|; NULL if there is none. */
static const struct clause *clause_of(const struct release *r,
                                      const struct field *field)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->clauses[i].field == field)
            return &r->clauses[i];
    return NULL;
}

static const struct clause *clause_named(const struct release *r,
                                         const char *word)
{
    for (size_t f = 0; f < field_count; f++)
        if (strcmp(field_table[f].word, word) == 0)
            return clause_of(r, &field_table[f]);
    return NULL;
}

static void every_field_is_read_into_each_release(void **state)
{
    struct policy *p = full_policy();

    (void)state;
    for (size_t i = 0; i < p->service_count; i++) {
        const struct accept *a = &p->services[i].accept;
        const struct release *last = &a->releases[a->release_count - 1];
        size_t n = 0;

        for (size_t f = 0; f < field_count; f++) {
            bool wanted = (field_table[f].tees & FIELD_OF(a->tee)) != 0;

            n += wanted;
            if (wanted != (clause_of(last, &field_table[f]) != NULL))
                fail_msg("%s of %s", field_table[f].path, tee_name(a->tee));
        }
        assert_true(n > 0 && n <= FIELDS_OF_TEE_MAX);
    }
    assert_int_equal(p->services[0].accept.release_count, 2);
    assert_string_equal(p->services[0].accept.releases[0].name, "1.4");
    assert_null(clause_named(&p->services[0].accept.releases[0], "rtmr3"));
    assert_non_null(clause_named(&p->services[0].accept.releases[0], "ppid"));
    policy_free(p);
}

static void values_are_read_as_claims_have_them(void **state)
{
    struct policy *p = full_policy();
    const struct release *tdx = &p->services[0].accept.releases[1];
    const struct release *sgx = &p->services[1].accept.releases[0];
    const struct clause *c = clause_named(tdx, "mrtd");
    const struct release *snp = &p->services[2].accept.releases[0];
    uint16_t number;
    uint32_t number32;
    uint64_t bits;
    enum tristate fact;

    (void)state;
    assert_int_equal(c->count, 2);
    assert_int_equal(c->values[0], 0x0b);
    assert_int_equal(c->values[48], 0x0c);
    assert_null(c->mask);
    c = clause_named(tdx, "td-attributes");
    assert_int_equal(c->values[3], 0x10);
    assert_int_equal(c->mask[0], 0xff);
    c = clause_named(sgx, "isv-prod-id");
    memcpy(&number, c->values + 2, sizeof(number));
    assert_int_equal(number, 65535);
    c = clause_named(snp, "guest-policy");
    memcpy(&bits, c->values, sizeof(bits));
    assert_true(bits == 0x30000);
    memcpy(&bits, c->mask, sizeof(bits));
    assert_true(bits == 0x1fff00);
    c = clause_named(snp, "vmpl");
    memcpy(&number32, c->values, sizeof(number32));
    assert_int_equal(number32, 1);
    assert_int_equal(clause_named(snp, "microcode")->values[0], 213);
    c = clause_named(tdx, "cached-keys");
    memcpy(&fact, c->values, sizeof(fact));
    assert_int_equal(fact, TRI_FALSE);
    policy_free(p);
}

static void the_rest_of_accept_is_read(void **state)
{
    struct policy *p = full_policy();
    const struct accept *a = &p->services[0].accept;

    (void)state;
    assert_int_equal(a->tee, TEE_TDX);
    assert_true(a->debug);
    assert_true(a->simulated);
    assert_int_equal(a->freshness, FRESH_EPOCH);
    assert_int_equal(a->max_age_s, 90 * 60);
    assert_int_equal(a->min_collateral_life_s, 2 * 24 * 60 * 60);
    assert_int_equal(a->tcb.statuses,
                     POLICY_STATUS_BIT(TCB_UP_TO_DATE) |
                         POLICY_STATUS_BIT(TCB_SW_HARDENING_NEEDED) |
                         POLICY_STATUS_BIT(TCB_RELAUNCH_ADVISED));
    assert_int_equal(a->tcb.module, POLICY_STATUS_BIT(TCB_UP_TO_DATE));
    assert_int_equal(a->tcb.grace_days, 14);
    assert_int_equal(a->tcb.advisory_count, 2);
    assert_string_equal(a->tcb.advisories[1], "INTEL-SA-00837");
    assert_int_equal(a->tcb.min_evaluation_number, 19);
    assert_true(p->services[1].accept.tcb.advisories_any);
    assert_false(p->services[1].accept.revocation_optional);
    assert_true(p->services[2].accept.revocation_optional);
    policy_free(p);
}

static void parse_any(struct slice text, void *ctx)
{
    struct policy *p;
    struct policy_error err;
    enum status st = policy_parse(text, "p.yaml", &p, &err);
    char line[512];

    (void)ctx;
    assert_int_equal(st == STATUS_OK, p != NULL);
    if (st != STATUS_OK) {
        assert_true(err.at.line > 0 && err.at.column > 0);
        assert_true(err.why.found[0] != '\0');
        policy_error_line(&err, line, sizeof(line));
    }
    policy_free(p);
}

static void no_cut_or_flipped_bit_is_too_much(void **state)
{
    struct buffer full = read_file(FULL);
    struct buffer small = read_file(SMALL);

    (void)state;
    for_each_prefix(buffer_view(&full), parse_any, NULL);
    for_each_prefix(buffer_view(&small), parse_any, NULL);
    for_each_flip(buffer_view(&small), parse_any, NULL);
    buffer_free(&full);
    buffer_free(&small);
}

static void size_is_bounded(void **state)
{
    size_t len = POLICY_MAX_BYTES + 1;
    char *text = malloc(len);
    struct policy *p;
    struct policy_error err;

    (void)state;
    assert_non_null(text);
    memset(text, '\n', len);
    memcpy(text, "default: block", 14);
    CHECK_STATUS(policy_parse(slice_of(text, len), "p", &p, &err),
                 STATUS_BAD_CONFIG);
    assert_string_equal(err.why.expected, "a smaller file");
    CHECK_STATUS(policy_parse(slice_of(text, len - 1), "p", &p, &err),
                 STATUS_OK);
    policy_free(p);
    free(text);
}

/* A service with |count| hosts and nothing else; the caller frees it. */
static char *long_list(size_t count)
{
    static const char head[] = "services:\n  a:\n    hosts: [";
    char *text = malloc(sizeof(head) + 8 * count + 8);
    size_t used = sizeof(head) - 1;

    assert_non_null(text);
    memcpy(text, head, sizeof(head));
    for (size_t i = 0; i < count; i++)
        used += (size_t)snprintf(text + used, 9, "h%zu,", i);
    memcpy(text + used, "]\n", 3);
    return text;
}

static void lists_are_bounded(void **state)
{
    static const char *const want[] = { "an incomplete service",
                                        "one entry too many" };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(want); i++) {
        char *text = long_list(POLICY_ITEMS_MAX + i);
        struct policy *p;
        struct policy_error err;

        CHECK_STATUS(policy_parse(slice_text(text), "p", &p, &err),
                     STATUS_BAD_CONFIG);
        assert_string_equal(err.why.found, want[i]);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_names_its_word),
        cmocka_unit_test(what_may_not_be_meant_is_warned_of),
        cmocka_unit_test(listening_and_default_are_read),
        cmocka_unit_test(what_is_not_said_is_the_default),
        cmocka_unit_test(sources_are_read_and_completed),
        cmocka_unit_test(it_is_said_how_often_to_fetch_and_whether_to_forecast),
        cmocka_unit_test(a_service_is_read),
        cmocka_unit_test(what_only_looks_alike_is_read),
        cmocka_unit_test(every_field_is_read_into_each_release),
        cmocka_unit_test(values_are_read_as_claims_have_them),
        cmocka_unit_test(the_rest_of_accept_is_read),
        cmocka_unit_test(no_cut_or_flipped_bit_is_too_much),
        cmocka_unit_test(size_is_bounded),
        cmocka_unit_test(lists_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
