#include "proxy/local/own_pages.h"

#include "common/metrics_out.h"
#include "proxy/local/ca.h"
#include "proxy/local/local_page.h"
#include "proxy/local/pac.h"
#include "proxy/local/page.h"
#include "proxy/local/pages.h"
#include "proxy/local/service_json.h"
#include "proxy/local/status_json.h"
#include "proxy/local/status_metrics.h"
#include "proxy/local/status_page.h"
#include "proxy/local/status_text.h"

#define CA_PATH   "/ca.pem"
#define TEXT_TYPE "text/plain; charset=utf-8"

/* Whoever can ask found a policy loaded and a port listening: that is ready.
 * Sessions are made when somebody wants them. */
static void put_ready(const struct status_data *data, struct buffer *out)
{
    (void)data;
    buffer_text(out, "ready\n");
}

static void put_pac(const struct status_data *data, struct buffer *out)
{
    pac_write(data->policy, data->address, out);
}

static void put_script(const struct status_data *data, struct buffer *out)
{
    (void)data;
    buffer_text(out, PAGES_STATUS_JS);
}

static void put_icon(const struct status_data *data, struct buffer *out)
{
    (void)data;
    buffer_text(out, PAGES_ICON_SVG);
}

static void put_ca(const struct status_data *data, struct buffer *out)
{
    ca_pem(data->ca, out);
}

static const struct {
    const char *path;
    const char *type;
    void (*put)(const struct status_data *data, struct buffer *out);
} pages[] = {
    { "/", PAGE_TYPE, status_page_write },
    { "/status.json", "application/json", status_json_write },
    { "/status.txt", TEXT_TYPE, status_text_write },
    { "/readyz", TEXT_TYPE, put_ready },
    { "/metrics", METRICS_OUT_TYPE, status_metrics_write },
    { LOCAL_PAGE_PAC, PAC_TYPE, put_pac },
    { CA_PATH, "application/x-x509-ca-cert", put_ca },
    { "/status.js", "text/javascript; charset=utf-8", put_script },
    { "/icon.svg", "image/svg+xml", put_icon },
};

bool own_pages_find(const struct status_data *data, struct slice path,
                    struct front_page *page)
{
    if (data->ca == NULL && slice_equal(path, slice_text(CA_PATH)))
        return false;
    for (size_t i = 0; i < COUNT_OF(pages); i++) {
        if (!slice_equal(path, slice_text(pages[i].path)))
            continue;
        page->type = pages[i].type;
        pages[i].put(data, page->body);
        return true;
    }
    return false;
}

void own_pages_of_service(const struct status_data *data,
                          const struct service *service,
                          struct front_page *page)
{
    page->code = 200;
    page->type = "application/json";
    for (size_t i = 0; i < data->service_count; i++)
        if (data->services[i].service == service)
            service_json_write(&data->services[i], page->body);
}
