/* collateral: what stands beside SEV-SNP reports, from AMD's KDS. */
#include "tests/support/desk.h"

#include "collateral/kds_request.h"
#include "common/file.h"
#include "tests/support/snp_sim.h"
#include "verifier/snp_item.h"

/* What was answered; items are held. */
struct snp_answer {
    bool done;
    bool ok;
    struct collateral_snp snp;
    struct why why;
};

static void on_snp(void *ctx, const struct collateral_snp *snp,
                   const struct why *why)
{
    struct snp_answer *a = ctx;

    a->done = true;
    a->ok = snp != NULL;
    if (snp == NULL) {
        a->why = *why;
        return;
    }
    a->snp = *snp;
    if (snp->vcek != NULL)
        (void)item_ref(snp->vcek);
    if (snp->crl != NULL)
        (void)item_ref(snp->crl);
}

static void forget(struct snp_answer *a)
{
    item_unref(a->snp.vcek);
    item_unref(a->snp.crl);
    *a = (struct snp_answer){ 0 };
}

static struct collateral_source kds(void)
{
    return (struct collateral_source){ .kind = SOURCE_KDS,
                                       .url = bench.pcs.url,
                                       .ca_file = bench.pcs.ca_file };
}

static struct slice report_of(const struct snp_sim *s)
{
    return slice_of(s->report, sizeof(s->report));
}

static void put_file(const char *name, struct slice bytes)
{
    char path[256];
    struct why why;

    (void)snprintf(path, sizeof(path), "%s/%s", bench.data.path, name);
    CHECK_STATUS(file_replace(path, bytes, 0644, &why), STATUS_OK);
}

/* Let the server be the KDS of |s|. */
static void publish(const struct snp_sim *s)
{
    struct snp_item_wish wish;
    struct collateral_source source = { .kind = SOURCE_KDS };
    struct pcs_request request;
    struct want want;
    const char *what;
    struct why why;

    CHECK_STATUS(snp_item_wish_read(report_of(s), (struct slice){ 0 }, &wish,
                                    &why),
                 STATUS_OK);
    want = want_of_snp(ITEM_VCEK, &wish, (struct slice){ 0 });
    CHECK_STATUS(kds_request_for(&want, &source, &request, &why), STATUS_OK);
    what = strrchr(request.url, '/') + 1;
    put_file("vcek.txt", slice_text(what));
    put_file("vcek.der", slice_of(s->amd.endorsement, s->amd.endorsement_len));
    put_file("ark_crl.der", slice_of(s->amd.list, s->amd.list_len));
    bench.now = SNP_SIM_NOW;
}

static void make(struct snp_sim *s)
{
    struct sim_snp_plan plan;

    snp_sim_default(&plan);
    snp_sim_make(&plan, s);
    publish(s);
}

static struct collateral_snp_request
request_for(const struct snp_sim *s, const struct collateral_source *sources,
            size_t count, struct snp_answer *answer)
{
    *answer = (struct snp_answer){ 0 };
    return (struct collateral_snp_request){
        .report = report_of(s),
        .root_pem = slice_text(s->amd.root),
        .sources = sources,
        .source_count = count,
        .done = on_snp,
        .ctx = answer,
    };
}

static void get(struct desk *d, const struct collateral_snp_request *r)
{
    struct snp_answer *a = r->ctx;
    struct collateral_wait *wait;
    struct why why;

    CHECK_STATUS(collateral_get_snp(d->engine, r, &wait, &why), STATUS_OK);
    pcs_turn(&d->loop, &a->done);
}

static struct snp_answer ask(struct desk *d, const struct snp_sim *s,
                             struct collateral_source source)
{
    struct snp_answer a;
    struct collateral_snp_request r = request_for(s, &source, 1, &a);

    get(d, &r);
    return a;
}

/* --- good ones ------------------------------------------------------------ */

static void what_is_fetched_verifies_the_report_and_is_kept(void **state)
{
    struct verify_snp_input in;
    struct folder store;
    struct snp_answer a;
    struct snp_sim s;
    struct verdict verdict;
    struct claims claims;
    struct desk d;

    (void)state;
    make(&s);
    folder_make(&store);
    desk_open(&d, store.path);
    a = ask(&d, &s, kds());
    assert_true(a.ok);
    in = snp_sim_input(&s);
    in.endorsement = a.snp.vcek->body;
    in.crl = a.snp.crl->body;
    CHECK_STATUS(verify_snp(&in, &claims, &verdict), STATUS_OK);
    assert_true(claims.snp.revocation_checked);
    forget(&a);
    desk_close(&d);
    desk_open(&d, store.path); /* another process, without a network */
    a = ask(&d, &s, desk_store);
    assert_true(a.ok && a.snp.vcek != NULL && a.snp.crl != NULL);
    forget(&a);
    desk_close(&d);
    folder_remove(&store);
}

