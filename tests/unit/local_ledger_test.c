/* Lines and blobs on disk: kept, chained, bounded. */
#include "tests/support/check.h"

#include <dirent.h>
#include <inttypes.h>
#include <uv.h>

#include "common/file.h"
#include "common/text.h"
#include "proxy/local/audit.h"
#include "proxy/local/audit_entry.h"
#include "proxy/local/ledger.h"
#include "proxy/local/ledger_files.h"
#include "tests/support/folder.h"

#define MIB (1024 * 1024)

/* A line with |text| as its only member, and |fill| bytes more. */
struct filling {
    const char *text;
    size_t fill;
};

static void write_text(void *ctx, struct buffer *out)
{
    const struct filling *f = ctx;

    buffer_printf(out, ",\"blob\":\"%s\",\"x\":\"", f->text);
    for (size_t i = 0; i < f->fill; i++)
        buffer_byte(out, 'x');
    buffer_byte(out, '"');
}

static void add(struct ledger *a, const char *text, size_t fill)
{
    struct filling f = { text, fill };
    struct why why;

    CHECK_STATUS(ledger_append(a, write_text, &f, &why), STATUS_OK);
}

/* What all lines come to. */
struct seen {
    size_t lines;
    size_t files;
    char last_file[32];
    size_t unchained;
    uint8_t above[LEDGER_HASH_BYTES];
};

/* The "prev" of |line|, which ends with it. */
static void prev_of(struct slice line, uint8_t out[LEDGER_HASH_BYTES])
{
    const size_t digits = 2 * (size_t)LEDGER_HASH_BYTES;

    assert_true(line.len > digits + 2);
    assert_true(text_from_hex(slice_of(line.at + line.len - 2 - digits, digits),
                              out, LEDGER_HASH_BYTES));
}

static bool on_line(void *ctx, const struct ledger_line *line)
{
    uint8_t prev[LEDGER_HASH_BYTES];
    struct seen *s = ctx;

    prev_of(line->text, prev);
    if (s->lines++ > 0 && memcmp(prev, line->above, sizeof(prev)) != 0)
        s->unchained++;
    if (strcmp(s->last_file, line->file) != 0)
        s->files++;
    (void)snprintf(s->last_file, sizeof(s->last_file), "%s", line->file);
    return true;
}

static struct seen look(const char *dir)
{
    struct seen s = { .lines = 0 };
    struct why why;

    CHECK_STATUS(ledger_each(dir, on_line, &s, &why), STATUS_OK);
    return s;
}

static void blobs_are_kept_once_and_checked(void **state)
{
    struct folder folder;
    struct ledger a;
    struct buffer back;
    char name[LEDGER_NAME_ROOM];
    char again[LEDGER_NAME_ROOM];
    char path[256];
    struct why why;

    (void)state;
    folder_make(&folder);
    CHECK_STATUS(ledger_open(&a, folder.path, MIB, &why), STATUS_OK);
    CHECK_STATUS(ledger_put(&a, slice_text("abc"), name, &why), STATUS_OK);
    assert_string_equal(name, "ba7816bf8f01cfea414140de5dae2223"
                              "b00361a396177a9cb410ff61f20015ad");
    CHECK_STATUS(ledger_put(&a, slice_text("abc"), again, &why), STATUS_OK);
    assert_string_equal(again, name);
    assert_int_equal(a.new_bytes, 3);
    CHECK_STATUS(ledger_get(a.dir, name, &back, &why), STATUS_OK);
    assert_true(slice_equal(buffer_view(&back), slice_text("abc")));
    buffer_free(&back);
    (void)snprintf(path, sizeof(path), "%s/blobs/ba/%s", folder.path, name);
    CHECK_STATUS(file_replace(path, slice_text("abd"), 0600, &why), STATUS_OK);
    CHECK_STATUS(ledger_get(a.dir, name, &back, &why), STATUS_MISMATCH);
    name[0] = 'c';
    CHECK_STATUS(ledger_get(a.dir, name, &back, &why), STATUS_NO_FILE);
    folder_remove(&folder);
}

static void a_folder_that_is_not_there_has_no_lines(void **state)
{
    (void)state;
    assert_int_equal(look("/nonexistent/audit").lines, 0);
}

static void lines_are_chained_over_files(void **state)
{
    struct folder folder;
    struct ledger a;
    struct seen s;
    struct why why;

    (void)state;
    folder_make(&folder);
    CHECK_STATUS(ledger_open(&a, folder.path, 64 * MIB, &why), STATUS_OK);
    for (size_t i = 0; i < 100; i++)
        add(&a, "", LEDGER_LINE_MAX - 256);
    s = look(folder.path);
    assert_int_equal(s.lines, 100);
    assert_int_equal(s.unchained, 0);
    assert_true(s.files >= 3);
    folder_remove(&folder);
}

