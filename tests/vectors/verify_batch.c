/* verify_batch: verify many cases in one process.
 *
 * Reads cases from standard input, each a time and eight files: int64, then
 * uint32 and the bytes of quote, TCB info, its chain, QE identity, its chain,
 * PCK CRL, its chain, root CRL; numbers big endian. Writes a line of JSON for
 * each: outcome, check, field, TCB status, advisories. For tests only. */
#include <stdio.h>
#include <stdlib.h>

#include "common/cursor.h"
#include "common/json_out.h"
#include "verifier/verify.h"

#define FILES      8
#define FILE_BYTES (1024 * 1024)

/* One case; each file is a block of its exact size. */
struct batch_case {
    int64_t time;
    struct slice files[FILES];
};

static void give_up(const char *what)
{
    (void)fprintf(stderr, "verify_batch: %s\n", what);
    exit(EXIT_FAILURE);
}

/* False at the end of the input, before the first byte. */
static bool read_bytes(uint8_t *out, size_t len)
{
    size_t n = fread(out, 1, len, stdin);

    if (n != len && n != 0)
        give_up("the input ends inside a case");
    return n == len;
}

static struct slice read_file(void)
{
    uint8_t head[4];
    struct cursor c = cursor_over(SLICE_OF(head));
    uint8_t *bytes;
    size_t len;

    if (!read_bytes(head, sizeof(head)))
        give_up("a file is missing");
    len = cursor_u32be(&c);
    bytes = malloc(len > 0 ? len : 1);
    if (bytes == NULL || len > FILE_BYTES)
        give_up("a file is too long");
    if (len > 0 && !read_bytes(bytes, len))
        give_up("a file ends early");
    return slice_of(bytes, len);
}

static bool read_case(struct batch_case *out)
{
    uint8_t head[8];
    struct cursor c = cursor_over(SLICE_OF(head));

    if (!read_bytes(head, sizeof(head)))
        return false;
    out->time = (int64_t)cursor_u64be(&c);
    for (size_t i = 0; i < FILES; i++)
        out->files[i] = read_file();
    return true;
}

static void tell(const struct claims *claims, const struct verdict *verdict)
{
    const struct check_result *failed = verdict_failed(verdict);
    struct buffer line = buffer_with_max(1 << 16);
    struct json_out j = json_out_to(&line);

    json_out_object(&j, NULL);
    json_out_bool(&j, "accepted", failed == NULL);
    json_out_text(&j, "check", failed == NULL ? "" : failed->id);
    json_out_text(&j, "field",
                  failed == NULL || failed->why.field == NULL
                      ? ""
                      : failed->why.field);
    json_out_text(&j, "status", tcb_status_name(claims->tcb.status));
    json_out_array(&j, "advisories");
    for (size_t i = 0; i < claims->tcb.advisories.count; i++)
        json_out_text(&j, NULL, claims->tcb.advisories.names[i]);
    json_out_end_array(&j);
    json_out_end_object(&j);
    buffer_byte(&line, '\n');
    if (!buffer_ok(&line) || fwrite(line.at, 1, line.len, stdout) != line.len ||
        fflush(stdout) != 0)
        give_up("cannot write");
    buffer_free(&line);
}

static void verify(const struct batch_case *c)
{
    const struct slice *f = c->files;
    const struct collateral_set set = {
        .tcb_info = f[1],
        .tcb_info_chain = f[2],
        .qe_identity = f[3],
        .qe_identity_chain = f[4],
        .pck_crl = f[5],
        .pck_crl_chain = f[6],
        .root_crl = f[7],
    };
    const struct verify_input in = { .quote = f[0],
                                     .collateral = &set,
                                     .now_unix = c->time };
    struct claims claims;
    struct verdict verdict;
    enum status st = verify_quote(&in, &claims, &verdict);

    if (st == STATUS_NO_MEMORY)
        give_up("no memory");
    tell(&claims, &verdict);
}

int main(void)
{
    struct batch_case c;

    while (read_case(&c)) {
        verify(&c);
        for (size_t i = 0; i < FILES; i++)
            free((void *)(uintptr_t)c.files[i].at); /* ours, made above */
    }
    return EXIT_SUCCESS;
}
