/* tunnel_bench: how many MB/s one session carries, without a network.
 *
 * A client's and a server's session in one thread; messages are handed over by
 * pointer, so that what is measured is sealing, opening, frames and credit.
 * Prints one line a suite. Beside it the bare cipher, both ways, in records of
 * the same size: what no session can beat. The last line is the masking of RFC
 * 6455, at both ends, as uploads have it.
 *
 * ninja -C build/release tunnel_bench && build/release/bin/tunnel_bench */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/compiler.h"
#include "common/secret.h"
#include "proxy/io/ws_frame.h"
#include "proxy/tunnel/noise.h"
#include "proxy/tunnel/record.h"
#include "proxy/tunnel/session.h"

#define BYTES          (2LL * 1000 * 1000 * 1000)
#define READ_BYTES     (64 * 1024) /* what an application writes at once */
#define FLUSH_MESSAGES 8

static const uint8_t challenge[SESSION_CHALLENGE_BYTES];
static const uint8_t secret_key[SESSION_KEY_BYTES] = { 1 };

struct side {
    struct session *session;
    struct stream *stream;
    uint64_t got;
    bool ready;
};

static double seconds(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void on_evidence(void *ctx, const struct session_evidence *evidence)
{
    struct side *s = ctx;

    (void)evidence;
    session_accept(s->session, 0);
}

static void on_ready(void *ctx)
{
    ((struct side *)ctx)->ready = true;
}

static void on_open(void *ctx, struct stream *stream, struct slice target)
{
    struct side *s = ctx;

    (void)target;
    s->stream = stream;
    stream_opened(stream);
}

static void on_data(void *ctx, struct stream *stream, struct slice data)
{
    struct side *s = ctx;

    s->got += data.len;
    stream_consumed(stream, data.len);
}

static void on_stream(void *ctx, struct stream *stream)
{
    (void)ctx;
    (void)stream;
}

static void on_reset(void *ctx, struct stream *stream, enum status reason)
{
    (void)ctx;
    (void)stream;
    (void)fprintf(stderr, "reset: %s\n", status_text(reason));
    exit(1);
}

static void on_nothing(void *ctx)
{
    (void)ctx;
}

static void on_closed(void *ctx, const struct why *why)
{
    char line[400];

    (void)ctx;
    why_line(why, line, sizeof(line));
    (void)fprintf(stderr, "closed: %s\n", line);
    exit(1);
}

static const struct session_events events = {
    .on_evidence = on_evidence,
    .on_ready = on_ready,
    .on_open = on_open,
    .on_opened = on_stream,
    .on_data = on_data,
    .on_fin = on_stream,
    .on_reset = on_reset,
    .on_room = on_stream,
    .on_goaway = on_nothing,
    .on_output = on_nothing,
    .on_closed = on_closed,
};

static size_t hand_over(struct side *from, struct side *to)
{
    struct session_out out[FLUSH_MESSAGES];
    size_t count = session_output(from->session, out, FLUSH_MESSAGES, 0);

    for (size_t i = 0; i < count; i++)
        (void)session_input(to->session, out[i].message, out[i].len, 0);
    session_output_done(from->session, count);
    return count;
}

static void hand_over_all(struct side *a, struct side *b)
{
    while (hand_over(a, b) + hand_over(b, a) > 0)
        continue;
}

static void connect_sides(struct side *client, struct side *server, bool aes)
{
    uint8_t public_key[SESSION_KEY_BYTES];
    const struct session_config config = { .events = &events,
                                           .ctx = client,
                                           .aes = aes,
                                           .allow_chacha = true,
                                           .streams_max = STREAMS_MAX };
    const struct session_identity identity = { .public_key = public_key,
                                               .secret_key = secret_key,
                                               .quote = SLICE_OF(challenge),
                                               .challenged = true };
    struct session_config other = config;

    noise_public_key(secret_key, public_key);
    other.ctx = server;
    if (session_client_new(&config, challenge, 0, &client->session) !=
            STATUS_OK ||
        session_server_new(&other, challenge, &identity, 0, &server->session) !=
            STATUS_OK)
        exit(1);
    hand_over_all(client, server);
    if (stream_open(client->session, slice_text("a.b:80"), NULL,
                    &client->stream) != STATUS_OK)
        exit(1);
    hand_over_all(client, server);
}

/* As a proxy does: read into the place where the record will be sealed. */
static uint64_t write_some(struct stream *s)
{
    uint64_t written = 0;

    while (written < READ_BYTES) {
        size_t room;
        uint8_t *at = stream_reserve(s, &room);

        if (at == NULL)
            break;
        at[0] = (uint8_t)written;
        stream_commit(s, room);
        written += room;
    }
    return written;
}

static double run_session(bool aes)
{
    struct side client = { 0 }, server = { 0 };
    double begin;

    connect_sides(&client, &server, aes);
    begin = seconds();
    while (server.got < BYTES) {
        (void)write_some(client.stream);
        (void)hand_over(&client, &server);
        (void)hand_over(&server, &client);
    }
    begin = seconds() - begin;
    session_free(client.session);
    session_free(server.session);
    return (double)BYTES / begin / 1e6;
}

static double run_cipher(enum aead_suite suite)
{
    static uint8_t text[RECORD_PLAIN_BYTES + AEAD_TAG_BYTES];
    static const uint8_t key[AEAD_KEY_BYTES];
    struct record out, in;
    double begin = seconds();
    struct slice plain;
    struct why why;

    if (record_init(&out, suite, key) != STATUS_OK ||
        record_init(&in, suite, key) != STATUS_OK)
        exit(1);
    for (uint64_t done = 0; done < BYTES; done += RECORD_PLAIN_BYTES)
        if (record_seal(&out, text, RECORD_PLAIN_BYTES) != STATUS_OK ||
            record_open(&in, text, sizeof(text), &plain, &why) != STATUS_OK)
            exit(1);
    record_fini(&out);
    record_fini(&in);
    return (double)BYTES / (seconds() - begin) / 1e6;
}

static double run_masking(void)
{
    static uint8_t text[RECORD_PLAIN_BYTES];
    static const uint8_t key[4] = { 1, 2, 3, 4 };
    double begin = seconds();

    for (uint64_t done = 0; done < BYTES; done += sizeof(text)) {
        ws_frame_mask(text, sizeof(text), key, 0);
        ws_frame_mask(text, sizeof(text), key, 0);
    }
    return (double)BYTES / (seconds() - begin) / 1e6;
}

int main(void)
{
    static const enum aead_suite suites[] = { AEAD_AESGCM, AEAD_CHACHAPOLY };

    if (!secret_init())
        return 1;
    for (size_t i = 0; i < COUNT_OF(suites); i++) {
        bool aes = suites[i] == AEAD_AESGCM;

        if (aes && !aead_has_aes())
            continue;
        (void)printf("%-10s session %5.0f MB/s, cipher alone %5.0f MB/s\n",
                     aead_name(suites[i]), run_session(aes),
                     run_cipher(suites[i]));
    }
    (void)printf("masking    %5.0f MB/s\n", run_masking());
    return 0;
}
