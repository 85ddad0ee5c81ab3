#include "proxy/server/rules.h"

#include <arpa/inet.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/builder.h"
#include "common/compiler.h"
#include "common/file.h"
#include "common/text.h"
#include "proxy/server/url_path.h"

#define SOCKET_PATH_LENGTH 107 /* of a UNIX socket (unix(7)) */
#define ENCRYPTED_ROOM     512
#define ANY_PORT           0

/* In the order of precedence, the last one first. */
enum match { MATCH_ANY, MATCH_BELOW, MATCH_HOST };

/* A host in the one form that compares. */
struct name {
    char text[RULES_HOST_ROOM];
    size_t len;
    bool is_address;
};

struct rule {
    enum match match;
    struct name host; /* of MATCH_BELOW with its leading dot */
    uint16_t port;    /* or ANY_PORT */
    char backend[RULES_HOST_ROOM];
    uint16_t backend_port;
    bool plain;
    char encrypted[ENCRYPTED_ROOM]; /* paths, separated by blanks */
    size_t encrypted_len;
};

struct rules {
    struct rule *at; /* owned; the most specific first */
    size_t count;
    size_t room;
    atomic_uint holders;
};

enum status rules_new(struct rules **out)
{
    *out = calloc(1, sizeof(**out));
    if (*out == NULL)
        return STATUS_NO_MEMORY;
    atomic_init(&(*out)->holders, 1);
    return STATUS_OK;
}

enum status rules_copy(const struct rules *from, struct rules **out)
{
    enum status st = rules_new(out);

    if (st != STATUS_OK || from->count == 0)
        return st;
    (*out)->at = calloc(from->count, sizeof(*from->at));
    if ((*out)->at == NULL) {
        rules_let_go(*out);
        *out = NULL;
        return STATUS_NO_MEMORY;
    }
    memcpy((*out)->at, from->at, from->count * sizeof(*from->at));
    (*out)->count = (*out)->room = from->count;
    return STATUS_OK;
}

struct rules *rules_hold(struct rules *r)
{
    (void)atomic_fetch_add(&r->holders, 1);
    return r;
}

void rules_let_go(struct rules *r)
{
    if (r == NULL || atomic_fetch_sub(&r->holders, 1) > 1)
        return;
    free(r->at);
    free(r);
}

size_t rules_count(const struct rules *r)
{
    return r->count;
}

/* Addresses in the form inet_ntop() gives them, names in lower case without
 * their final dot. False when |host| is no host. */
static bool normalize(struct slice host, struct name *out)
{
    uint8_t address[16];

    *out = (struct name){ 0 };
    if (!text_is_host(host))
        return false;
    memcpy(out->text, host.at, host.len);
    out->len = host.len;
    for (int i = 0; i < 2; i++) {
        int family = i == 0 ? AF_INET : AF_INET6;

        if (inet_pton(family, out->text, address) != 1)
            continue;
        out->is_address = true;
        (void)inet_ntop(family, address, out->text, RULES_HOST_ROOM); /* fits */
        out->len = strlen(out->text);
        return true;
    }
    for (size_t i = 0; i < out->len; i++)
        if (out->text[i] >= 'A' && out->text[i] <= 'Z')
            out->text[i] = (char)(out->text[i] - 'A' + 'a');
    if (out->len > 0 && out->text[out->len - 1] == '.')
        out->text[--out->len] = '\0';
    return out->len > 0 && strchr(out->text, ':') == NULL;
}

static bool parse_port(struct slice text, uint16_t *out)
{
    uint64_t number;

    *out = ANY_PORT;
    if (slice_equal(text, slice_text("*")))
        return true;
    if (!text_from_decimal(text, 65535, &number) || number == 0)
        return false;
    *out = (uint16_t)number;
    return true;
}

/* "*", "*.example", "name", "1.2.3.4" or "[v6]". */
static bool parse_host(struct slice text, struct rule *rule)
{
    if (slice_equal(text, slice_text("*"))) {
        rule->match = MATCH_ANY;
        return true;
    }
    if (text.len > 2 && text.at[0] == '*' && text.at[1] == '.') {
        rule->match = MATCH_BELOW;
        return text.at[2] != '.' &&
               normalize(slice_of(text.at + 1, text.len - 1), &rule->host);
    }
    rule->match = MATCH_HOST;
    if (text.len > 2 && text.at[0] == '[' && text.at[text.len - 1] == ']')
        return normalize(slice_of(text.at + 1, text.len - 2), &rule->host) &&
               memchr(text.at, ':', text.len) != NULL;
    return memchr(text.at, ':', text.len) == NULL &&
           normalize(text, &rule->host);
}

static bool parse_pattern(struct slice text, struct rule *rule)
{
    size_t colon = text.len;

    while (colon > 0 && text.at[colon - 1] != ':')
        colon--;
    return colon > 1 &&
           parse_port(slice_of(text.at + colon, text.len - colon),
                      &rule->port) &&
           parse_host(slice_of(text.at, colon - 1), rule);
}

