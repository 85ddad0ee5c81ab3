/* store: entries as bytes, and on disk. */
#include "tests/support/check.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collateral/store.h"
#include "common/file.h"
#include "common/limits.h"
#include "tests/support/folder.h"

#define NAME "tcb_info-tdx-90c06f000000-intel"

#define HEAD(name, origin, fetched, body, chain)                               \
    "veritee-collateral 1\nname " name "\norigin " origin "\nfetched " fetched \
    "\nbody " body "\nchain " chain "\n\n"

#define GOOD HEAD(NAME, "https://a/b?c=d", "1771671531", "4", "3") "bodyPEM"

static const struct store_entry entry = {
    .body = { (const uint8_t *)"body", 4 },
    .chain = { (const uint8_t *)"PEM", 3 },
    .origin = "https://a/b?c=d",
    .fetched_unix = 1771671531,
};

static void check_entry(const struct store_entry *got)
{
    assert_true(slice_equal(got->body, entry.body));
    assert_true(slice_equal(got->chain, entry.chain));
    assert_string_equal(got->origin, entry.origin);
    assert_int_equal(got->fetched_unix, entry.fetched_unix);
}

static void writes_what_its_header_shows(void **state)
{
    struct buffer out = buffer_with_max(4096);

    (void)state;
    store_encode(NAME, &entry, &out);
    assert_true(slice_equal(buffer_view(&out), slice_text(GOOD)));
    buffer_free(&out);
}

static const struct {
    const char *name;
    const char *file;
    enum status want;
} cases[] = {
    /* clang-format off */
    { "an entry",               GOOD, STATUS_OK },
    { "nothing inside",         HEAD(NAME, "stapled", "0", "0", "0"), STATUS_OK },
    { "nothing at all",         "", STATUS_BAD_FIELD },
    { "another version",        "veritee-collateral 2\n", STATUS_BAD_FIELD },
    { "another name",           HEAD("root_ca_crl-intel", "x", "1", "0", "0"), STATUS_BAD_FIELD },
    { "a name that goes on",    HEAD(NAME "x", "x", "1", "0", "0"), STATUS_BAD_FIELD },
    { "a space in the origin",  HEAD(NAME, "a b", "1", "0", "0"), STATUS_BAD_FIELD },
    { "control bytes in it",    HEAD(NAME, "a\x1b[2J", "1", "0", "0"), STATUS_BAD_FIELD },
    { "a time before 1970",     HEAD(NAME, "x", "-1", "0", "0"), STATUS_BAD_FIELD },
    { "a time too far",         HEAD(NAME, "x", "9223372036854775808", "0", "0"), STATUS_BAD_FIELD },
    { "a leading zero",         HEAD(NAME, "x", "1", "00", "0"), STATUS_BAD_FIELD },
    { "a body over the limit",  HEAD(NAME, "x", "1", "1048577", "0"), STATUS_BAD_FIELD },
    { "a body at the limit",    HEAD(NAME, "x", "1", "1048576", "0"), STATUS_TRUNCATED },
    { "a chain over the limit", HEAD(NAME, "x", "1", "0", "1048577"), STATUS_BAD_FIELD },
    { "a byte too few",         HEAD(NAME, "x", "1", "2", "2") "abc", STATUS_TRUNCATED },
    { "a byte too many",        HEAD(NAME, "x", "1", "2", "2") "abcde", STATUS_TRAILING },
    { "CR LF",                  "veritee-collateral 1\r\n", STATUS_BAD_FIELD },
    { "no empty line",          "veritee-collateral 1\nname " NAME "\norigin x\nfetched 1\n"
                                "body 0\nchain 0\n", STATUS_BAD_FIELD },
    { "lines in another order", "veritee-collateral 1\norigin x\nname " NAME "\nfetched 1\n"
                                "body 0\nchain 0\n\n", STATUS_BAD_FIELD },
    /* clang-format on */
};

static void reads_entries_strictly(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct store_entry got;
        struct why why;

        print_message("  %s\n", cases[i].name);
        CHECK_STATUS(store_decode(NAME, slice_text(cases[i].file), &got, &why),
                     cases[i].want);
        if (cases[i].want != STATUS_OK)
            assert_int_equal(got.body.len + got.chain.len, 0);
    }
}

static void takes_origins_up_to_their_room(void **state)
{
    char file[URL_MAX_BYTES + 256], origin[URL_MAX_BYTES + 1];
    struct store_entry got;
    struct why why;

    (void)state;
    for (size_t len = URL_MAX_BYTES - 1; len <= URL_MAX_BYTES; len++) {
        memset(origin, 'o', len);
        origin[len] = '\0';
        (void)snprintf(file, sizeof(file), HEAD(NAME, "%s", "1", "0", "0"),
                       origin);
        CHECK_STATUS(store_decode(NAME, slice_text(file), &got, &why),
                     len < URL_MAX_BYTES ? STATUS_OK : STATUS_BAD_FIELD);
    }
}

