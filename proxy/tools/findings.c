#include "proxy/tools/findings.h"

#include <stdarg.h>
#include <stdio.h>

static const struct look {
    const char *word;
    const char *colour;
} looks[FINDING_LEVELS] = {
    [FINDING_OK] = { "ok", "\033[32m" },
    [FINDING_NOTE] = { "note", "" },
    [FINDING_WARNING] = { "warning", "\033[33m" },
    [FINDING_ERROR] = { "ERROR", "\033[1;31m" },
};

void findings_add(struct findings *f, enum finding_level level,
                  const char *area, const char *about, const char *next,
                  const char *found, ...)
{
    struct finding *one;
    va_list args;

    f->of_level[level]++;
    if (f->count == FINDINGS_MAX)
        return;
    one = &f->list[f->count++];
    *one = (struct finding){ .level = level, .area = area };
    /* What does not fit is cut: it is for people. */
    (void)snprintf(one->about, sizeof(one->about), "%s", about);
    (void)snprintf(one->next, sizeof(one->next), "%s",
                   next != NULL ? next : "");
    va_start(args, found);
    (void)vsnprintf(one->found, sizeof(one->found), found, args);
    va_end(args);
}

static void put_count(size_t count, const char *noun, const char *behind,
                      struct buffer *out)
{
    buffer_printf(out, "%zu %s%s%s", count, noun, count == 1 ? "" : "s",
                  behind);
}

void findings_text(const struct findings *f, bool colour, struct buffer *out)
{
    for (size_t i = 0; i < f->count; i++) {
        const struct finding *one = &f->list[i];
        const struct look *look = &looks[one->level];

        buffer_printf(out, "%3zu  %s%-7s%s  %-11s  %s%s%s\n", i + 1,
                      colour ? look->colour : "", look->word,
                      colour ? "\033[0m" : "", one->area, one->about,
                      one->about[0] != '\0' ? ": " : "", one->found);
        if (one->next[0] != '\0')
            buffer_printf(out, "                           -> %s\n", one->next);
    }
    buffer_byte(out, '\n');
    put_count(f->of_level[FINDING_ERROR], "error", ", ", out);
    put_count(f->of_level[FINDING_WARNING], "warning", "\n", out);
}

void findings_json(const struct findings *f, struct json_out *j)
{
    static const char *const words[FINDING_LEVELS] = { "ok", "note", "warning",
                                                       "error" };

    json_out_int(j, "errors", (int64_t)f->of_level[FINDING_ERROR]);
    json_out_int(j, "warnings", (int64_t)f->of_level[FINDING_WARNING]);
    json_out_array(j, "findings");
    for (size_t i = 0; i < f->count; i++) {
        const struct finding *one = &f->list[i];

        json_out_object(j, NULL);
        json_out_int(j, "number", (int64_t)i + 1);
        json_out_text(j, "level", words[one->level]);
        json_out_text(j, "area", one->area);
        json_out_text(j, "about", one->about);
        json_out_text(j, "found", one->found);
        json_out_text(j, "next", one->next);
        json_out_end_object(j);
    }
    json_out_end_array(j);
}
