#include "proxy/io/listen_address.h"

#include <arpa/inet.h>
#include <string.h>

#include "common/text.h"

static void add_four(struct listen_address *w, struct in_addr ip)
{
    w->at[w->count++].four = (struct sockaddr_in){ .sin_family = AF_INET,
                                                   .sin_addr = ip,
                                                   .sin_port = htons(w->port) };
}

static void add_six(struct listen_address *w, struct in6_addr ip)
{
    w->at[w->count++].six = (struct sockaddr_in6){
        .sin6_family = AF_INET6, .sin6_addr = ip, .sin6_port = htons(w->port)
    };
}

static bool parse_path(const char *address, struct listen_address *w)
{
    struct sockaddr_un *to = &w->at[0].path;
    size_t len = strlen(address);

    *to = (struct sockaddr_un){ .sun_family = AF_UNIX };
    if (len >= sizeof(to->sun_path))
        return false;
    memcpy(to->sun_path, address, len + 1);
    w->count = 1;
    w->loopback = true;
    return true;
}

/* The host part, already cut off and terminated. */
static bool parse_host(const char *host, bool bracketed,
                       struct listen_address *w)
{
    const struct in_addr any = { htonl(INADDR_ANY) };
    const struct in_addr loopback = { htonl(INADDR_LOOPBACK) };
    struct in_addr four;
    struct in6_addr six;

    if (bracketed) {
        if (inet_pton(AF_INET6, host, &six) != 1)
            return false;
        w->loopback = IN6_IS_ADDR_LOOPBACK(&six);
        add_six(w, six);
    } else if (text_same_word(slice_text(host), slice_text("localhost"))) {
        w->loopback = true;
        add_four(w, loopback);
        add_six(w, in6addr_loopback);
    } else if (strcmp(host, "*") == 0) {
        add_four(w, any);
        add_six(w, in6addr_any);
    } else if (inet_pton(AF_INET, host, &four) == 1) {
        w->loopback = ntohl(four.s_addr) >> 24 == 127;
        add_four(w, four);
    } else {
        return false;
    }
    return true;
}

bool listen_address_parse(const char *address, struct listen_address *w)
{
    const char *colon = strrchr(address, ':');
    bool bracketed = address[0] == '[';
    char host[INET6_ADDRSTRLEN];
    uint64_t port;
    size_t len;

    *w = (struct listen_address){ 0 };
    if (address[0] == '/')
        return parse_path(address, w);
    if (colon == NULL ||
        !text_from_decimal(slice_text(colon + 1), UINT16_MAX, &port))
        return false;
    w->port = (uint16_t)port;
    len = (size_t)(colon - address);
    if (bracketed) {
        if (len < 2 || address[len - 1] != ']')
            return false;
        address++;
        len -= 2;
    }
    if (len >= sizeof(host))
        return false;
    memcpy(host, address, len);
    host[len] = '\0';
    return parse_host(host, bracketed, w);
}
