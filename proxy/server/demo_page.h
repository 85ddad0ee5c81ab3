/* proxy/server/demo_page.h: the page at / of the demo site. */
#ifndef PROXY_SERVER_DEMO_PAGE_H
#define PROXY_SERVER_DEMO_PAGE_H

#include "common/slice.h"

/* HTML, complete in itself. Static. */
struct slice demo_page_html(void);

#endif
