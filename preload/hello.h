// What a program's callbacks decide about a ClientHello.
#ifndef SSA_HELLO_H
#define SSA_HELLO_H

#include "conn.h"

// hello_decide returns 1 when the program has decided, else what SSL_do_handshake returns.
int hello_decide(SSL *ssl, struct conn *c);

#endif