static bool parse_backend(struct slice text, struct rule *rule)
{
    struct slice host = text;

    if (text.len > 0 && text.at[0] == '/') {
        if (text.len > SOCKET_PATH_LENGTH ||
            memchr(text.at, '\0', text.len) != NULL)
            return false;
    } else if (!text_host_port(text, &host, &rule->backend_port)) {
        return false;
    }
    memcpy(rule->backend, host.at, host.len);
    return true;
}

/* "encrypted=PATH". */
static bool take_encrypted(struct slice word, struct rule *rule)
{
    const struct slice start = slice_text("encrypted=/");
    size_t skip = start.len - 1, len;

    if (word.len < start.len ||
        !slice_equal(slice_of(word.at, start.len), start))
        return false;
    len = word.len - skip;
    if (len + 1 > sizeof(rule->encrypted) - rule->encrypted_len)
        return false;
    if (rule->encrypted_len > 0)
        rule->encrypted[rule->encrypted_len++] = ' ';
    memcpy(rule->encrypted + rule->encrypted_len, word.at + skip, len);
    rule->encrypted_len += len;
    return true;
}

/* Cut the next word off |line|; empty at its end. */
static struct slice take_word(struct slice *line)
{
    struct slice rest = text_trim(*line);
    size_t len = 0;

    while (len < rest.len && rest.at[len] != ' ' && rest.at[len] != '\t')
        len++;
    *line = slice_of(rest.at + len, rest.len - len);
    return slice_of(rest.at, len);
}

static enum status parse_words(struct slice line, struct rule *rule,
                               struct why *why)
{
    for (struct slice word = take_word(&line); word.len > 0;
         word = take_word(&line)) {
        if (slice_equal(word, slice_text("plain"))) {
            rule->plain = true;
        } else if (!take_encrypted(word, rule)) {
            (void)why_fail(why, STATUS_BAD_CONFIG, "rule", NULL, "\"%.*s\"",
                           (int)MIN_OF(word.len, 128), (const char *)word.at);
            return why_expect(why, "plain, or encrypted=/PATH, 510 bytes of "
                                   "them in all");
        }
    }
    if (rule->encrypted_len == 0 || rule->plain)
        return STATUS_OK;
    (void)why_fail(why, STATUS_BAD_CONFIG, "rule", NULL, "encrypted= alone");
    return why_expect(why, "plain too: without it nothing passes in clear");
}

static enum status parse_rule(struct slice line, struct rule *rule,
                              struct why *why)
{
    const uint8_t *equals =
        line.len == 0 ? NULL : memchr(line.at, '=', line.len);
    size_t at = equals == NULL ? 0 : (size_t)(equals - line.at);
    struct slice rest = { 0 }, backend = { 0 };

    *rule = (struct rule){ 0 };
    if (equals != NULL) {
        rest = slice_of(equals + 1, line.len - at - 1);
        backend = take_word(&rest);
    }
    if (!parse_pattern(slice_of(line.at, at), rule)) {
        (void)why_fail(why, STATUS_BAD_CONFIG, "rule.pattern", NULL, "\"%.*s\"",
                       (int)MIN_OF(line.len, 128), (const char *)line.at);
        return why_expect(why, "HOST:PORT=BACKEND, with \"*\" for any");
    }
    if (!parse_backend(backend, rule)) {
        (void)why_fail(why, STATUS_BAD_CONFIG, "rule.backend", NULL, "\"%.*s\"",
                       (int)MIN_OF(backend.len, 128), (const char *)backend.at);
        return why_expect(why, "host:port, [v6]:port or the path of a socket");
    }
    return parse_words(rest, rule, why);
}

/* Less than 0 when |a| goes before |b|, 0 when they are for the same. */
static int order(const struct rule *a, const struct rule *b)
{
    if (a->match != b->match)
        return a->match > b->match ? -1 : 1;
    if (a->host.len != b->host.len)
        return a->host.len > b->host.len ? -1 : 1;
    if ((a->port == ANY_PORT) != (b->port == ANY_PORT))
        return b->port == ANY_PORT ? -1 : 1;
    if (a->port != b->port)
        return a->port < b->port ? -1 : 1;
    return strcmp(a->host.text, b->host.text);
}

static bool grow(struct rules *r)
{
    size_t room = r->room == 0 ? 4 : 2 * r->room;
    struct rule *at;

    if (r->count < r->room)
        return true;
    at = realloc(r->at, room * sizeof(*at));
    if (at == NULL)
        return false;
    r->at = at;
    r->room = room;
    return true;
}

enum status rules_add(struct rules *r, struct slice line, struct why *why)
{
    struct rule rule;
    size_t at = 0;
    enum status st = parse_rule(line, &rule, why);

