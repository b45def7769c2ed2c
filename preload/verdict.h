// The program's own verification of a peer that the policy accepts. It can refuse, not accept.
#ifndef SSA_VERDICT_H
#define SSA_VERDICT_H

#include "conn.h"

// verdict returns 1, or fails the connection.
int verdict(SSL *ssl, struct conn *c);

// peer_chain is the chain the peer sent, the leaf first; empty when it sent none. It is c's.
OPENSSL_STACK *peer_chain(struct conn *c);

#endif
