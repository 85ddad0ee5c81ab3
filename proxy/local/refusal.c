#include "proxy/local/refusal.h"

#include <assert.h>
#include <stdio.h>

#include "common/json_out.h"
#include "common/text.h"
#include "proxy/io/http_fields.h"
#include "proxy/local/answer.h"
#include "proxy/local/refusal_page.h"
#include "proxy/local/refusal_words.h"
#include "proxy/local/verdict_text.h"

#define DETAILS_MAX_BYTES 512 /* of the Proxy-Status field */

/* The weight in thousandths that |parameters| of a media range say, like
 * "; q=0.8" (RFC 9110 section 12.4.2); what is malformed says nothing. */
static unsigned weight_of(struct slice parameters)
{
    const uint8_t *q = parameters.at;
    size_t len = parameters.len;
    unsigned weight = 0;
    unsigned scale = 100;

    while (len >= 3 && !((q[0] == 'q' || q[0] == 'Q') && q[1] == '=')) {
        q++;
        len--;
    }
    if (len < 3 || q[2] != '0')
        return 1000;
    for (size_t i = 4; i < len && q[i] >= '0' && q[i] <= '9'; i++) {
        weight += (unsigned)(q[i] - '0') * scale;
        scale /= 10;
    }
    return weight;
}

static struct slice before_semicolon(struct slice range)
{
    const uint8_t *end =
        range.len == 0 ? NULL : memchr(range.at, ';', range.len);
    size_t len = end == NULL ? range.len : (size_t)(end - range.at);

    while (len > 0 && (range.at[len - 1] == ' ' || range.at[len - 1] == '\t'))
        len--;
    return slice_of(range.at, len);
}

enum refusal_form refusal_form_of(struct slice accept)
{
    unsigned page = 0;
    unsigned json = 0;
    struct slice range;

    while (text_list_next(&accept, &range)) {
        struct slice type = before_semicolon(range);
        unsigned weight =
            weight_of(slice_of(range.at + type.len, range.len - type.len));

        if (text_same_word(type, slice_text("text/html")))
            page = weight;
        else if (text_same_word(type, slice_text("application/json")))
            json = weight;
    }
    if (page == 0 && json == 0)
        return REFUSAL_PLAIN;
    return json > page ? REFUSAL_JSON : REFUSAL_PAGE;
}

/* "veritee: refused: ...", at most |room| bytes with the final NUL. */
static void write_line(const struct refusal *r, char *line, size_t room)
{
    const struct why *why = &r->failure->why;
    char reason[512];
    char target[TARGET_TEXT_ROOM] = "";

    if (r->target != NULL)
        target_text(r->target, target);
    why_line(why, reason, sizeof(reason));
    (void)snprintf(line, room, "veritee: %s%s%s: %s [%s]", target,
                   target[0] == '\0' ? "" : ": ",
                   refusal_words_of(why->status).title, reason,
                   status_name(why->status));
}

/* A string of RFC 8941: visible ASCII, with two bytes escaped. */
static void put_string(struct slice text, struct buffer *out)
{
    buffer_byte(out, '"');
    for (size_t i = 0; i < MIN_OF(text.len, (size_t)DETAILS_MAX_BYTES); i++) {
        uint8_t c = text.at[i];

        if (c == '"' || c == '\\')
            buffer_byte(out, '\\');
        buffer_byte(out, c < ' ' || c > '~' ? '?' : c);
    }
    buffer_byte(out, '"');
}

static void put_proxy_status(const struct refusal *r, struct buffer *out)
{
    const struct far_failure *f = r->failure;
    char reason[512];

    why_line(&f->why, reason, sizeof(reason));
    buffer_printf(out, "Proxy-Status: veritee; error=%s",
                  refusal_words_of(f->why.status).token);
    if (f->endpoint != NULL) {
        buffer_text(out, "; next-hop=");
        put_string(slice_text(f->endpoint), out);
    }
    buffer_text(out, "; details=");
    put_string(slice_text(reason), out);
    buffer_text(out, "\r\n");
}

