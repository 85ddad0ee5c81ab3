#include "proxy/server/proof.h"

#include "common/limits.h"

void proof_init(struct proof *p)
{
    *p = (struct proof){
        .quote = buffer_with_max(QUOTE_MAX_BYTES),
        .vcek = buffer_with_max(2 * CERT_MAX_BYTES),
        .ask = buffer_with_max(2 * CERT_MAX_BYTES),
        .ark = buffer_with_max(2 * CERT_MAX_BYTES),
    };
}

void proof_fini(struct proof *p)
{
    buffer_free(&p->quote);
    buffer_free(&p->vcek);
    buffer_free(&p->ask);
    buffer_free(&p->ark);
}

bool proof_ok(const struct proof *p)
{
    return buffer_ok(&p->quote) && buffer_ok(&p->vcek) && buffer_ok(&p->ask) &&
           buffer_ok(&p->ark);
}

void proof_copy(const struct proof *from, struct proof *to)
{
    to->is_snp = from->is_snp;
    buffer_add(&to->quote, buffer_view(&from->quote));
    buffer_add(&to->vcek, buffer_view(&from->vcek));
    buffer_add(&to->ask, buffer_view(&from->ask));
    buffer_add(&to->ark, buffer_view(&from->ark));
}

struct session_snp proof_snp(const struct proof *p)
{
    return (struct session_snp){ .vcek = buffer_view(&p->vcek),
                                 .ask = buffer_view(&p->ask),
                                 .ark = buffer_view(&p->ark) };
}
