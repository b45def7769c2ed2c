// The handshake: SSL_connect, SSL_accept, SSL_do_handshake, and what begins one by itself.
#ifndef SSA_HANDSHAKE_H
#define SSA_HANDSHAKE_H

#include "conn.h"

// handshake goes on with the handshake. It returns 1 when it has ended well; else what SSL_do_handshake returns, with the
// reason in c.
int handshake(SSL *ssl, struct conn *c);

// handshake_upgrade lets the socket become a TLS socket, with what the program has configured.
int handshake_upgrade(SSL *ssl, struct conn *c);

#endif
