#include "common/log.h"

#include <inttypes.h>
#include <time.h>

#include "common/buffer.h"
#include "common/json_out.h"
#include "common/limits.h"
#include "common/text.h"

static const char *const level_names[] = { "error", "warn", "info", "debug" };
static const char *const level_colours[] = { "\033[31m", "\033[33m", "",
                                             "\033[2m" };

bool log_level_parse(const char *word, enum log_level *out)
{
    for (unsigned i = 0; i < COUNT_OF(level_names); i++) {
        if (strcmp(word, level_names[i]) == 0) {
            *out = (enum log_level)i;
            return true;
        }
    }
    return false;
}

int64_t log_wall_ms(void)
{
    struct timespec t;

    if (clock_gettime(CLOCK_REALTIME, &t) != 0)
        return 0;
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void time_of(const struct log *log, char out[TEXT_TIME_ROOM + 8])
{
    int64_t ms = log->now_ms();
    char seconds[TEXT_TIME_ROOM];
    size_t len;

    text_time(ms / 1000, seconds);
    len = strlen(seconds);
    if (len > 0)
        seconds[len - 1] = '\0'; /* the Z goes behind the milliseconds */
    (void)snprintf(out, TEXT_TIME_ROOM + 8, "%s.%03dZ", seconds,
                   (int)(ms % 1000));
}

static struct slice cut(struct slice text)
{
    return slice_of(text.at, MIN_OF(text.len, LOG_VALUE_MAX_BYTES));
}

static bool needs_quotes(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] <= ' ' || text.at[i] == '"' || text.at[i] == '\\' ||
            text.at[i] >= 0x7f)
            return true;
    return text.len == 0;
}

static void put_value(struct buffer *b, struct slice text)
{
    struct json_out j = json_out_to(b);

    text = cut(text);
    if (needs_quotes(text))
        json_out_slice(&j, NULL, text);
    else
        buffer_add(b, text);
}

static void put_human(struct buffer *b, const struct log *log,
                      enum log_level level, const char *event,
                      const struct log_field *f)
{
    char time[TEXT_TIME_ROOM + 8];

    if (log->now_ms != NULL) {
        time_of(log, time);
        buffer_printf(b, "%s ", time);
    }
    buffer_printf(b, "%s%-5s%s %s", log->colour ? level_colours[level] : "",
                  level_names[level], log->colour ? "\033[0m" : "", event);
    for (; f != NULL && f->key != NULL; f++) {
        buffer_printf(b, " %s=", f->key);
        if (f->is_text)
            put_value(b, f->text);
        else
            buffer_printf(b, "%" PRId64, f->number);
    }
    buffer_byte(b, '\n');
}

static void put_json(struct buffer *b, const struct log *log,
                     enum log_level level, const char *event,
                     const struct log_field *f)
{
    struct json_out j = json_out_to(b);
    char time[TEXT_TIME_ROOM + 8];

    json_out_object(&j, NULL);
    if (log->now_ms != NULL) {
        time_of(log, time);
        json_out_text(&j, "time", time);
    }
    json_out_text(&j, "level", level_names[level]);
    json_out_text(&j, "event", event);
    for (; f != NULL && f->key != NULL; f++) {
        if (f->is_text)
            json_out_slice(&j, f->key, cut(f->text));
        else
            json_out_int(&j, f->key, f->number);
    }
    json_out_end_object(&j);
    buffer_byte(b, '\n');
}

void log_event(const struct log *log, enum log_level level, const char *event,
               const struct log_field *fields)
{
    struct buffer b = buffer_with_max(LOG_LINE_MAX_BYTES);

    if (log == NULL || level > log->level)
        return;
    if (log->json)
        put_json(&b, log, level, event, fields);
    else
        put_human(&b, log, level, event, fields);
    /* One write a line, so that lines of several threads do not mix. A log
     * that cannot be written must not stop the program. */
    if (buffer_ok(&b) && fwrite(b.at, 1, b.len, log->to) == b.len)
        (void)fflush(log->to);
    buffer_free(&b);
}

void log_why(const struct log *log, enum log_level level, const char *event,
             const struct why *why, const struct log_field *fields)
{
    struct log_field all[LOG_FIELDS_MAX + 4];
    char line[512];
    size_t n = 0;

    if (log == NULL || level > log->level)
        return;
    for (; fields != NULL && fields->key != NULL && n < LOG_FIELDS_MAX;
         fields++)
        all[n++] = *fields;
    why_line(why, line, sizeof(line));
    all[n++] = (struct log_field)LOG_S("status", status_name(why->status));
    all[n++] = (struct log_field)LOG_S("reason", line);
    all[n] = (struct log_field){ .key = NULL };
    log_event(log, level, event, all);
}
