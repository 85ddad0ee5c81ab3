/* common/log.h: one line per event, for people on a terminal or as JSON.
 *
 * A line has a time, a level, an event name and key=value pairs. Text from
 * outside is escaped and cut. No secrets, no payload, no URLs beyond host and
 * port. Whoever logs is handed a struct log; NULL is silence.
 *
 * Levels: error (we are broken), warn (refused, with why), info (one line a
 * session up or down), debug (state changes, from the setters). */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "common/slice.h"
#include "common/status.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

struct log {
    FILE *to; /* borrowed */
    enum log_level level;
    bool json;
    bool colour;
    int64_t (*now_ms)(void); /* unix time in ms; NULL leaves the time out */
};

/* One pair. Made by LOG_S, LOG_N and LOG_B below. */
struct log_field {
    const char *key; /* static; NULL ends the list */
    struct slice text;
    int64_t number;
    bool is_text;
};

/* A text (not NULL), a number, a run of text that has no final NUL. */
#define LOG_S(k, v)                                                            \
    {                                                                          \
        .key = (k), .text = slice_text(v), .is_text = true                     \
    }
#define LOG_N(k, v)                                                            \
    {                                                                          \
        .key = (k), .number = (int64_t)(v)                                     \
    }
#define LOG_B(k, v)                                                            \
    {                                                                          \
        .key = (k), .text = (v), .is_text = true                               \
    }

/* The last argument of log_event(). */
#define LOG_FIELDS(...)                                                        \
    (const struct log_field[])                                                 \
    {                                                                          \
        __VA_ARGS__,                                                           \
        {                                                                      \
            .key = NULL                                                        \
        }                                                                      \
    }

/* Write one line if |level| is wanted. |event| is static, lower case with
 * dots: "session.up". |fields| may be NULL. Never fails. */
void log_event(const struct log *log, enum log_level level, const char *event,
               const struct log_field *fields);

/* As log_event(), with the outcome and reason of |why| added. */
void log_why(const struct log *log, enum log_level level, const char *event,
             const struct why *why, const struct log_field *fields);

/* "error", "warn", "info", "debug"; false for another word. */
MUST_CHECK bool log_level_parse(const char *word, enum log_level *out);

/* Wall-clock time in ms, for struct log. */
int64_t log_wall_ms(void);

#endif