static void many_who_ask_are_one_fetch(void **state)
{
    struct collateral_source source = kds();
    struct snp_answer a[8];
    struct snp_sim s;
    unsigned before;
    struct desk d;

    (void)state;
    make(&s);
    before = pcs_count(&bench.pcs, "vcek");
    desk_open(&d, NULL);
    for (size_t i = 0; i < COUNT_OF(a); i++) {
        struct collateral_snp_request r = request_for(&s, &source, 1, &a[i]);
        struct collateral_wait *wait;
        struct why why;

        CHECK_STATUS(collateral_get_snp(d.engine, &r, &wait, &why), STATUS_OK);
    }
    for (size_t i = 0; i < COUNT_OF(a); i++) {
        pcs_turn(&d.loop, &a[i].done);
        assert_true(a[i].ok);
        forget(&a[i]);
    }
    assert_int_equal(pcs_count(&bench.pcs, "vcek"), before + 1);
    desk_close(&d);
}

static void what_the_peer_sent_is_not_fetched(void **state)
{
    struct collateral_source sources[] = { desk_stapled, kds() };
    struct snp_answer a;
    struct snp_sim s;
    unsigned before = 0;
    struct collateral_snp_request r;
    struct desk d;

    (void)state;
    make(&s);
    desk_open(&d, NULL);
    (void)bench_served(&before);
    r = request_for(&s, sources, 2, &a);
    r.endorsement = slice_of(s.amd.endorsement, s.amd.endorsement_len);
    r.crl = slice_of(s.amd.list, s.amd.list_len);
    get(&d, &r);
    assert_true(a.ok);
    assert_null(a.snp.vcek);
    assert_non_null(a.snp.crl);
    assert_int_equal(bench_served(&before), 0);
    forget(&a);
    desk_close(&d);
}

static void
a_list_is_fetched_again_before_it_ends_a_certificate_is_not(void **state)
{
    struct snp_answer a;
    struct snp_sim s;
    unsigned lists, certs;
    struct desk d;

    (void)state;
    make(&s);
    desk_open(&d, NULL);
    a = ask(&d, &s, kds());
    assert_true(a.ok);
    forget(&a);
    lists = pcs_count(&bench.pcs, "arkcrl");
    certs = pcs_count(&bench.pcs, "vcek");
    bench.now += DAY;
    collateral_tick(d.engine);
    desk_turn_until(&d, "arkcrl", lists + 1);
    assert_int_equal(pcs_count(&bench.pcs, "vcek"), certs);
    desk_close(&d);
}

/* --- bad ones ------------------------------------------------------------- */

static void a_list_that_is_not_had_is_said(void **state)
{
    struct snp_answer a;
    struct snp_sim s;
    struct desk d;

    (void)state;
    make(&s);
    pcs_tell(&bench.pcs, "fault arkcrl status 500");
    desk_open(&d, NULL);
    a = ask(&d, &s, kds());
    assert_true(a.ok);
    assert_non_null(a.snp.vcek);
    assert_null(a.snp.crl);
    CHECK_STATUS(a.snp.crl_why.status, STATUS_NO_COLLATERAL);
    assert_non_null(strstr(a.snp.crl_why.found, "500"));
    forget(&a);
    desk_close(&d);
}

static void a_busy_service_is_left_alone_as_long_as_it_asks(void **state)
{
    struct snp_answer a;
    struct snp_sim s;
    unsigned count;
    struct desk d;

    (void)state;
    make(&s);
    pcs_tell(&bench.pcs, "fault vcek status 429 600");
    desk_open(&d, NULL);
    a = ask(&d, &s, kds());
    assert_false(a.ok);
    assert_non_null(strstr(a.why.found, "429"));
    pcs_tell(&bench.pcs, "clear");
    count = pcs_count(&bench.pcs, "vcek");
    bench.now += 599;
    a = ask(&d, &s, kds());
    assert_false(a.ok);
    assert_int_equal(pcs_count(&bench.pcs, "vcek"), count);
    bench.now += 1;
    a = ask(&d, &s, kds());
    assert_true(a.ok);
    forget(&a);
    desk_close(&d);
}

static void what_is_not_amds_or_not_ours_is_refused(void **state)
{
    static const struct {
        const char *name;
        const char *fault;
        enum status want;
    } cases[] = {
        { "an answer that is not there", "fault vcek status 404",
          STATUS_NO_COLLATERAL },
        { "a page", "fault vcek page", STATUS_BAD_CERT },
        { "half of it", "fault vcek cut", STATUS_CUT },
        { "the list instead", "fault vcek swapped", STATUS_BAD_CERT },
        { "too much", "fault vcek oversize 2000000", STATUS_LIMIT },
        { "nothing at all", "fault vcek drop", STATUS_CUT },
    };
    struct snp_sim s;

    (void)state;
    make(&s);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct snp_answer a;
        struct desk d;

        print_message("  %s\n", cases[i].name);
        pcs_tell(&bench.pcs, "clear");
        pcs_tell(&bench.pcs, cases[i].fault);
        desk_open(&d, NULL);
        a = ask(&d, &s, kds());
        CHECK_STATUS(a.why.status, cases[i].want);
        assert_non_null(strstr(a.why.found, bench.pcs.url));
        desk_close(&d);
    }
}

