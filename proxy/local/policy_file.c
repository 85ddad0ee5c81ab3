#include "proxy/local/policy_file.h"

#include <string.h>

#include "common/file.h"
#include "common/limits.h"
#include "proxy/local/satchel.h"
#include "verifier/root.h"
#include "verifier/snp_chain.h"

static enum status read_from_disk(void *ctx, const char *path, size_t max,
                                  struct buffer *out, struct why *why)
{
    (void)ctx;
    return file_read(path, max, out, why);
}

enum status policy_file_load(const char *path, struct policy **out,
                             struct policy_error *err)
{
    static const struct policy_files disk = { .read = read_from_disk };

    return policy_load(path, &disk, out, err);
}

/* Texts in the place of files. */
struct stand_in {
    const char *path;
    struct slice text;
    struct slice further; /* satchel.h; empty: the disk has the others */
};

static enum status read_stand_in(void *ctx, const char *path, size_t max,
                                 struct buffer *out, struct why *why)
{
    const struct stand_in *s = ctx;

    struct slice text = s->text;

    if (strcmp(path, s->path) != 0 && s->further.len == 0)
        return file_read(path, max, out, why);
    if (strcmp(path, s->path) != 0 &&
        !satchel_find(s->further, slice_text(path), &text))
        return why_fail(why, STATUS_NO_FILE, "file", NULL,
                        "%s was not kept with the policy", path);
    *out = buffer_with_max(max);
    buffer_add(out, text);
    if (buffer_ok(out))
        return STATUS_OK;
    buffer_free(out);
    return why_fail(why, STATUS_NO_FILE, "file", NULL, "%zu bytes", text.len);
}

enum status policy_file_parse(struct slice text, const char *path,
                              struct slice further, struct policy **out,
                              struct policy_error *err)
{
    struct stand_in s = { .path = path, .text = text, .further = further };
    const struct policy_files files = { .read = read_stand_in, .ctx = &s };

    return policy_load(path, &files, out, err);
}

static enum status check_root(struct slice text, enum tee_type tee,
                              struct why *why)
{
    struct trust_root root;

    if (tee == TEE_SEV_SNP)
        return snp_chain_check_root(text, why);
    return root_read(text, &root, why);
}

enum status policy_file_root(const char *path, enum tee_type tee,
                             struct buffer *der, struct why *why)
{
    struct buffer text = buffer_with_max(COLLATERAL_MAX_BYTES);
    enum status st = file_read(path, COLLATERAL_MAX_BYTES, &text, why);

    /* To root_read() nothing means the built-in root. */
    if (st == STATUS_OK && text.len == 0)
        st = why_fail(why, STATUS_BAD_CERT, "root", NULL, "%s is empty", path);
    if (st == STATUS_OK)
        st = check_root(buffer_view(&text), tee, why);
    if (st == STATUS_OK)
        *der = text; /* handed over: verify_quote() reads PEM and DER alike */
    else
        buffer_free(&text);
    return st;
}
