#ifndef SSA_GNUTLS_HANDSHAKE_H
#define SSA_GNUTLS_HANDSHAKE_H

#include "conn.h"

// verdict asks the program about a peer that the policy accepts: it can refuse, not accept. It returns 0, or fails the
// connection.
int verdict(session_t session, struct conn *c);

// hello_decide gives the ClientHello to the program's callbacks. It returns 0, or what gnutls_handshake returns.
int hello_decide(session_t session, struct conn *c);

// non_blocking says whether a descriptor is.
int non_blocking(int fd);

#endif
