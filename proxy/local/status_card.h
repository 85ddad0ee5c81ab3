/* proxy/local/status_card.h: one service on the status page.
 *
 * Its verdict first, then what is wrong, what was proved and when that ends,
 * its endpoints, and behind a fold the claims and every check. */
#ifndef PROXY_LOCAL_STATUS_CARD_H
#define PROXY_LOCAL_STATUS_CARD_H

#include <stddef.h>

#include "common/buffer.h"
#include "proxy/local/status_data.h"

/* The class of common/pages/style.css that has the colour of |s|; static. */
const char *status_card_style(enum standing s);

/* Append the service at |i| of |data|. Claims and checks are left out when
 * |out| is long already. */
void status_card_write(const struct status_data *data, size_t i,
                       struct buffer *out);

#endif
