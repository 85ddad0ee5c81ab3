/* tests/support/stream_put.h: bytes that a test already has, into a stream. */
#ifndef TESTS_SUPPORT_STREAM_PUT_H
#define TESTS_SUPPORT_STREAM_PUT_H

#include "proxy/tunnel/session.h"

/* Write a copy of |data|; returns how many bytes there was room for. */
size_t stream_put(struct stream *s, struct slice data);

#endif
