/* veritee-policy(5) says what the program does: its example is a policy, and
 * no word of the language is left out. */
#include "tests/support/check.h"

#include "common/file.h"
#include "common/limits.h"
#include "policy/arena.h"
#include "policy/policy.h"
#include "policy/yaml_tree.h"

#define MANUAL TEST_SOURCE_DIR "/docs/man/veritee-policy.5"
#define FULL   TEST_SOURCE_DIR "/tests/fuzz/corpus/policy/full.yaml"

/* The file at |path| with a final NUL; the caller frees it. */
static char *read_text(const char *path)
{
    struct buffer text;
    struct why why;

    CHECK_STATUS(file_read(path, POLICY_MAX_BYTES, &text, &why), STATUS_OK);
    text.max++;
    buffer_byte(&text, '\0');
    assert_true(buffer_ok(&text));
    return (char *)text.at;
}

static void its_example_is_a_policy(void **state)
{
    static const char begin[] = ".Bd -literal\n";
    char *manual = read_text(MANUAL);
    char *from = strstr(manual, ".Sh EXAMPLES\n");
    char *to;
    struct policy *p = NULL;
    struct policy_error err;

    (void)state;
    assert_non_null(from);
    from = strstr(from, begin);
    assert_non_null(from);
    from += sizeof(begin) - 1;
    to = strstr(from, ".Ed\n");
    assert_non_null(to);
    assert_null(memchr(from, '\\', (size_t)(to - from)));
    CHECK_STATUS(policy_parse(slice_of(from, (size_t)(to - from)), "p.yaml", &p,
                              &err),
                 STATUS_OK);
    assert_int_equal(p->service_count, 2);
    assert_int_equal(p->warning_count, 0);
    policy_free(p);
    free(manual);
}

/* A line ".It Ic one , two , |word|" of the manual, or a ".Ic |word|". */
static bool is_described(const char *manual, struct slice word)
{
    for (const char *at = strstr(manual, "\n.It Ic "); at != NULL;
         at = strstr(at + 1, "\n.It Ic ")) {
        const char *w = at + 8;

        while (*w != '\n') {
            size_t len = strcspn(w, " \n");

            if (slice_equal(slice_of(w, len), word))
                return true;
            w += len + strspn(w + len, " ,");
        }
    }
    return false;
}

/* Words that the manual tells of inside another's description. */
static bool is_inside(struct slice word)
{
    static const char *const inside[] = { "name",  "value", "mask",
                                          "drain", "url",   "kind" };

    for (size_t i = 0; i < COUNT_OF(inside); i++)
        if (slice_equal(word, slice_text(inside[i])))
            return true;
    return false;
}

static void check_words(const char *manual, const struct node *node,
                        bool is_name)
{
    for (const struct node *k = node->first; k != NULL; k = k->next) {
        if (node->kind == NODE_LIST) {
            check_words(manual, k, false);
            continue;
        }
        if (!is_name && !is_inside(k->text) && !is_described(manual, k->text))
            fail_msg("%.*s is not in %s", (int)k->text.len,
                     (const char *)k->text.at, MANUAL);
        check_words(manual, k->value,
                    slice_equal(k->text, slice_text("services")));
    }
}

static void every_word_is_described(void **state)
{
    struct arena *memory = arena_new(POLICY_MEMORY_MAX_BYTES);
    char *manual = read_text(MANUAL);
    char *full = read_text(FULL);
    const struct node *root;
    struct policy_error err;

    (void)state;
    assert_non_null(memory);
    CHECK_STATUS(yaml_tree_parse(slice_text(full), "p", memory, &root, &err),
                 STATUS_OK);
    check_words(manual, root, false);
    arena_free(memory);
    free(full);
    free(manual);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_example_is_a_policy),
        cmocka_unit_test(every_word_is_described),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
