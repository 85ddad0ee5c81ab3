#include "proxy/local/attest.h"

#include <stdlib.h>
#include <time.h>

#include "common/limits.h"
#include "proxy/local/exec_check.h"

/* Freed by exactly one line, in attest_free(): until then either the collateral
 * answer, the worker thread or the external check is under way, in this order
 * and never two of them. The worker may outlast whoever asked, so it reads
 * nothing that is borrowed: |root| and |crls| are copies, and the policy judges
 * on the loop. */
struct attest {
    struct attest_request request; /* |evidence|, |root_der| and |crls| are not
                                    * used after start */
    uv_work_t work;
    struct collateral_wait *wait; /* NULL unless collateral is under way */
    struct bundle *bundle;        /* reference held; NULL until there, and for
                                   * SEV-SNP */
    const struct trusted_set *trusted; /* of |bundle|; NULL: not checked yet */
    struct trusted_set *checked;       /* owned: what the worker made of it */
    bool is_snp;                       /* then the three below, of which the
                                        * items are references held */
    struct buffer vcek;                /* as announced; may be empty */
    struct item *vcek_item;            /* NULL: |vcek| has to do */
    struct item *crl_item;             /* NULL: there is none */
    struct exec_check *exec;           /* NULL unless under way */
    struct why exec_said;              /* once it has answered */
    bool exec_ran;
    struct buffer root;    /* of the service; empty: built in */
    struct crl_files crls; /* of the service */
    struct attestation result;
    uint8_t report_data[64]; /* what the quote must carry */
    bool challenged;
    bool verified;  /* the quote is sound and ours: the policy is next */
    bool cancelled; /* only the memory is left */
    size_t quote_len;
    uint8_t quote[QUOTE_MAX_BYTES];
};

static int64_t now_unix(void)
{
    return (int64_t)time(NULL);
}

static void attest_free(struct attest *a)
{
    buffer_free(&a->root);
    buffer_free(&a->vcek);
    crl_files_free(&a->crls);
    free(a);
}

/* What is appraised, and what a record keeps of it. */
static struct appraise_input input_of(const struct attest *a)
{
    return (struct appraise_input){
        .is_snp = a->is_snp,
        .quote = slice_of(a->quote, a->quote_len),
        .collateral = a->bundle != NULL ? &a->bundle->set : NULL,
        .trusted = a->trusted,
        .endorsement =
            a->vcek_item != NULL ? a->vcek_item->body : buffer_view(&a->vcek),
        .crl = a->crl_item != NULL ? a->crl_item->body : (struct slice){ 0 },
        .root = buffer_view(&a->root),
        .user_crls = a->crls.lists,
        .user_crl_count = a->crls.count,
        .report_data = SLICE_OF(a->report_data),
        .challenged = a->challenged,
        .exec = a->exec_ran ? &a->exec_said : NULL,
        .now_unix = now_unix(),
    };
}

static void tell_audit(const struct attest *a)
{
    const struct attest_request *r = &a->request;
    const struct appraise_input in = input_of(a);

    if (r->audit != NULL && !r->early) /* a forecast decides nothing */
        audit_decision(r->audit, r->service->name, r->endpoint, &in,
                       &a->result);
}

static void attest_end(struct attest *a)
{
    if (!a->cancelled) {
        tell_audit(a);
        a->request.done(a->request.ctx, &a->result);
    }
    verify_trusted_free(a->checked);
    bundle_unref(a->bundle);
    item_unref(a->vcek_item);
    item_unref(a->crl_item);
    attest_free(a);
}

static void judge(struct attest *a)
{
    static const struct why accepts = { .status = STATUS_OK };
    struct appraise_input in = input_of(a);

    /* The program is for decisions; a forecast says what it can without. */
    if (a->request.early)
        in.exec = &accepts;
    appraise_judge(&in, &a->request.service->accept, &a->result);
}

static void on_exec(void *ctx, const struct why *why)
{
    struct attest *a = ctx;

    a->exec = NULL;
    a->exec_ran = true;
    a->exec_said = *why;
    judge(a);
    attest_end(a);
}

/* Start the external check, if that is all that is missing. What cannot be
 * started stays refused. */
static bool start_exec(struct attest *a)
{
    const struct service *service = a->request.service;
    const struct exec_check_told told = {
        .service = service->name,
        .release = a->result.decision.release,
        .now_unix = now_unix(),
        .claims = &a->result.claims,
    };

    if (!a->result.decision.wants_exec)
        return false;
    return exec_check_start(a->request.loop, &service->accept.exec, &told,
                            on_exec, a, &a->exec) == STATUS_OK;
}

