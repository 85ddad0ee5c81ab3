/* relay: copies bytes between each connection and one target, and nothing
 * else.
 *
 * Two in a row cost what any two-hop proxy must pay for its sockets: the
 * yardstick of run.py. Prints "ready: PORT". For benchmarks only.
 *
 * Usage: relay 127.0.0.1:PORT */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

#include "common/text.h"

#define CHUNK_BYTES (256 * 1024)

/* One direction: what was read here is written there before more is read. */
struct half {
    uv_tcp_t tcp;
    struct half *other;
    uv_write_t write;
    uv_shutdown_t shutdown;
    bool ended;
    char chunk[CHUNK_BYTES];
};

struct couple {
    struct half near, far;
    uv_connect_t connect;
    int open; /* handles that are not closed */
};

static struct sockaddr_in target;

static void on_closed(uv_handle_t *handle)
{
    struct couple *c = handle->data;

    if (--c->open == 0)
        free(c);
}

static void couple_close(struct couple *c)
{
    if (uv_is_closing((uv_handle_t *)&c->near.tcp))
        return;
    uv_close((uv_handle_t *)&c->near.tcp, on_closed);
    uv_close((uv_handle_t *)&c->far.tcp, on_closed);
}

static void on_alloc(uv_handle_t *handle, size_t hint, uv_buf_t *buf)
{
    struct half *h = (struct half *)handle; /* tcp is its first member */

    (void)hint;
    *buf = uv_buf_init(h->chunk, CHUNK_BYTES);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf);

static void on_written(uv_write_t *write, int status)
{
    struct half *h = write->data;

    if (status != 0 ||
        uv_read_start((uv_stream_t *)&h->tcp, on_alloc, on_read) != 0)
        couple_close(h->tcp.data);
}

static void on_shut(uv_shutdown_t *req, int status)
{
    struct half *h = req->data;

    if (status != 0 || h->other->ended)
        couple_close(h->tcp.data);
}

static void pass_end(struct half *h)
{
    h->ended = true;
    h->shutdown.data = h;
    if (uv_shutdown(&h->shutdown, (uv_stream_t *)&h->other->tcp, on_shut) != 0)
        couple_close(h->tcp.data);
}

static void pass(struct half *h, const char *at, size_t len)
{
    uv_buf_t rest = uv_buf_init((char *)(uintptr_t)at, (unsigned)len);
    int sent = uv_try_write((uv_stream_t *)&h->other->tcp, &rest, 1);

    if (sent == (int)len)
        return;
    if (sent > 0) {
        rest.base += sent;
        rest.len -= (size_t)sent;
    }
    h->write.data = h;
    (void)uv_read_stop((uv_stream_t *)&h->tcp);
    if (uv_write(&h->write, (uv_stream_t *)&h->other->tcp, &rest, 1,
                 on_written) != 0)
        couple_close(h->tcp.data);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct half *h = (struct half *)stream; /* tcp is its first member */

    if (n == UV_EOF)
        pass_end(h);
    else if (n < 0)
        couple_close(stream->data);
    else if (n > 0)
        pass(h, buf->base, (size_t)n);
}

static void on_connected(uv_connect_t *connect, int status)
{
    struct couple *c = connect->data;

    if (status != 0 ||
        uv_read_start((uv_stream_t *)&c->near.tcp, on_alloc, on_read) != 0 ||
        uv_read_start((uv_stream_t *)&c->far.tcp, on_alloc, on_read) != 0)
        couple_close(c);
}

static void half_start(struct couple *c, struct half *h, struct half *other,
                       uv_loop_t *loop)
{
    if (uv_tcp_init(loop, &h->tcp) != 0)
        abort();
    (void)uv_tcp_nodelay(&h->tcp, 1);
    h->tcp.data = c;
    h->other = other;
    c->open++;
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct couple *c = status == 0 ? calloc(1, sizeof(*c)) : NULL;

    if (c == NULL)
        return;
    half_start(c, &c->near, &c->far, listener->loop);
    half_start(c, &c->far, &c->near, listener->loop);
    c->connect.data = c;
    if (uv_accept(listener, (uv_stream_t *)&c->near.tcp) != 0 ||
        uv_tcp_connect(&c->connect, &c->far.tcp,
                       (const struct sockaddr *)&target, on_connected) != 0)
        couple_close(c);
}

static bool read_target(const char *text)
{
    struct slice host;
    uint16_t port;
    char ip[64];

    if (!text_host_port(slice_text(text), &host, &port))
        return false;
    (void)snprintf(ip, sizeof(ip), "%.*s", (int)host.len,
                   (const char *)host.at);
    return uv_ip4_addr(ip, port, &target) == 0;
}

int main(int argc, char **argv)
{
    uv_loop_t *loop = uv_default_loop();
    uv_tcp_t listener;
    struct sockaddr_in own;
    int len = sizeof(own);

    if (argc != 2 || !read_target(argv[1])) {
        (void)fputs("Usage: relay 127.0.0.1:PORT\n", stderr);
        return 2;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    if (uv_ip4_addr("127.0.0.1", 0, &own) != 0 ||
        uv_tcp_init(loop, &listener) != 0 ||
        uv_tcp_bind(&listener, (const struct sockaddr *)&own, 0) != 0 ||
        uv_listen((uv_stream_t *)&listener, 1024, on_connection) != 0 ||
        uv_tcp_getsockname(&listener, (struct sockaddr *)&own, &len) != 0)
        return 1;
    (void)printf("ready: %u\n", (unsigned)ntohs(own.sin_port));
    (void)fflush(stdout);
    return uv_run(loop, UV_RUN_DEFAULT);
}
