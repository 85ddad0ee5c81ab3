#include "proxy/tools/pin.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "common/json_out.h"
#include "common/text.h"
#include "policy/field.h"

#define PATH "/__ra__"

/* --- the URL --------------------------------------------------------------- */

static const struct scheme {
    const char *given;
    const char *meant;
    bool is_page; /* its path is a page's: ours stands elsewhere */
} schemes[] = {
    { "ws://", "ws://", false },  { "wss://", "wss://", false },
    { "http://", "ws://", true }, { "https://", "wss://", true },
    { "", "wss://", true },
};

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static const struct scheme *find_scheme(const char *url)
{
    size_t i = 0;

    while (!begins(url, schemes[i].given))
        i++;
    return &schemes[i];
}

/* What may stand in a URL, and in a text in double quotes. */
static bool is_plain(const char *text)
{
    for (; *text != '\0'; text++)
        if (*text <= ' ' || *text > '~' || *text == '"' || *text == '\\')
            return false;
    return true;
}

static void read_host(const char *authority, size_t len, char *out)
{
    const char *end = authority + len;
    const char *colon = authority[0] == '[' ? memchr(authority, ']', len)
                                            : memchr(authority, ':', len);
    size_t n = (size_t)((colon == NULL ? end : colon) - authority);

    if (authority[0] == '[' && n > 0) {
        authority++;
        n--;
    }
    (void)snprintf(out, PIN_URL_ROOM, "%.*s", (int)n, authority);
}

