#ifndef SSA_GNUTLS_IO_H
#define SSA_GNUTLS_IO_H

#include "conn.h"

// take reads as gnutls_record_recv does.
ssize_t take(struct conn *c, void *to, size_t len);

#endif
