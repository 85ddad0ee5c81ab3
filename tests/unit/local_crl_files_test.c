/* crl_files: the user's lists, from files to memory of their own. */
#include "tests/support/evidence.h"

#include "common/file.h"
#include "common/text.h"
#include "proxy/local/crl_files.h"
#include "tests/support/folder.h"

struct rig {
    struct folder folder;
    struct evidence e;
    char der[160];
    char pem[160];
    char bad[160];
};

static void put(const struct rig *rig, const char *name, struct slice bytes,
                char path[160])
{
    struct why why;

    (void)snprintf(path, 160, "%s/%s", rig->folder.path, name);
    CHECK_STATUS(file_replace(path, bytes, 0600, &why), STATUS_OK);
}

/* |der| as PEM, the base64 in one line. */
static void put_pem(struct rig *rig, struct slice der)
{
    char base64[4096];
    struct buffer text = buffer_with_max(8192);

    assert_true(4 * der.len / 3 + 4 < sizeof(base64));
    text_base64(der, base64, sizeof(base64));
    buffer_printf(&text,
                  "-----BEGIN X509 CRL-----\n%s\n-----END X509 CRL-----\n",
                  base64);
    put(rig, "a.pem", buffer_view(&text), rig->pem);
    buffer_free(&text);
}

static int make(void **state)
{
    static struct rig rig;

    *state = &rig;
    folder_make(&rig.folder);
    evidence_make(&rig.e, NULL, TEE_SGX);
    put(&rig, "a.crl", rig.e.set.pck_crl, rig.der);
    put_pem(&rig, rig.e.set.pck_crl);
    put(&rig, "bad", slice_text("no list"), rig.bad);
    return 0;
}

static int unmake(void **state)
{
    struct rig *rig = *state;

    evidence_free(&rig->e);
    folder_remove(&rig->folder);
    return 0;
}

static enum status read_all(const char *const *paths, size_t count,
                            struct crl_files *out, struct why *why)
{
    const struct policy_revocations own = { .crl_count = count,
                                            .crl_files = paths };

    return crl_files_read(&own, out, why);
}

static void der_and_pem_are_read(void **state)
{
    const struct rig *rig = *state;
    const char *paths[] = { rig->der, rig->pem };
    struct crl_files files;
    struct crl_files copy;
    struct why why;

    CHECK_STATUS(read_all(paths, 2, &files, &why), STATUS_OK);
    assert_true(crl_files_copy(&files, &copy));
    crl_files_free(&files);
    assert_int_equal(files.count, 0);
    assert_int_equal(copy.count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_string_equal(copy.lists[i].name, paths[i]);
        assert_true(slice_equal(copy.lists[i].der, rig->e.set.pck_crl));
    }
    crl_files_free(&copy);
}

static void no_lists_are_lists(void **state)
{
    struct crl_files files;
    struct crl_files copy;
    struct why why;

    (void)state;
    CHECK_STATUS(read_all(NULL, 0, &files, &why), STATUS_OK);
    assert_true(crl_files_copy(&files, &copy));
    assert_int_equal(copy.count, 0);
    assert_null(copy.memory);
}

static void what_is_no_list_is_refused_by_name(void **state)
{
    const struct rig *rig = *state;
    const char *paths[] = { rig->der, rig->bad };
    const char *missing[] = { "/nonexistent/crl" };
    const char *many[CRL_FILES_MAX + 1];
    struct crl_files files;
    struct why why;

    CHECK_STATUS(read_all(paths, 2, &files, &why), STATUS_BAD_CRL);
    assert_int_equal(files.count, 0);
    assert_null(files.memory);
    assert_memory_equal(why.found, rig->bad, strlen(rig->bad));
    CHECK_STATUS(read_all(missing, 1, &files, &why), STATUS_NO_FILE);
    assert_non_null(strstr(why.found, missing[0]));
    for (size_t i = 0; i < COUNT_OF(many); i++)
        many[i] = rig->der;
    CHECK_STATUS(read_all(many, CRL_FILES_MAX, &files, &why), STATUS_OK);
    crl_files_free(&files);
    CHECK_STATUS(read_all(many, CRL_FILES_MAX + 1, &files, &why), STATUS_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(der_and_pem_are_read),
        cmocka_unit_test(no_lists_are_lists),
        cmocka_unit_test(what_is_no_list_is_refused_by_name),
    };

    return cmocka_run_group_tests(tests, make, unmake);
}
