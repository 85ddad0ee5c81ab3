/* load: a closed-loop HTTP/1.1 client that can go through proxies.
 *
 * Each of N connections asks, waits for the whole answer and asks again, for
 * a number of seconds; prints one line of figures as JSON. Ways to the target:
 * direct, absolute-form, CONNECT, SOCKS5. For benchmarks only: it trusts what
 * it reads. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <uv.h>

#include "common/builder.h"
#include "common/compiler.h"
#include "common/text.h"

#define HEAD_MAX    4096
#define SAMPLES_MAX 4000000

enum way { WAY_DIRECT, WAY_HTTP, WAY_CONNECT, WAY_SOCKS5 };

struct load {
    uv_loop_t loop;
    enum way way;
    struct sockaddr_in to; /* proxy, or target if direct */
    char target[300];      /* "host:port" */
    char host[256];
    unsigned port;
    char request[2048];
    bool fresh;     /* a new connection for each request */
    int64_t upload; /* body bytes of each request, 0: GET */
    uint64_t until_ns;
    uint64_t requests, bytes, errors;
    uint32_t *samples_us; /* SAMPLES_MAX */
    size_t sample_count;
    unsigned open;
};

enum step { STEP_GREETING, STEP_PROXY, STEP_HEAD, STEP_BODY };

struct client {
    struct load *load;
    uv_tcp_t tcp;
    uv_connect_t connect;
    enum step step;
    uint64_t asked_ns;
    int64_t left;      /* body bytes to come */
    int64_t to_send;   /* upload bytes not yet handed to libuv */
    uv_write_t upload; /* one at a time */
    size_t uploading;  /* bytes of it */
    size_t head_len;
    char head[HEAD_MAX + 1];
};

static char zeros[256 * 1024];
static char in[256 * 1024]; /* of the read that is going on */

static void client_start(struct client *c);

static void on_closed(uv_handle_t *handle)
{
    struct client *c = handle->data;
    struct load *l = c->load;

    if (l->fresh && uv_hrtime() < l->until_ns)
        client_start(c);
    else
        l->open--;
}

static void client_end(struct client *c)
{
    if (!uv_is_closing((uv_handle_t *)&c->tcp))
        uv_close((uv_handle_t *)&c->tcp, on_closed);
}

static void client_fail(struct client *c)
{
    if (uv_hrtime() < c->load->until_ns)
        c->load->errors++;
    client_end(c);
}

static void on_written(uv_write_t *w, int status)
{
    (void)status; /* reading will notice */
    free(w);
}

static void put(struct client *c, const void *data, size_t len)
{
    uv_buf_t b = uv_buf_init((char *)(uintptr_t)data, (unsigned)len);
    int sent = uv_try_write((uv_stream_t *)&c->tcp, &b, 1);
    uv_write_t *w;

    if (sent == (int)len)
        return;
    if (sent > 0) {
        b.base += sent;
        b.len -= (size_t)sent;
    }
    w = malloc(sizeof(*w));
    if (w == NULL ||
        uv_write(w, (uv_stream_t *)&c->tcp, &b, 1, on_written) != 0)
        abort();
}

static void upload_more(struct client *c);

static void on_uploaded(uv_write_t *w, int status)
{
    struct client *c = w->data;

    if (status != 0)
        return; /* reading will notice */
    c->load->bytes += c->uploading;
    upload_more(c);
}

static void upload_more(struct client *c)
{
    int64_t n = MIN_OF(c->to_send, (int64_t)sizeof(zeros));
    uv_buf_t b = uv_buf_init(zeros, (unsigned)n);

    if (n == 0)
        return;
    c->to_send -= n;
    c->uploading = (size_t)n;
    c->upload.data = c;
    if (uv_write(&c->upload, (uv_stream_t *)&c->tcp, &b, 1, on_uploaded) != 0)
        client_fail(c);
}

static void ask(struct client *c)
{
    if (uv_hrtime() >= c->load->until_ns) {
        client_end(c);
        return;
    }
    c->step = STEP_HEAD;
    c->head_len = 0;
    if (!c->load->fresh)
        c->asked_ns = uv_hrtime();
    put(c, c->load->request, strlen(c->load->request));
    c->to_send = c->load->upload;
    upload_more(c);
}

static void answered(struct client *c)
{
    struct load *l = c->load;
    uint64_t us = (uv_hrtime() - c->asked_ns) / 1000;

    l->requests++;
    if (l->sample_count < SAMPLES_MAX)
        l->samples_us[l->sample_count++] = (uint32_t)MIN_OF(us, UINT32_MAX);
    if (l->fresh)
        client_end(c);
    else
        ask(c);
}

static int64_t content_length(const char *head)
{
    const char *line = strcasestr(head, "\r\ncontent-length:");

    return line == NULL ? -1 : strtoll(line + 17, NULL, 10);
}

