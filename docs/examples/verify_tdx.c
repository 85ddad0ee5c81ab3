/* verify_tdx QUOTE DIR [UNIX_TIME]: is QUOTE a genuine TD's, by the collateral
 * in DIR? cc verify_tdx.c $(pkg-config --cflags --libs veritee-verifier) */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <verifier/veritee_verifier.h>

/* A file that is missing is empty, and then fails its check. */
static struct slice read_file(const char *dir, const char *name)
{
    uint8_t *bytes = malloc(65536); /* kept until the program ends */
    char path[4096];
    FILE *f;

    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    f = fopen(path, "rb");
    return slice_of(bytes, f && bytes ? fread(bytes, 1, 65536, f) : 0);
}

int main(int argc, char **argv)
{
    const char *dir = argc > 2 ? argv[2] : ".";
    struct collateral_set set = {
        .tcb_info = read_file(dir, "tcb_info.json"),
        .tcb_info_chain = read_file(dir, "tcb_info_issuer_chain.pem"),
        .qe_identity = read_file(dir, "qe_identity.json"),
        .qe_identity_chain = read_file(dir, "qe_identity_issuer_chain.pem"),
        .pck_crl = read_file(dir, "pck_crl.der"),
        .pck_crl_chain = read_file(dir, "pck_crl_issuer_chain.pem"),
        .root_crl = read_file(dir, "root_ca_crl.der"),
    };
    struct verify_input in = { .collateral = &set };
    struct claims claims;
    struct verdict verdict;

    in.quote = read_file(".", argc > 1 ? argv[1] : "");
    in.now_unix = argc > 3 ? strtoll(argv[3], NULL, 10) : (int64_t)time(NULL);
    if (verify_quote(&in, &claims, &verdict) != STATUS_OK)
        return printf("refused at %s: %s\n", verdict_failed(&verdict)->id,
                      verdict_failed(&verdict)->why.found) != 0;
    printf("%s, %s%s, MRTD ", tee_name(claims.tee),
           tcb_status_name(claims.tcb.status), claims.debug ? ", DEBUG" : "");
    for (size_t i = 0; i < sizeof(claims.tdx.mr_td); i++)
        printf("%02x", claims.tdx.mr_td[i]);
    return puts("") < 0;
}
