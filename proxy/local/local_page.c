#include "proxy/local/local_page.h"

#include <string.h>

#include "common/text.h"
#include "proxy/local/answer.h"

#define PAGE_MAX_BYTES (1536 * 1024) /* 512 services: near 1 MiB */
#define HTTP_PORT      80
#define HTTPS_PORT     443

#define TEXT_TYPE "text/plain; charset=utf-8"

bool local_page_is_for_us(const struct http_request *q, uint16_t port)
{
    if (q->origin.port != 0)
        return false;
    if (q->form == HTTP_TO_US)
        return true;
    if (q->form != HTTP_TO_TARGET)
        return false;
    if (strcmp(q->target.host, LOCAL_PAGE_HOST) == 0)
        return q->target.port == HTTP_PORT;
    return port != 0 && q->target.port == port &&
           target_is_loopback(&q->target);
}

/* Without Host, which every browser sends, it is a tool of this machine. */
static bool is_our_name(const struct target *t)
{
    return t->port == 0 || target_is_loopback(t) ||
           strcmp(t->host, LOCAL_PAGE_HOST) == 0;
}

/* "http://host:port" as a browser writes it is the origin of our own pages,
 * with https:// inside of that; "null" and all else is another's. */
static bool is_our_origin(const struct http_request *q)
{
    const bool inside = q->origin.port != 0;
    const char *scheme = inside ? "https://" : "http://";
    size_t skip = strlen(scheme);
    struct slice origin = http_fields_get(&q->reader.fields, "Origin");
    struct target t;
    struct why why;

    if (http_fields_count(&q->reader.fields, "Origin") == 0)
        return true;
    if (origin.len <= skip ||
        !text_same_word(slice_of(origin.at, skip), slice_text(scheme)))
        return false;
    return target_parse(&t, slice_of(origin.at + skip, origin.len - skip),
                        inside ? HTTPS_PORT : HTTP_PORT, &why) == STATUS_OK &&
           target_equal(&t, inside ? &q->origin : &q->target);
}

/* A browser says who asks (Fetch Metadata). Following a link is harmless: the
 * page shows, but the other site does not see it. */
static bool is_cross_site(const struct http_request *q)
{
    const struct http_fields *f = &q->reader.fields;
    struct slice site = http_fields_get(f, "Sec-Fetch-Site");
    struct slice mode = http_fields_get(f, "Sec-Fetch-Mode");

    if (site.len == 0 || text_same_word(site, slice_text("same-origin")) ||
        text_same_word(site, slice_text("none")))
        return false;
    return !text_same_word(mode, slice_text("navigate"));
}

/* Instead of all else that |page| may have said. */
static void say(struct front_page *page, int code, const char *text)
{
    page->code = code;
    page->type = TEXT_TYPE;
    buffer_clear(page->body);
    buffer_text(page->body, text);
}

static struct slice path_of(const struct http_request *q)
{
    const uint8_t *query =
        q->path.len == 0 ? NULL : memchr(q->path.at, '?', q->path.len);
    size_t len = query == NULL ? q->path.len : (size_t)(query - q->path.at);

    return len == 0 ? slice_text("/") : slice_of(q->path.at, len);
}

/* Nobody may ask but this page's own origin, and only to read. */
static bool may_ask(const struct http_request *q, struct front_page *page)
{
    if (!is_our_origin(q) || is_cross_site(q))
        say(page, 403, "Pages of other sites may not ask.\n");
    else if (strcmp(q->method, "GET") != 0 && !q->is_head)
        say(page, 405, "Only GET and HEAD.\n");
    return page->code == 200;
}

static void find_events(const struct front_config *config, bool room,
                        struct front_page *page)
{
    if (!room) {
        say(page, 503, "Too many listen.\n");
        return;
    }
    page->type = "text/event-stream";
    page->listens = true;
    config->owner->local_event(config->ctx, page->body);
}

static void find_page(const struct http_request *q,
                      const struct front_config *config, bool room,
                      struct front_page *page)
{
    const struct front_owner *owner = config->owner;
    struct slice path = path_of(q);

    if (!is_our_name(&q->target))
        say(page, 421, "This is a proxy on this computer, not that site.\n");
    else if (!may_ask(q, page))
        return;
    else if (slice_equal(path, slice_text("/healthz")))
        say(page, 200, "ok\n");
    else if (slice_equal(path, slice_text("/events")) && !q->is_head &&
             owner->local_event != NULL)
        find_events(config, room, page);
    else if (owner->local_page == NULL ||
             !owner->local_page(config->ctx, path, page))
        say(page, 404, "There is no such page.\n");
}

static void write_page(const struct http_request *q,
                       const struct front_page *page, bool close,
                       struct buffer *out)
{
    const struct answer a = {
        .code = buffer_ok(page->body) ? page->code : 503,
        .type = page->type,
        .body = buffer_view(page->body),
        .head_only = q->is_head,
        .close = close,
        .own = true,
        .stream = page->listens,
    };

    answer_write(&a, out);
}

bool local_page_write(const struct http_request *q,
                      const struct front_config *config, bool close, bool room,
                      struct buffer *out)
{
    struct buffer body = buffer_with_max(PAGE_MAX_BYTES);
    struct front_page page = { .code = 200, .type = TEXT_TYPE, .body = &body };

    find_page(q, config, room, &page);
    write_page(q, &page, close, out);
    buffer_free(&body);
    return page.listens;
}

bool local_page_is_pac(const struct http_request *q)
{
    return slice_equal(path_of(q), slice_text(LOCAL_PAGE_PAC));
}

bool local_page_is_of_service(const struct http_request *q)
{
    return q->form == HTTP_TO_TARGET &&
           slice_equal(path_of(q), slice_text(LOCAL_PAGE_OF_SERVICE));
}

bool local_page_write_of_service(const struct http_request *q,
                                 const struct front_config *config, bool close,
                                 struct buffer *out)
{
    const struct front_owner *owner = config->owner;
    struct buffer body = buffer_with_max(PAGE_MAX_BYTES);
    struct front_page page = { .code = 200, .type = TEXT_TYPE, .body = &body };
    bool found = owner->service_page != NULL &&
                 owner->service_page(config->ctx, &q->target, &page);

    if (found) {
        (void)may_ask(q, &page); /* who may not is told so instead */
        write_page(q, &page, close, out);
    }
    buffer_free(&body);
    return found;
}
