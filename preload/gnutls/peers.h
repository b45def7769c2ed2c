// The peer's certificates.
#ifndef SSA_GNUTLS_PEERS_H
#define SSA_GNUTLS_PEERS_H

#include "conn.h"

// peers is the chain the peer sent, the leaf first, in DER; NULL when it sent none. It is c's.
const datum_t *peers(struct conn *c, unsigned *length);

// peers_leaf is the first of it, for the caller to free; NULL when there is none.
crt_t peers_leaf(struct conn *c);

#endif