static void another_chips_certificate_is_refused(void **state)
{
    struct sim_snp_plan plan;
    struct snp_sim s, other;
    struct snp_answer a;
    struct desk d;

    (void)state;
    snp_sim_default(&plan);
    snp_sim_make(&plan, &s);
    plan.hwid[0] ^= 1;
    snp_sim_make(&plan, &other);
    publish(&s);
    put_file("vcek.der",
             slice_of(other.amd.endorsement, other.amd.endorsement_len));
    desk_open(&d, NULL);
    a = ask(&d, &s, kds());
    CHECK_STATUS(a.why.status, STATUS_MISMATCH);
    desk_close(&d);
}

static void under_amds_own_root_a_simulation_is_nothing(void **state)
{
    struct collateral_source source = kds();
    struct collateral_snp_request r;
    struct snp_answer a;
    struct snp_sim s;
    struct desk d;

    (void)state;
    make(&s);
    desk_open(&d, NULL);
    r = request_for(&s, &source, 1, &a);
    r.root_pem = (struct slice){ 0 };
    get(&d, &r);
    assert_false(a.ok);
    assert_true(a.why.status == STATUS_BAD_SIGNATURE ||
                a.why.status == STATUS_BAD_CHAIN);
    desk_close(&d);
}

static void expired_lists_are_not_used(void **state)
{
    struct snp_answer a;
    struct snp_sim s;
    struct desk d;
    int64_t end;

    (void)state;
    make(&s);
    desk_open(&d, NULL);
    a = ask(&d, &s, kds());
    assert_true(a.ok);
    end = a.snp.crl->facts.next_update_unix;
    forget(&a);
    pcs_tell(&bench.pcs, "fault arkcrl drop");
    bench.now = end;
    a = ask(&d, &s, kds());
    assert_true(a.ok && a.snp.crl != NULL);
    forget(&a);
    bench.now = end + 1;
    a = ask(&d, &s, kds());
    assert_true(!a.ok || a.snp.crl == NULL);
    forget(&a);
    desk_close(&d);
}

static void a_report_must_say_whose_it_is(void **state)
{
    static const struct {
        const char *name;
        size_t at;
        size_t len;
        const char *field;
    } cases[] = {
        { "a hidden chip", 0x1a0, 64, "report.chip_id" },
    };
    struct collateral_source source = kds();
    struct sim_snp_plan plan;
    struct snp_sim s;
    struct desk d;

    (void)state;
    snp_sim_default(&plan);
    desk_open(&d, NULL);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct collateral_snp_request r;
        struct collateral_wait *wait;
        struct snp_answer a;
        struct why why;

        print_message("  %s\n", cases[i].name);
        memset(plan.report + cases[i].at, 0, cases[i].len);
        snp_sim_make(&plan, &s);
        r = request_for(&s, &source, 1, &a);
        CHECK_STATUS(collateral_get_snp(d.engine, &r, &wait, &why),
                     STATUS_NO_COLLATERAL);
        assert_string_equal(why.field, cases[i].field);
        assert_null(wait);
    }
    desk_close(&d);
}

static void intels_services_are_not_asked(void **state)
{
    struct collateral_source sources[] = { desk_pcs(), desk_dead() };
    struct snp_answer a;
    struct snp_sim s;
    struct collateral_snp_request r;
    unsigned before = 0;
    struct desk d;

    (void)state;
    make(&s);
    (void)bench_served(&before);
    desk_open(&d, NULL);
    r = request_for(&s, sources, 2, &a);
    get(&d, &r);
    CHECK_STATUS(a.why.status, STATUS_NO_COLLATERAL);
    assert_int_equal(bench_served(&before), 0);
    desk_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DESK_TEST(what_is_fetched_verifies_the_report_and_is_kept),
        DESK_TEST(many_who_ask_are_one_fetch),
        DESK_TEST(what_the_peer_sent_is_not_fetched),
        DESK_TEST(a_list_is_fetched_again_before_it_ends_a_certificate_is_not),
        DESK_TEST(a_list_that_is_not_had_is_said),
        DESK_TEST(a_busy_service_is_left_alone_as_long_as_it_asks),
        DESK_TEST(what_is_not_amds_or_not_ours_is_refused),
        DESK_TEST(another_chips_certificate_is_refused),
        DESK_TEST(under_amds_own_root_a_simulation_is_nothing),
        DESK_TEST(expired_lists_are_not_used),
        DESK_TEST(a_report_must_say_whose_it_is),
        DESK_TEST(intels_services_are_not_asked),
    };

    if (!pcs_can_run())
        return 77;
    return cmocka_run_group_tests(tests, bench_set_up, bench_tear_down);
}