/* Bytes of a head; returns how many were taken, and whether it is complete. */
static size_t take_head(struct client *c, const char *at, size_t len, bool *all)
{
    size_t room = HEAD_MAX - c->head_len;
    size_t n = MIN_OF(room, len);
    size_t before = c->head_len;
    char *end;

    memcpy(c->head + c->head_len, at, n);
    c->head[c->head_len + n] = '\0';
    end = strstr(c->head, "\r\n\r\n");
    *all = end != NULL;
    if (end == NULL) {
        c->head_len += n;
        return n;
    }
    end[4] = '\0';
    return (size_t)(end - c->head) + 4 - before;
}

/* RFC 1928 section 4: CONNECT to a name. */
static bool put_socks_request(struct client *c)
{
    uint8_t bytes[300];
    struct builder b = builder_over(bytes, sizeof(bytes));
    uv_buf_t buf;

    builder_u8(&b, 5);
    builder_u8(&b, 1);
    builder_u8(&b, 0);
    builder_u8(&b, 3);
    builder_u8(&b, (uint8_t)strlen(c->load->host));
    builder_text(&b, c->load->host);
    builder_u16be(&b, (uint16_t)c->load->port);
    buf = uv_buf_init((char *)bytes, (unsigned)b.len);
    return builder_ok(&b) &&
           uv_try_write((uv_stream_t *)&c->tcp, &buf, 1) == (int)b.len;
}

static bool take(struct client *c, const char *at, size_t len)
{
    while (len > 0) {
        bool all;
        size_t n;

        switch (c->step) {
        case STEP_GREETING: /* 05 00 */
            if (len < 2 || !put_socks_request(c))
                return false;
            c->step = STEP_PROXY;
            at += 2;
            len -= 2;
            break;
        case STEP_PROXY:
            if (c->load->way == WAY_SOCKS5) { /* 05 00 00 01 + 6 */
                if (len < 10 || at[1] != 0)
                    return false;
                n = 10;
                all = true;
            } else {
                n = take_head(c, at, len, &all);
                if (all && strncmp(c->head + 8, " 200", 4) != 0)
                    return false;
            }
            at += n;
            len -= n;
            if (all)
                ask(c);
            break;
        case STEP_HEAD:
            n = take_head(c, at, len, &all);
            at += n;
            len -= n;
            if (!all)
                break;
            c->left = content_length(c->head);
            if (strncmp(c->head + 8, " 200", 4) != 0 || c->left < 0)
                return false;
            c->step = STEP_BODY;
            if (c->left == 0)
                answered(c);
            break;
        case STEP_BODY:
            n = (size_t)MIN_OF((int64_t)len, c->left);
            c->left -= (int64_t)n;
            c->load->bytes += n;
            at += n;
            len -= n;
            if (c->left == 0)
                answered(c);
            break;
        }
    }
    return true;
}

static void on_alloc(uv_handle_t *handle, size_t hint, uv_buf_t *buf)
{
    (void)handle;
    (void)hint;
    *buf = uv_buf_init(in, sizeof(in));
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
    struct client *c = s->data;

    if (n < 0 || (n > 0 && !take(c, buf->base, (size_t)n)))
        client_fail(c);
}

static void on_connected(uv_connect_t *req, int status)
{
    static const unsigned char greeting[] = { 5, 1, 0 };
    struct client *c = req->data;
    char text[700];

    if (status != 0 ||
        uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read) != 0) {
        client_fail(c);
        return;
    }
    switch (c->load->way) {
    case WAY_DIRECT:
    case WAY_HTTP:
        ask(c);
        break;
    case WAY_CONNECT:
        (void)snprintf(text, sizeof(text),
                       "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n",
                       c->load->target, c->load->target);
        c->step = STEP_PROXY;
        c->head_len = 0;
        {
            uv_buf_t b = uv_buf_init(text, (unsigned)strlen(text));

            if (uv_try_write((uv_stream_t *)&c->tcp, &b, 1) != (int)b.len)
                client_fail(c);
        }
        break;
    case WAY_SOCKS5:
        c->step = STEP_GREETING;
        put(c, greeting, sizeof(greeting));
        break;
    }
}

static void client_start(struct client *c)
{
    c->asked_ns = uv_hrtime();
    if (uv_tcp_init(&c->load->loop, &c->tcp) != 0)
        abort();
    c->tcp.data = c;
    c->connect.data = c;
    (void)uv_tcp_nodelay(&c->tcp, 1);
    if (uv_tcp_connect(&c->connect, &c->tcp,
                       (const struct sockaddr *)&c->load->to,
                       on_connected) != 0)
        client_fail(c);
}

