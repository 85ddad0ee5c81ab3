/* common/suggest.h: what is near enough to be meant. */
#include "common/suggest.h"

#include "common/compiler.h"
#include "tests/support/check.h"
#include <cmocka.h>
#include <setjmp.h>

#define LONG "a-word-of-more-letters-than-any-other-word-has"

static const char *const words[] = { "policy",  "pin",    "run",
                                     "status",  "staple", "staple-cache",
                                     "explain", LONG };

static const struct {
    const char *name;
    const char *typed;
    const char *want; /* NULL: nothing is near */
} cases[] = {
    /* clang-format off */
    { "finds what lacks a letter",       "polcy",          "policy" },
    { "finds what has one too many",     "pollicy",        "policy" },
    { "finds what has another letter",   "pelicy",         "policy" },
    { "finds letters swapped",           "rnu",            "run" },
    { "finds the word itself",           "status",         "status" },
    { "does not mind dashes",            "--explian",      "explain" },
    { "does not mind a value",           "--polcy=x.yaml", "policy" },
    { "takes the nearest of two",        "staple-cahe",    "staple-cache" },
    { "does not guess wildly",           "verbose",        NULL },
    { "finds what it is the start of",   "expl",           "explain" },
    { "does not mind capitals",          "Policy",         "policy" },
    { "does not guess by one letter",    "u",              NULL },
    { "does not guess by nothing",       "",               NULL },
    { "does not guess by dashes",        "--",             NULL },
    { "leaves out what is too long",     LONG,             NULL },
    /* clang-format on */
};

static void finds_what_was_meant(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct suggest s = suggest_for_option(cases[i].typed);
        const char *found;

        for (size_t w = 0; w < COUNT_OF(words); w++)
            suggest_offer(&s, words[w]);
        found = suggest_found(&s);
        if ((found == NULL) != (cases[i].want == NULL) ||
            (found != NULL && strcmp(found, cases[i].want) != 0))
            fail_msg("%s: found %s", cases[i].name, found ? found : "nothing");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(
        finds_what_was_meant) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