/* In the thread pool: nothing here touches the loop. Collateral whose
 * signatures were checked is not checked again: its dates are. Where it is bad
 * the whole table runs, to name the first that fails. */
static void on_work(uv_work_t *work)
{
    struct attest *a = CONTAINER_OF(work, struct attest, work);
    struct appraise_input in = input_of(a);

    if (!a->is_snp && in.trusted == NULL &&
        verify_collateral(in.collateral, in.root, &a->checked,
                          &a->result.verdict) == STATUS_OK)
        in.trusted = a->checked;
    a->verified = appraise_verify(&in, &a->result);
}

static void on_work_done(uv_work_t *work, int error)
{
    struct attest *a = CONTAINER_OF(work, struct attest, work);

    if (a->checked != NULL && a->bundle->trusted == NULL) {
        a->bundle->trusted = a->checked; /* handed over, to who comes next */
        a->checked = NULL;
    }
    if (error != 0 && a->result.why.status == STATUS_OK)
        (void)why_fail(&a->result.why, STATUS_INTERNAL, "attest", NULL,
                       "verification was cancelled");
    else if (a->verified && !a->cancelled)
        judge(a);
    if (a->cancelled || !start_exec(a))
        attest_end(a);
}

static void start_work(struct attest *a)
{
    int error = uv_queue_work(a->request.loop, &a->work, on_work, on_work_done);

    if (error == 0)
        return;
    (void)why_fail(&a->result.why, STATUS_INTERNAL, "attest", NULL,
                   "no worker: %s", uv_strerror(error));
    attest_end(a);
}

/* That a source was not reached says nothing about the server, which was: |why|
 * keeps the words and is of the class it has for who waits. */
static void fail_collateral(struct attest *a, const struct why *why)
{
    a->result.why = *why;
    if (status_class(why->status) == CLASS_NETWORK)
        a->result.why.status = STATUS_NO_COLLATERAL;
    appraise_row(&a->result.verdict, "collateral", "collateral is at hand",
                 &a->result.why);
    attest_end(a);
}

static void on_collateral(void *ctx, struct bundle *bundle,
                          const struct why *why)
{
    struct attest *a = ctx;

    a->wait = NULL;
    if (bundle == NULL) {
        fail_collateral(a, why);
        return;
    }
    a->bundle = bundle_ref(bundle);
    a->trusted = bundle->trusted;
    start_work(a);
}

static void on_collateral_snp(void *ctx, const struct collateral_snp *snp,
                              const struct why *why)
{
    struct attest *a = ctx;

    a->wait = NULL;
    if (snp == NULL) {
        fail_collateral(a, why);
        return;
    }
    if (snp->vcek != NULL)
        a->vcek_item = item_ref(snp->vcek);
    if (snp->crl != NULL)
        a->crl_item = item_ref(snp->crl);
    start_work(a);
}

/* A failure that is known before anything is under way is still told from the
 * loop: through a worker with nothing to do. */
static void on_no_work(uv_work_t *work)
{
    (void)work;
}

static enum status fail_later(struct attest *a, const char *id,
                              const char *title, const struct why *why)
{
    a->result.why = *why;
    appraise_row(&a->result.verdict, id, title, why);
    return uv_queue_work(a->request.loop, &a->work, on_no_work, on_work_done) ==
                   0
               ? STATUS_OK
               : STATUS_NO_MEMORY;
}

void attest_sources(const struct policy_sources *from,
                    struct collateral_source to[POLICY_SOURCES_MAX])
{
    static const enum source_kind kinds[] = {
        [POLICY_SOURCE_STORE] = SOURCE_STORE,
        [POLICY_SOURCE_STAPLED] = SOURCE_STAPLED,
        [POLICY_SOURCE_PCCS] = SOURCE_PCCS,
        [POLICY_SOURCE_PCS] = SOURCE_PCS,
        [POLICY_SOURCE_KDS] = SOURCE_KDS,
    };

    for (size_t i = 0; i < from->count; i++)
        to[i] = (struct collateral_source){ .kind = kinds[from->list[i].kind],
                                            .url = from->list[i].url,
                                            .ca_file = from->list[i].ca_file,
                                            .proxy = from->list[i].proxy };
}

