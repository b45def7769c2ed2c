// What the program has configured, as requests on the socket. They can only narrow the policy.
#ifndef SSA_REQUEST_H
#define SSA_REQUEST_H

#include <stdlib.h>

#include "conn.h"

// request_make sets the options. It returns 1, or fails the connection.
int request_make(SSL *ssl, struct conn *c);

// request_name is the name the peer must prove: what the program verifies, what it sends, or what it looked up for this
// address; empty when there is none.
void request_name(SSL *ssl, struct conn *c, char *name, size_t size);

// The parts of request_make, in files of their own.
int request_versions(SSL *ssl, struct conn *c);
int request_ciphers(SSL *ssl, struct conn *c);
int request_alpn(SSL *ssl, struct conn *c);
int request_trust(SSL *ssl, struct conn *c);
int request_credentials(SSL *ssl, struct conn *c);

#endif