static void a_line_too_long_changes_nothing(void **state)
{
    struct filling f = { "", LEDGER_LINE_MAX };
    struct folder folder;
    struct ledger a;
    struct why why;

    (void)state;
    folder_make(&folder);
    CHECK_STATUS(ledger_open(&a, folder.path, MIB, &why), STATUS_OK);
    CHECK_STATUS(ledger_append(&a, write_text, &f, &why), STATUS_NO_MEMORY);
    assert_int_equal(look(folder.path).lines, 0);
    folder_remove(&folder);
}

/* Blobs of 64 KiB, one a line, in a ledger of 1 MiB. */
static void the_oldest_goes_first(void **state)
{
    static uint8_t blob[64 * 1024];
    struct folder folder;
    struct ledger a;
    struct buffer back;
    struct seen s;
    char first[LEDGER_NAME_ROOM];
    char last[LEDGER_NAME_ROOM];
    struct why why;

    (void)state;
    folder_make(&folder);
    CHECK_STATUS(ledger_open(&a, folder.path, MIB, &why), STATUS_OK);
    for (size_t i = 0; i < 64; i++) {
        blob[0] = (uint8_t)i;
        CHECK_STATUS(ledger_put(&a, SLICE_OF(blob), i == 0 ? first : last,
                                &why),
                     STATUS_OK);
        add(&a, i == 0 ? first : last, 0);
    }
    s = look(folder.path);
    assert_true(s.lines > 8 && s.lines < 24);
    assert_int_equal(s.unchained, 0);
    CHECK_STATUS(ledger_get(a.dir, first, &back, &why), STATUS_NO_FILE);
    CHECK_STATUS(ledger_get(a.dir, last, &back, &why), STATUS_OK);
    buffer_free(&back);
    folder_remove(&folder);
}

/* --- the thread ------------------------------------------------------------ */

static struct attestation accepted(void)
{
    struct attestation a = { .deadline_unix = 17 };

    a.claims.tee = TEE_TDX;
    return a;
}

static void write_many(void *ctx)
{
    static const uint8_t quote[] = "a quote";
    static const uint8_t data[64];
    const struct appraise_input in = { .quote = SLICE_OF(quote),
                                       .report_data = SLICE_OF(data),
                                       .now_unix = 1780000000 };
    const struct attestation result = accepted();

    for (size_t i = 0; i < 20; i++)
        audit_decision(ctx, "service", "wss://a.example", &in, &result);
}

struct counted {
    size_t lines;
    uint32_t last_id;
    uint32_t lost;
};

static bool count_line(void *ctx, const struct ledger_line *line)
{
    uint8_t prev[LEDGER_HASH_BYTES];
    struct counted *c = ctx;
    struct audit_entry e;
    struct why why;

    CHECK_STATUS(audit_entry_read(line->text, &e, prev, &why), STATUS_OK);
    assert_memory_equal(prev, line->above, sizeof(prev));
    assert_int_equal(e.id, c->last_id + 1);
    assert_string_equal(e.service, "service");
    assert_string_equal(e.endpoint, "wss://a.example");
    assert_string_equal(e.tee, "tdx");
    assert_true(e.accepted);
    assert_int_equal(e.deadline_unix, 17);
    assert_int_equal(strlen(e.blobs[AUDIT_QUOTE]), LEDGER_NAME_ROOM - 1);
    c->last_id = e.id;
    c->lost += e.lost;
    c->lines++;
    return true;
}

/* What an external check said is in the line; lines of before say nothing. */
static void what_a_check_outside_said_is_told(void **state)
{
    struct why said = { .status = STATUS_OK };
    const struct appraise_input in = { .exec = &said };
    const struct attestation result = accepted();
    uint8_t prev[LEDGER_HASH_BYTES];
    struct audit_entry e, back;
    struct buffer line = buffer_with_max(LEDGER_LINE_MAX);
    struct why why;
    char text[LEDGER_LINE_MAX];
    char *later;

    (void)state;
    (void)why_fail(&said, STATUS_POLICY, "accept.exec", NULL,
                   "exit status 3: not on my list");
    audit_entry_make(&e, "service", "wss://a.example", &in, &result);
    buffer_text(&line, "{\"version\":1,\"id\":1");
    audit_entry_write(&e, &line);
    buffer_printf(&line, ",\"prev\":\"%064d\"}", 0);
    CHECK_STATUS(audit_entry_read(buffer_view(&line), &back, prev, &why),
                 STATUS_OK);
    assert_string_equal(back.exec, "POLICY");
    assert_string_equal(back.exec_answer, "exit status 3: not on my list");

    (void)snprintf(text, sizeof(text), "%.*s", (int)line.len,
                   (const char *)line.at);
    later = strstr(text, ",\"exec\"");
    assert_non_null(later);
    memmove(later, strstr(later, ",\"evidence\""),
            strlen(strstr(later, ",\"evidence\"")) + 1);
    CHECK_STATUS(audit_entry_read(slice_text(text), &back, prev, &why),
                 STATUS_OK);
    assert_string_equal(back.exec, "");
    buffer_free(&line);
}

struct seconds {
    char tcb_info[3][LEDGER_NAME_ROOM]; /* of the first lines */
    size_t lines;
};

