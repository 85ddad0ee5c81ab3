#include "proxy/local/pac.h"

#include <stdio.h>

#include "common/json_out.h"
#include "proxy/local/local_page.h"
#include "proxy/local/target.h"

/* JSON strings of host names are strings of JavaScript too. */
static void put_hosts(const struct policy *policy, bool wildcard,
                      struct json_out *j)
{
    for (size_t i = 0; i < policy->service_count; i++) {
        const struct service *s = &policy->services[i];

        for (size_t k = 0; k < s->host_count; k++)
            if (s->hosts[k].wildcard == wildcard)
                json_out_text(j, NULL, s->hosts[k].host);
    }
}

static void put_list(const struct policy *policy, const char *name,
                     bool wildcard, struct buffer *out)
{
    struct json_out j = json_out_to(out);

    buffer_printf(out, "var %s = ", name);
    json_out_array(&j, NULL);
    if (!wildcard)
        json_out_text(&j, NULL, LOCAL_PAGE_HOST);
    put_hosts(policy, wildcard, &j);
    json_out_end_array(&j);
    buffer_text(out, ";\n");
}

static void put_address(const char *address, struct buffer *out)
{
    struct json_out j = json_out_to(out);
    char text[TARGET_TEXT_ROOM + sizeof("PROXY ")];

    (void)snprintf(text, sizeof(text), "PROXY %s", address);
    buffer_text(out, "var proxy = ");
    json_out_text(&j, NULL, text);
    buffer_text(out, ";\n");
}

void pac_write(const struct policy *policy, const char *address,
               struct buffer *out)
{
    put_list(policy, "hosts", false, out);
    put_list(policy, "below", true, out);
    put_address(address, out);
    buffer_text(out, "\n"
                     "function FindProxyForURL(url, host) {\n"
                     "    host = host.toLowerCase().replace(/^\\[|\\]$/g, \"\")"
                     ".replace(/\\.$/, \"\");\n"
                     "    for (var i = 0; i < hosts.length; i++)\n"
                     "        if (host === hosts[i])\n"
                     "            return proxy;\n"
                     "    for (var k = 0; k < below.length; k++)\n"
                     "        if (host.slice(-below[k].length - 1) === \".\" + "
                     "below[k])\n"
                     "            return proxy;\n"
                     "    return \"DIRECT\";\n"
                     "}\n");
}