/* The first label of a name; of an address nothing that says more. */
static void make_name(const char *host, char out[PIN_NAME_ROOM])
{
    const size_t len = strcspn(host, ".");
    const bool is_name = strpbrk(host, "abcdefghijklmnopqrstuvwxyz"
                                       "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != NULL &&
                         strchr(host, ':') == NULL;

    if (is_name && len > 0 && len < PIN_NAME_ROOM)
        (void)snprintf(out, PIN_NAME_ROOM, "%.*s", (int)len, host);
    else
        (void)snprintf(out, PIN_NAME_ROOM, "service");
}

enum status pin_init(struct pin *pin, const char *url, const char *name,
                     struct why *why)
{
    const struct scheme *scheme = find_scheme(url);
    const char *authority = url + strlen(scheme->given);
    const size_t len = strcspn(authority, "/?#");
    const char *path = authority + len;
    const bool is_ours = *path == '/' && path[1] != '\0' &&
                         (!scheme->is_page || strcmp(path, PATH) == 0);
    int n;

    *pin = (struct pin){ .root_file = NULL };
    if (len == 0 || !is_plain(url) || strstr(authority, "://") != NULL)
        return why_fail(why, STATUS_BAD_ADDRESS, "url", NULL,
                        "%.150s is not a ws, wss, http or https URL", url);
    n = snprintf(pin->url, sizeof(pin->url), "%s%.*s%s", scheme->meant,
                 (int)len, authority, is_ours ? path : PATH);
    if (n < 0 || (size_t)n >= sizeof(pin->url))
        return why_fail(why, STATUS_BAD_ADDRESS, "url", NULL, "too long");
    read_host(authority, len, pin->host);
    if (name == NULL)
        make_name(pin->host, pin->name);
    else
        (void)snprintf(pin->name, sizeof(pin->name), "%s", name);
    return STATUS_OK;
}

/* --- the policy ------------------------------------------------------------ */

/* |text| in double quotes: JSON's are YAML's too. */
static void put_quoted(struct buffer *out, const char *text)
{
    struct json_out j = json_out_to(out);

    json_out_text(&j, NULL, text);
}

static void put_text(struct buffer *out, const char *word, const char *value)
{
    buffer_printf(out, "    %s: ", word);
    put_quoted(out, value);
    buffer_byte(out, '\n');
}

static void put_service(const struct pin *pin, struct buffer *out)
{
    buffer_printf(out, "  %s:\n    hosts: [ ", pin->name);
    put_quoted(out, pin->host);
    buffer_text(out, " ]\n    endpoints: [ ");
    put_quoted(out, pin->url);
    buffer_text(out, " ]\n");
    if (pin->teekit)
        buffer_text(out,
                    "    protocol: teekit # weaker: its evidence may be of "
                    "an earlier time\n"
                    "    freshness: epoch\n"
                    "    max-age: 24h\n");
    if (pin->ca_file != NULL)
        put_text(out, "ca-file", pin->ca_file);
    if (pin->root_file != NULL)
        put_text(out, "root", pin->root_file);
}

void pin_policy_empty(const struct pin *pin, struct buffer *out)
{
    buffer_text(out, "services:\n");
    put_service(pin, out);
    buffer_printf(out, "    accept: {%s}\n",
                  pin->root_is_amd ? " tee: sev-snp " : "");
}

/* Said of a field beside its value. */
static const struct remark {
    const char *word;
    const char *text;
    bool only_hint; /* written as a comment: not everybody's is fixed */
    bool if_set;    /* left out when all zero */
} remarks[] = {
    { "mrtd", "the virtual firmware", false, false },
    { "rtmr0", "its configuration: changes with the size of the VM", false,
      false },
    { "rtmr1", "the boot loader and kernel", false, false },
    { "rtmr2", "the kernel's command line and initial file system", false,
      false },
    { "rtmr3", "what applications add at run time", true, false },
    { "mrconfigid", "given by whoever started the TD", true, true },
    { "mrowner", "given by whoever started the TD", true, true },
    { "mrownerconfig", "given by whoever started the TD", true, true },
    { "mrenclave", "the enclave's code", false, false },
    { "mrsigner", "whoever signed it: alone, accepts all that they sign", true,
      false },
    { "isv-prod-id", "their product", false, false },
    { "isv-svn", "its least security version", false, false },
    { "measurement", "the guest's firmware, kernel and command line", false,
      false },
    { "host-data", "given by the host", true, true },
    { "id-key-digest", "who signed its identity", true, true },
    { "guest-policy", "what the guest allows its host", false, false },
    { "vmpl", "0 is the most privileged level", false, false },
};

static const struct field *find_field(const char *word)
{
    for (size_t i = 0; i < field_count; i++)
        if (strcmp(field_table[i].word, word) == 0)
            return &field_table[i];
    return NULL;
}

static bool is_zero(const char *value)
{
    return value[strspn(value, "0")] == '\0';
}

static void put_remark(const struct remark *remark, const struct claims *c,
                       struct buffer *out)
{
    const struct field *f = find_field(remark->word);
    char value[2 * FIELD_MAX_BYTES + 1];

    if (f == NULL || (f->tees & FIELD_OF(c->tee)) == 0)
        return;
    field_found(f, c, value, sizeof(value));
    if (remark->if_set && is_zero(value))
        return;
    buffer_printf(out, "      # %s\n      %s%s: \"%s\"\n", remark->text,
                  remark->only_hint ? "# " : "", f->word, value);
}

static void put_advisories(const struct advisories *set, struct buffer *out)
{
    buffer_text(out, "        advisories: [ ");
    for (size_t i = 0; i < set->count; i++)
        buffer_printf(out, "%s%s", i > 0 ? ", " : "", set->names[i]);
    buffer_text(out, " ]\n");
}

static void put_tcb_intel(const struct tcb_claims *tcb, struct buffer *out)
{
    const bool fresh = tcb->status == TCB_UP_TO_DATE;

    buffer_text(out, "      tcb:\n");
    if (!fresh)
        buffer_text(out, "        # WARNING: not UpToDate: the machine has "
                         "known weaknesses.\n");
    buffer_printf(out, "        status: [ %s ]\n",
                  tcb_status_name(tcb->status));
    if (!fresh)
        put_advisories(&tcb->advisories, out);
    buffer_printf(out, "        min-evaluation-number: %u\n",
                  (unsigned)tcb->evaluation_number);
}

static void put_tcb_snp(const struct snp_tcb *tcb, bool has_fmc,
                        struct buffer *out)
{
    buffer_text(out, "      tcb: # the least firmware, as it is now\n");
    if (has_fmc)
        buffer_printf(out, "        fmc: %u\n", (unsigned)tcb->fmc);
    buffer_printf(out,
                  "        bootloader: %u\n"
                  "        tee: %u\n"
                  "        snp: %u\n"
                  "        microcode: %u\n",
                  (unsigned)tcb->bootloader, (unsigned)tcb->tee,
                  (unsigned)tcb->snp, (unsigned)tcb->microcode);
}

static void put_warning(void *ctx, const char *text)
{
    buffer_printf(ctx, "  # WARNING: %s\n", text);
}

/* Where to get the same values by another way. */
static const char *const compare[] = {
    "measure an image that you have built yourself, if it can be reproduced;",
    "read the release page of whoever publishes the image;",
    "read the measurements file (JSON) that comes with the image;",
    "have somebody run 'veritee pin' from another network.",
};

static void put_head(const struct claims *c, int64_t now_unix,
                     struct buffer *out)
{
    char time[TEXT_TIME_ROOM];

    text_time(now_unix, time);
    buffer_printf(
        out,
        "  # Seen and verified by veritee pin at %s. The maker of the "
        "TEE vouches\n"
        "  # that these values are what runs there; whether they are "
        "the right ones is\n"
        "  # for you to find out by another way:\n",
        time);
    for (size_t i = 0; i < COUNT_OF(compare); i++)
        buffer_printf(out, "  #  - %s\n", compare[i]);
    pin_warnings(c, put_warning, out);
}

void pin_policy_block(const struct pin *pin, const struct claims *c,
                      int64_t now_unix, struct buffer *out)
{
    put_head(c, now_unix, out);
    put_service(pin, out);
    buffer_printf(out, "    accept:\n      tee: %s\n", tee_name(c->tee));
    if (c->debug)
        buffer_text(out, "      # debug: true   # never for anything real\n");
    for (size_t i = 0; i < COUNT_OF(remarks); i++)
        put_remark(&remarks[i], c, out);
    if (c->tee == TEE_SEV_SNP) {
        if (!c->snp.revocation_checked)
            buffer_text(out, "      revocation: optional\n");
        put_tcb_snp(&c->snp.reported, c->snp.product == SNP_TURIN, out);
    } else {
        put_tcb_intel(&c->tcb, out);
    }
}

/* --- what a person should know --------------------------------------------- */

void pin_warnings(const struct claims *c, pin_warning *warn, void *ctx)
{
    char text[160];

    if (c->simulated)
        warn(ctx, "SIMULATED: not the maker's root. It protects nothing.");
    if (c->debug)
        warn(ctx, "DEBUG: its host can read and change all of it.");
    if (c->tee == TEE_SEV_SNP && !c->snp.revocation_checked)
        warn(ctx, "AMD's revocation list was not there to be checked.");
    if (c->tee == TEE_SEV_SNP || c->tcb.status == TCB_UP_TO_DATE)
        return;
    (void)snprintf(text, sizeof(text),
                   "the machine's TCB is %s: it needs an update.",
                   tcb_status_name(c->tcb.status));
    warn(ctx, text);
}