static void try_prefix(struct slice file, void *ctx)
{
    struct store_entry got;
    struct why why;
    enum status st = store_decode(NAME, file, &got, &why);

    (void)ctx;
    assert_true(st == STATUS_TRUNCATED || st == STATUS_BAD_FIELD);
}

/* A changed byte is refused, or changes what is read: none goes unnoticed. */
static void try_flip(struct slice file, void *ctx)
{
    struct store_entry got;
    struct why why;
    struct buffer again = buffer_with_max(4096);

    (void)ctx;
    if (store_decode(NAME, file, &got, &why) != STATUS_OK)
        return;
    store_encode(NAME, &got, &again);
    assert_true(slice_equal(buffer_view(&again), file));
    buffer_free(&again);
}

static void survives_every_prefix_and_flip(void **state)
{
    (void)state;
    for_each_prefix(slice_text(GOOD), try_prefix, NULL);
    for_each_flip(slice_text(GOOD), try_flip, NULL);
}

/* --- on disk -------------------------------------------------------------- */

static unsigned mode_of(const char *path)
{
    struct stat st;

    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 0777U;
}

static void keeps_private_files_in_a_private_folder(void **state)
{
    struct folder f;
    struct store s;
    struct buffer file;
    struct store_entry got;
    char deep[128], path[256];
    struct why why;

    (void)state;
    folder_make(&f);
    (void)snprintf(deep, sizeof(deep), "%s/cache/veritee", f.path);
    CHECK_STATUS(store_init(&s, deep, &why), STATUS_OK);
    CHECK_STATUS(store_init(&s, deep, &why), STATUS_OK);
    assert_int_equal(mode_of(deep), 0700);
    CHECK_STATUS(store_load(&s, NAME, &file, &got, &why), STATUS_NO_COLLATERAL);
    CHECK_STATUS(store_save(&s, NAME, &entry, &why), STATUS_OK);
    CHECK_STATUS(store_save(&s, NAME, &entry, &why), STATUS_OK);
    (void)snprintf(path, sizeof(path), "%s/%s", deep, NAME);
    assert_int_equal(mode_of(path), 0600);
    CHECK_STATUS(store_load(&s, NAME, &file, &got, &why), STATUS_OK);
    check_entry(&got);
    buffer_free(&file);
    folder_remove(&f);
}

static void keeps_items_of_the_largest_size(void **state)
{
    struct folder f;
    struct store s;
    struct buffer file;
    struct store_entry large = entry, got;
    uint8_t *bytes = calloc(1, COLLATERAL_MAX_BYTES);
    struct why why;

    (void)state;
    assert_non_null(bytes);
    folder_make(&f);
    large.body = large.chain = slice_of(bytes, COLLATERAL_MAX_BYTES);
    CHECK_STATUS(store_init(&s, f.path, &why), STATUS_OK);
    CHECK_STATUS(store_save(&s, NAME, &large, &why), STATUS_OK);
    CHECK_STATUS(store_load(&s, NAME, &file, &got, &why), STATUS_OK);
    assert_true(slice_equal(got.body, large.body));
    assert_true(slice_equal(got.chain, large.chain));
    buffer_free(&file);
    folder_remove(&f);
    free(bytes);
}

static void says_which_file_is_wrong(void **state)
{
    struct folder f;
    struct store s;
    struct buffer file;
    struct store_entry got;
    char path[256];
    struct why why;

    (void)state;
    folder_make(&f);
    CHECK_STATUS(store_init(&s, f.path, &why), STATUS_OK);
    (void)snprintf(path, sizeof(path), "%s/%s", f.path, NAME);
    CHECK_STATUS(file_replace(path, slice_text("garbage"), 0600, &why),
                 STATUS_OK);
    CHECK_STATUS(store_load(&s, NAME, &file, &got, &why), STATUS_BAD_FIELD);
    assert_null(file.at);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    CHECK_STATUS(store_load(&s, NAME, &file, &got, &why), STATUS_NO_FILE);
    CHECK_STATUS(store_save(&s, NAME, &entry, &why), STATUS_NO_FILE);
    assert_non_null(strstr(why.found, path));
    assert_int_equal(folder_count(&f), 1); /* nothing half-written is left */
    folder_remove(&f);
}

static void says_when_a_folder_cannot_be_made(void **state)
{
    char long_dir[PATH_MAX + 8];
    struct store s;
    struct why why;

    (void)state;
    CHECK_STATUS(store_init(&s, "/dev/null/veritee", &why), STATUS_NO_FILE);
    memset(long_dir, 'd', sizeof(long_dir) - 1);
    long_dir[sizeof(long_dir) - 1] = '\0';
    CHECK_STATUS(store_init(&s, long_dir, &why), STATUS_NO_FILE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_what_its_header_shows),
        cmocka_unit_test(reads_entries_strictly),
        cmocka_unit_test(takes_origins_up_to_their_room),
        cmocka_unit_test(survives_every_prefix_and_flip),
        cmocka_unit_test(keeps_private_files_in_a_private_folder),
        cmocka_unit_test(keeps_items_of_the_largest_size),
        cmocka_unit_test(says_which_file_is_wrong),
        cmocka_unit_test(says_when_a_folder_cannot_be_made),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