static void put_plain(const struct refusal *r, struct buffer *out)
{
    char line[1024];

    write_line(r, line, sizeof(line));
    buffer_text(out, line);
    buffer_byte(out, '\n');
}

static void json_text(struct json_out *j, const char *key, const char *value)
{
    if (value == NULL || value[0] == '\0')
        json_out_null(j, key);
    else
        json_out_text(j, key, value);
}

static void json_why(struct json_out *j, const struct why *why)
{
    struct refusal_words words = refusal_words_of(why->status);

    json_out_text(j, "status", status_name(why->status));
    json_out_text(j, "class", status_class_name(status_class(why->status)));
    json_out_int(j, "http", status_http(why->status));
    json_out_text(j, "title", words.title);
    json_out_text(j, "message", status_text(why->status));
    json_text(j, "field", why->field);
    json_text(j, "found", why->found);
    json_text(j, "expected", why->expected);
    json_text(j, "clause", why->clause);
    json_out_text(j, "side", words.side);
    json_out_text(j, "advice", words.advice);
}

const struct check_result *refusal_failed_check(const struct far_failure *f)
{
    const struct check_result *failed =
        f->verdict != NULL ? verdict_failed(f->verdict) : NULL;

    return failed == NULL && f->judgement != NULL ? verdict_failed(f->judgement)
                                                  : failed;
}

/* "verdict" is what became of an attestation, the policy's rows behind the
 * verifier's; null when none was made. */
static void json_verdict(struct json_out *j, const struct far_failure *f)
{
    const struct check_result *failed = refusal_failed_check(f);

    if (f->verdict == NULL) {
        json_out_null(j, "verdict");
        return;
    }
    json_out_object(j, "verdict");
    json_out_text(j, "verdict", failed == NULL ? "pass" : "fail");
    json_text(j, "failed_check", failed == NULL ? NULL : failed->id);
    json_out_array(j, "checks");
    verdict_text_rows(f->verdict, j);
    if (f->judgement != NULL)
        verdict_text_rows(f->judgement, j);
    json_out_end_array(j);
    json_out_end_object(j);
}

static void put_json(const struct refusal *r, struct buffer *out)
{
    struct json_out j = json_out_to(out);
    char target[TARGET_TEXT_ROOM] = "";

    if (r->target != NULL)
        target_text(r->target, target);
    json_out_object(&j, NULL);
    json_out_text(&j, "error", "refused");
    json_text(&j, "asked", target);
    json_text(&j, "service", r->failure->service);
    json_text(&j, "endpoint", r->failure->endpoint);
    json_why(&j, &r->failure->why);
    json_verdict(&j, r->failure);
    json_out_end_object(&j);
    buffer_byte(out, '\n');
}

static const struct {
    const char *type;
    void (*put)(const struct refusal *r, struct buffer *out);
} forms[] = {
    [REFUSAL_PLAIN] = { "text/plain; charset=utf-8", put_plain },
    [REFUSAL_JSON] = { "application/json", put_json },
    [REFUSAL_PAGE] = { "text/html; charset=utf-8", refusal_page_write },
};

void refusal_write(const struct refusal *r, struct buffer *out)
{
    struct buffer fields = buffer_with_max(REFUSAL_MAX_BYTES);
    struct buffer body = buffer_with_max(REFUSAL_MAX_BYTES);
    struct answer a = {
        .code = status_http(r->failure->why.status),
        .type = forms[r->form].type,
        .head_only = r->head_only,
        .close = r->close,
    };

    assert(r->failure->why.status != STATUS_OK);
    put_proxy_status(r, &fields);
    forms[r->form].put(r, &body);
    a.fields = buffer_view(&fields);
    a.body = buffer_view(&body); /* empty when out of memory: still true */
    answer_write(&a, out);
    buffer_free(&body);
    buffer_free(&fields);
}