static int by_size(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static void report(struct load *l, double seconds)
{
    size_t n = l->sample_count;

    qsort(l->samples_us, n, sizeof(l->samples_us[0]), by_size);
    printf("{\"requests\":%llu,\"errors\":%llu,\"per_second\":%.1f,"
           "\"mb_per_second\":%.1f,\"p50_us\":%u,\"p99_us\":%u}\n",
           (unsigned long long)l->requests, (unsigned long long)l->errors,
           (double)l->requests / seconds, (double)l->bytes / 1e6 / seconds,
           n > 0 ? l->samples_us[n / 2] : 0,
           n > 0 ? l->samples_us[n * 99 / 100] : 0);
}

static void on_time(uv_timer_t *t)
{
    uv_stop(t->loop);
}

static const char usage[] =
    "Usage: load --way direct|http|connect|socks5 --to 127.0.0.1:PORT\n"
    "            --target HOST:PORT --path PATH [--connections N]\n"
    "            [--seconds S] [--fresh] [--upload BYTES]\n";

/* long: a table and a switch, one line an option */
static bool read_options(struct load *l, int argc, char **argv,
                         const char **path, unsigned *connections,
                         double *seconds)
{
    static const char *const ways[] = { "direct", "http", "connect", "socks5" };
    static const struct option known[] = {
        { "way", required_argument, NULL, 'w' },
        { "to", required_argument, NULL, 't' },
        { "target", required_argument, NULL, 'T' },
        { "path", required_argument, NULL, 'p' },
        { "connections", required_argument, NULL, 'c' },
        { "seconds", required_argument, NULL, 's' },
        { "fresh", no_argument, NULL, 'f' },
        { "upload", required_argument, NULL, 'u' },
        { NULL, 0, NULL, 0 },
    };
    struct slice host;
    uint16_t port;
    char ip[64];

    for (int c; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        switch (c) {
        case 'w':
            for (unsigned i = 0; i < COUNT_OF(ways); i++)
                if (strcmp(optarg, ways[i]) == 0)
                    l->way = (enum way)i;
            break;
        case 't':
            if (!text_host_port(slice_text(optarg), &host, &port))
                return false;
            (void)snprintf(ip, sizeof(ip), "%.*s", (int)host.len,
                           (const char *)host.at);
            if (uv_ip4_addr(ip, port, &l->to) != 0)
                return false;
            break;
        case 'T':
            if (!text_host_port(slice_text(optarg), &host, &port))
                return false;
            (void)snprintf(l->target, sizeof(l->target), "%s", optarg);
            (void)snprintf(l->host, sizeof(l->host), "%.*s", (int)host.len,
                           (const char *)host.at);
            l->port = port;
            break;
        case 'p':
            *path = optarg;
            break;
        case 'c':
            *connections = (unsigned)strtoul(optarg, NULL, 10);
            break;
        case 's':
            *seconds = strtod(optarg, NULL);
            break;
        case 'f':
            l->fresh = true;
            break;
        case 'u':
            l->upload = strtoll(optarg, NULL, 10);
            break;
        default:
            return false;
        }
    }
    return l->port != 0 && l->to.sin_port != 0 && *path != NULL &&
           *connections > 0 && *seconds > 0;
}

int main(int argc, char **argv)
{
    static struct load l;
    const char *path = NULL;
    unsigned connections = 1;
    double seconds = 3;
    struct client *clients;
    uv_timer_t timer;
    uint64_t began;

    if (!read_options(&l, argc, argv, &path, &connections, &seconds)) {
        (void)fputs(usage, stderr);
        return 2;
    }
    (void)snprintf(
        l.request, sizeof(l.request),
        "%s %s%s%s HTTP/1.1\r\nHost: %s\r\n%s%lld\r\n\r\n",
        l.upload > 0 ? "POST" : "GET", l.way == WAY_HTTP ? "http://" : "",
        l.way == WAY_HTTP ? l.target : "", path, l.target,
        l.upload > 0 ? "Content-Length: " : "X-Load: ", (long long)l.upload);
    l.samples_us = calloc(SAMPLES_MAX, sizeof(l.samples_us[0]));
    clients = calloc(connections, sizeof(*clients));
    if (l.samples_us == NULL || clients == NULL || uv_loop_init(&l.loop) != 0)
        return 1;
    began = uv_hrtime();
    l.until_ns = began + (uint64_t)(seconds * 1e9);
    for (unsigned i = 0; i < connections; i++) {
        clients[i].load = &l;
        l.open++;
        client_start(&clients[i]);
    }
    /* What is still under way at the end is not waited for. */
    (void)uv_timer_init(&l.loop, &timer);
    (void)uv_timer_start(&timer, on_time, (uint64_t)(seconds * 1e3) + 20, 0);
    (void)uv_run(&l.loop, UV_RUN_DEFAULT);
    report(&l, (double)(uv_hrtime() - began) / 1e9);
    return l.bytes > 0 ? 0 : 1;
}