static struct collateral_set stapled_set(const struct session_stapled *stapled)
{
    return (struct collateral_set){
        .tcb_info = stapled->item[0],
        .tcb_info_chain = stapled->item[1],
        .qe_identity = stapled->item[2],
        .qe_identity_chain = stapled->item[3],
        .pck_crl = stapled->item[4],
        .pck_crl_chain = stapled->item[5],
        .root_crl = stapled->item[6],
    };
}

static enum status ask_amd(struct attest *a,
                           const struct session_evidence *evidence)
{
    const struct policy_sources *sources = &a->request.service->sources;
    struct collateral_source list[POLICY_SOURCES_MAX];
    const struct collateral_snp_request r = {
        .report = slice_of(a->quote, a->quote_len),
        .endorsement = buffer_view(&a->vcek),
        .crl = evidence->stapled.item[SESSION_STAPLED_ARK_CRL],
        .root_pem = buffer_view(&a->root),
        .sources = list,
        .source_count = sources->count,
        .done = on_collateral_snp,
        .ctx = a,
    };
    struct why why = { 0 };

    attest_sources(sources, list);
    if (collateral_get_snp(a->request.collateral, &r, &a->wait, &why) !=
        STATUS_OK)
        return fail_later(a, "collateral", "collateral is at hand", &why);
    return STATUS_OK;
}

static enum status ask_intel(struct attest *a,
                             const struct session_evidence *evidence)
{
    const struct policy_sources *sources = &a->request.service->sources;
    const struct collateral_set stapled = stapled_set(&evidence->stapled);
    struct collateral_source list[POLICY_SOURCES_MAX];
    struct collateral_request r = {
        .root_der = buffer_view(&a->root),
        .update = { .kind = a->request.early ||
                                    sources->update == POLICY_UPDATE_EARLY
                                ? UPDATE_EARLY
                                : UPDATE_STANDARD },
        .sources = list,
        .source_count = sources->count,
        .stapled = &stapled,
        .done = on_collateral,
        .ctx = a,
    };
    struct why why = { 0 };

    if (quote_platform_read(slice_of(a->quote, a->quote_len), &r.platform,
                            &why) != STATUS_OK)
        return fail_later(a, "quote-platform", "quote names its platform",
                          &why);
    attest_sources(sources, list);
    if (collateral_get(a->request.collateral, &r, &a->wait, &why) != STATUS_OK)
        return fail_later(a, "collateral", "collateral is at hand", &why);
    return STATUS_OK;
}

enum status attest_start(const struct attest_request *request,
                         struct attest **out)
{
    const struct session_evidence *evidence = request->evidence;
    struct attest *a = calloc(1, sizeof(*a));
    struct why why = { 0 };
    enum status st;

    *out = NULL;
    if (a == NULL)
        return STATUS_NO_MEMORY;
    a->request = *request;
    a->challenged = evidence->challenged;
    a->result.attested_unix =
        a->challenged ? request->challenged_unix : evidence->issued_unix;
    memcpy(a->report_data, evidence->report_data, sizeof(a->report_data));
    a->root = buffer_with_max(request->root_der.len);
    buffer_add(&a->root, request->root_der);
    a->is_snp = evidence->is_snp;
    a->vcek = buffer_with_max(evidence->vcek.len);
    buffer_add(&a->vcek, evidence->vcek);
    if (!buffer_ok(&a->root) || !buffer_ok(&a->vcek) ||
        !crl_files_copy(request->crls, &a->crls)) {
        st = STATUS_NO_MEMORY;
    } else if (evidence->quote.len > sizeof(a->quote)) {
        (void)why_fail(&why, STATUS_BAD_FIELD, "server_kx.quote", NULL,
                       "%zu bytes", evidence->quote.len);
        (void)why_expect(&why, "at most %d", QUOTE_MAX_BYTES);
        st = fail_later(a, "quote-size", "quote is of a possible size", &why);
    } else {
        a->quote_len = evidence->quote.len;
        if (a->quote_len > 0)
            memcpy(a->quote, evidence->quote.at, a->quote_len);
        st = a->is_snp ? ask_amd(a, evidence) : ask_intel(a, evidence);
    }
    if (st != STATUS_OK) {
        attest_free(a);
        return st;
    }
    *out = a;
    return STATUS_OK;
}

void attest_cancel(struct attest *a)
{
    a->cancelled = true;
    if (a->wait != NULL) {
        collateral_cancel(a->wait);
        a->wait = NULL;
        attest_end(a);
    } else if (a->exec != NULL) {
        exec_check_cancel(a->exec);
        attest_end(a);
    }
    /* Else the worker thread is at it: on_work_done() ends it. */
}
