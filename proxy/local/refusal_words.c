#include "proxy/local/refusal_words.h"

#include "common/compiler.h"

/* What holds for a whole class of outcomes. */
static const struct refusal_words of_class[] = {
    [CLASS_NONE] = { "proxy_internal_error", "nothing went wrong", "nobody's",
                     "Report this as a defect of Veritee." },
    [CLASS_LOCAL] = { "proxy_internal_error",
                      "Veritee could not carry this request",
                      "this computer: Veritee or what it needs to run",
                      "Look at Veritee's log, which has the cause." },
    [CLASS_NETWORK] = { "destination_unavailable",
                        "the server could not be reached",
                        "the network, or the server is not running",
                        "Check the connection, then try again." },
    [CLASS_REQUEST] = { "http_request_error",
                        "the request could not be understood",
                        "the program that sent the request",
                        "Check the proxy settings of that program." },
    [CLASS_PEER] = { "http_protocol_error", "the server broke the protocol",
                     "the server, or something on the way that alters traffic",
                     "Try again; if it stays, tell the service's operator." },
    [CLASS_EVIDENCE] = { "destination_unavailable",
                         "the server did not prove what it is",
                         "the server, or something on the way to it",
                         "Nothing is sent to a server that fails a check. Do "
                         "not go around it; tell the service's operator which "
                         "check failed." },
    [CLASS_COLLATERAL] = { "destination_unavailable",
                           "the server's proof could not be checked",
                           "the certificates and lists that the TEE's maker "
                           "publishes, or the way they reached this computer",
                           "Nothing is sent to a server that cannot be checked. "
                           "Look at this computer's clock and its access to "
                           "the collateral source, then try again." },
    [CLASS_POLICY] = { "destination_unavailable",
                       "your policy does not accept this server",
                       "your policy: the proof is genuine, but for something "
                       "else than what you accept",
                       "Nothing is sent to a server that you do not accept. If "
                       "the service published a new release, compare its "
                       "measurements with those found here before you add "
                       "them to the policy." },
};

/* What is better said of one outcome; NULL is as its class has it. */
static const struct {
    enum status status;
    struct refusal_words words;
} of_status[] = {
    { STATUS_BAD_CONFIG,
      { "proxy_configuration_error", NULL, NULL,
        "Run \"veritee check\" on the configuration." } },
    { STATUS_LIMIT, { "connection_limit_reached", NULL, NULL, NULL } },
    { STATUS_TIMED_OUT, { "connection_timeout", NULL, NULL, NULL } },
    { STATUS_NO_NAME,
      { "dns_error", NULL, "the name service, or the name is wrong",
        "Check the spelling of the host name." } },
    { STATUS_UNREACHABLE, { "destination_ip_unroutable", NULL, NULL, NULL } },
    { STATUS_REFUSED,
      { "connection_refused", NULL, "the server: nothing listens there",
        "Check that the service is running." } },
    { STATUS_CUT,
      { "connection_terminated",
        "the connection ended before the answer was complete", NULL, NULL } },
    { STATUS_TLS,
      { "tls_protocol_error", "the outer TLS connection failed", NULL,
        "Check the endpoint's certificate." } },
    { STATUS_BAD_METHOD,
      { NULL, "the method or command is not supported", NULL, NULL } },
    { STATUS_BAD_ADDRESS,
      { NULL, "the address is not valid", NULL,
        "Check the address that was asked for." } },
    { STATUS_NOT_SERVICE,
      { "http_request_denied", "this destination is not one of your services",
        "your configuration, which blocks what it does not name",
        "Add the host to a service in the configuration, or take the program "
        "off the proxy for this host." } },
    { STATUS_MISDIRECTED,
      { NULL, "the request came on a connection for another host", NULL,
        "Ask again, on a new connection." } },
    { STATUS_NOT_ALLOWED,
      { "http_request_denied", "the server does not serve this destination",
        "the server's rules", "Ask the service's operator." } },
    { STATUS_NO_LOGIN,
      { "http_request_denied", "this page asks for a user and password", NULL,
        "Give the user and password of the proxy." } },
    { STATUS_NO_ACCESS,
      { "http_request_denied", "this proxy asks for a user and password", NULL,
        "Give the program the user and password of the proxy." } },
    { STATUS_TOO_MANY_TRIES,
      { "http_request_denied", "too many wrong passwords were tried", NULL,
        "Look for a program that has an old password, and try again in a "
        "minute." } },
    { STATUS_TRUNCATED,
      { "http_response_incomplete",
        "the connection ended before the answer was complete", NULL, NULL } },
    { STATUS_RESET, { "connection_terminated", NULL, NULL, NULL } },
    { STATUS_GOING_AWAY,
      { "destination_unavailable", "the server is going away",
        "the server, which is stopping or changing its key",
        "Try again in a moment." } },
    { STATUS_BUSY,
      { "destination_unavailable", "the server is busy", "the server",
        "Try again in a moment." } },
};

_Static_assert(COUNT_OF(of_class) == CLASS_POLICY + 1, "a row for each class");

static const char *first_of(const char *own, const char *general)
{
    return own != NULL ? own : general;
}

struct refusal_words refusal_words_of(enum status s)
{
    struct refusal_words general = of_class[status_class(s)];

    for (size_t i = 0; i < COUNT_OF(of_status); i++) {
        const struct refusal_words *own = &of_status[i].words;

        if (of_status[i].status == s)
            return (struct refusal_words){
                .token = first_of(own->token, general.token),
                .title = first_of(own->title, general.title),
                .side = first_of(own->side, general.side),
                .advice = first_of(own->advice, general.advice),
            };
    }
    return general;
}