    if (st != STATUS_OK)
        return st;
    while (at < r->count && order(&r->at[at], &rule) < 0)
        at++;
    if (at < r->count && order(&r->at[at], &rule) == 0)
        return why_fail(why, STATUS_BAD_CONFIG, "rule", NULL,
                        "a second rule for \"%.*s\"",
                        (int)MIN_OF(line.len, 128), (const char *)line.at);
    if (r->count == RULES_MAX)
        return why_fail(why, STATUS_LIMIT, "rules", NULL, "more than %d rules",
                        RULES_MAX);
    if (!grow(r))
        return why_fail(why, STATUS_NO_MEMORY, "rules", NULL, "out of memory");
    memmove(&r->at[at + 1], &r->at[at], (r->count - at) * sizeof(rule));
    r->at[at] = rule;
    r->count++;
    return STATUS_OK;
}

/* Cut the next line, without its end and the blanks around it, off |text|. */
static struct slice take_line(struct slice *text)
{
    const uint8_t *end = memchr(text->at, '\n', text->len);
    size_t len = end == NULL ? text->len : (size_t)(end - text->at);
    struct slice line = slice_of(text->at, len);

    len += end == NULL ? 0 : 1;
    *text = slice_of(text->at + len, text->len - len);
    if (line.len > 0 && line.at[line.len - 1] == '\r')
        line.len--;
    return text_trim(line);
}

enum status rules_add_text(struct rules *r, struct slice text, const char *name,
                           struct why *why)
{
    char found[sizeof(why->found)];
    enum status st;

    for (unsigned number = 1; text.len > 0; number++) {
        struct slice line = take_line(&text);

        if (line.len == 0 || line.at[0] == '#')
            continue;
        st = rules_add(r, line, why);
        if (st == STATUS_OK)
            continue;
        memcpy(found, why->found, sizeof(found));
        (void)snprintf(why->found, sizeof(why->found), "%.100s:%u: %.90s", name,
                       number, found);
        return st;
    }
    return STATUS_OK;
}

enum status rules_add_file(struct rules *r, const char *path, struct why *why)
{
    struct buffer text = { 0 };
    enum status st = file_read(path, RULES_FILE_MAX_BYTES, &text, why);

    if (st == STATUS_OK)
        st = rules_add_text(r, buffer_view(&text), path, why);
    buffer_free(&text);
    return st;
}

static bool rule_matches(const struct rule *rule, const struct name *host,
                         uint16_t port)
{
    size_t skip;

    if (rule->port != ANY_PORT && rule->port != port)
        return false;
    switch (rule->match) {
    case MATCH_ANY:
        return true;
    case MATCH_HOST:
        return strcmp(rule->host.text, host->text) == 0;
    case MATCH_BELOW:
        if (host->is_address || host->len <= rule->host.len)
            return false;
        skip = host->len - rule->host.len;
        return strcmp(rule->host.text, host->text + skip) == 0;
    }
    return false;
}

enum status rules_find(const struct rules *r, struct slice target,
                       struct rules_backend *out)
{
    struct name name;
    struct slice host;
    uint16_t port;

    *out = (struct rules_backend){ 0 };
    if (!text_host_port(target, &host, &port) || !normalize(host, &name))
        return STATUS_BAD_ADDRESS;
    for (size_t i = 0; i < r->count; i++) {
        if (!rule_matches(&r->at[i], &name, port))
            continue;
        *out = (struct rules_backend){
            .host = slice_text(r->at[i].backend),
            .port = r->at[i].backend_port,
            .plain = r->at[i].plain,
            .encrypted = slice_of(r->at[i].encrypted, r->at[i].encrypted_len)
        };
        return STATUS_OK;
    }
    return STATUS_NOT_ALLOWED;
}

struct rules_backend rules_backend_keep(const struct rules_backend *from,
                                        char host[static RULES_HOST_ROOM])
{
    memcpy(host, from->host.at, from->host.len); /* shorter, see struct rule */
    return (struct rules_backend){
        .host = slice_of((const uint8_t *)host, from->host.len),
        .port = from->port,
    };
}

bool rules_allow_plain(const struct rules_backend *to, struct slice path)
{
    struct slice list = to->encrypted;

    if (!to->plain)
        return false;
    for (struct slice word = take_word(&list); word.len > 0;
         word = take_word(&list))
        if (url_path_below(path, word))
            return false;
    return true;
}

enum status rules_find_web(const struct rules *r, struct slice host,
                           struct rules_backend *out)
{
    uint8_t target[RULES_HOST_ROOM + 8];
    struct builder b = builder_over(target, sizeof(target));
    bool six = host.len > 0 && memchr(host.at, ':', host.len) != NULL;

    *out = (struct rules_backend){ 0 };
    if (host.len >= RULES_HOST_ROOM)
        return STATUS_BAD_ADDRESS;
    builder_text(&b, six ? "[" : "");
    builder_bytes(&b, host);
    builder_text(&b, six ? "]:80" : ":80");
    return rules_find(r, builder_view(&b), out);
}
