#include "proxy/local/worker_speech.h"

#include <stdlib.h>

#include "common/buffer.h"
#include "proxy/local/local_worker_parts.h"
#include "proxy/local/verdict_text.h"

#define VERDICT_TEXT_MAX_BYTES (64 * 1024)

/* Text for the main thread to write. Freed by it. */
struct speech {
    struct letter letter;
    struct local_worker *worker;
    struct buffer text;
};

static void speech_free(struct speech *s)
{
    buffer_free(&s->text);
    free(s);
}

/* On the main thread. */
static void on_speech(struct letter *letter)
{
    struct speech *s = CONTAINER_OF(letter, struct speech, letter);
    const struct local_worker_config *c = &s->worker->config;

    c->events->on_explained(c->ctx, buffer_view(&s->text));
    speech_free(s);
}

/* The tables of verifier and policy, and what they come to. */
static void put_verdict(const struct service *service,
                        const struct endpoint *endpoint,
                        const struct attestation *a, const struct why *why,
                        bool colour, struct buffer *text)
{
    char line[512];

    buffer_printf(text, "%s at %s\n\n", service->name, endpoint->url);
    if (a != NULL) {
        verdict_text_table(&a->verdict, colour, text);
        verdict_text_table(&a->decision.verdict, colour, text);
    }
    if (why->status == STATUS_OK) {
        buffer_text(text, "\n");
        verdict_text_claims(&a->claims, text);
        buffer_printf(text, "\naccepted%s\n",
                      a->claims.simulated
                          ? ": a SIMULATED TEE, which protects nothing"
                          : "");
    } else {
        why_line(why, line, sizeof(line));
        buffer_printf(text, "\nrefused: %s\n", line);
    }
}

void worker_speech_decided(void *ctx, const struct service *service,
                           const struct endpoint *endpoint,
                           const struct attestation *a, const struct why *why)
{
    struct local_worker *w = ctx;
    struct speech *s;

    if (w->undecided == 0)
        return;
    s = calloc(1, sizeof(*s));
    if (s == NULL)
        return;
    w->undecided--;
    s->letter.on_letter = on_speech;
    s->worker = w;
    s->text = buffer_with_max(VERDICT_TEXT_MAX_BYTES);
    put_verdict(service, endpoint, a, why, w->config.colour, &s->text);
    if (!mailbox_send(w->config.main, &s->letter))
        speech_free(s);
}