static bool note_tcb_info(void *ctx, const struct ledger_line *line)
{
    uint8_t prev[LEDGER_HASH_BYTES];
    struct seconds *s = ctx;
    struct audit_entry e;
    struct why why;

    CHECK_STATUS(audit_entry_read(line->text, &e, prev, &why), STATUS_OK);
    assert_true(s->lines < COUNT_OF(s->tcb_info));
    memcpy(s->tcb_info[s->lines++], e.blobs[AUDIT_TCB_INFO], LEDGER_NAME_ROOM);
    return true;
}

/* Of its own evidence only, and never a decision that had to find its own. */
static void a_second_decision_names_the_collateral_of_the_first(void **state)
{
    static const uint8_t quote[] = "a quote", other[] = "another", data[64];
    const struct collateral_set set = { .tcb_info = slice_text("{}") };
    const struct attestation result = accepted();
    struct appraise_input in = { .quote = SLICE_OF(quote),
                                 .collateral = &set,
                                 .report_data = SLICE_OF(data) };
    struct seconds s = { .lines = 0 };
    struct folder folder;
    struct audit *a;
    struct why why;

    (void)state;
    folder_make(&folder);
    CHECK_STATUS(audit_open(folder.path, MIB, NULL, &a, &why), STATUS_OK);
    audit_decision(a, "service", "wss://a.example", &in, &result);
    in.collateral = NULL;
    audit_second_decision(a, "service", "wss://a.example", &in, &result);
    in.quote = SLICE_OF(other);
    audit_second_decision(a, "service", "wss://a.example", &in, &result);
    audit_close(a);
    CHECK_STATUS(ledger_each(folder.path, note_tcb_info, &s, &why), STATUS_OK);
    assert_int_equal(s.lines, 3);
    assert_true(s.tcb_info[0][0] != '\0');
    assert_string_equal(s.tcb_info[1], s.tcb_info[0]);
    assert_string_equal(s.tcb_info[2], "");
    folder_remove(&folder);
}

/* Two logs on one folder are two programs of a user. */
static void many_threads_and_programs_write_one_chain(void **state)
{
    struct folder folder;
    struct audit *audits[2];
    uv_thread_t threads[4];
    struct counted c = { .lines = 0 };
    struct why why;

    (void)state;
    folder_make(&folder);
    for (size_t i = 0; i < COUNT_OF(audits); i++)
        CHECK_STATUS(audit_open(folder.path, MIB, NULL, &audits[i], &why),
                     STATUS_OK);
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        assert_int_equal(uv_thread_create(&threads[i], write_many,
                                          audits[i % COUNT_OF(audits)]),
                         0);
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        assert_int_equal(uv_thread_join(&threads[i]), 0);
    for (size_t i = 0; i < COUNT_OF(audits); i++)
        audit_close(audits[i]);
    CHECK_STATUS(ledger_each(folder.path, count_line, &c, &why), STATUS_OK);
    assert_int_equal(c.lines + c.lost, 80);
    folder_remove(&folder);
}

/* --- a line that is not one of ours ---------------------------------------- */

static void a_bent_line_is_refused(void **state)
{
    struct audit_entry e = { .service = "s", .endpoint = "e" };
    struct buffer line = buffer_with_max(LEDGER_LINE_MAX);
    uint8_t prev[LEDGER_HASH_BYTES];
    struct audit_entry back;
    struct why why;

    (void)state;
    buffer_text(&line, "{\"version\":1,\"id\":7");
    audit_entry_write(&e, &line);
    buffer_text(&line, ",\"prev\":\"");
    for (size_t i = 0; i < LEDGER_HASH_BYTES; i++)
        buffer_text(&line, "ab");
    buffer_text(&line, "\"}");
    assert_true(buffer_ok(&line));
    CHECK_STATUS(audit_entry_read(buffer_view(&line), &back, prev, &why),
                 STATUS_OK);
    assert_int_equal(back.id, 7);
    assert_int_equal(prev[31], 0xab);
    for (size_t len = 0; len < line.len; len++) {
        uint8_t *exact = malloc(len > 0 ? len : 1);

        assert_non_null(exact);
        memcpy(exact, line.at, len);
        if (audit_entry_read(slice_of(exact, len), &back, prev, &why) !=
            STATUS_BAD_JSON)
            fail_msg("a prefix of %zu bytes", len);
        free(exact);
    }
    line.at[11] = '2'; /* of "version" */
    CHECK_STATUS(audit_entry_read(buffer_view(&line), &back, prev, &why),
                 STATUS_BAD_JSON);
    buffer_free(&line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blobs_are_kept_once_and_checked),
        cmocka_unit_test(a_folder_that_is_not_there_has_no_lines),
        cmocka_unit_test(lines_are_chained_over_files),
        cmocka_unit_test(a_line_too_long_changes_nothing),
        cmocka_unit_test(the_oldest_goes_first),
        cmocka_unit_test(what_a_check_outside_said_is_told),
        cmocka_unit_test(a_second_decision_names_the_collateral_of_the_first),
        cmocka_unit_test(many_threads_and_programs_write_one_chain),
        cmocka_unit_test(a_bent_line_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
