// What the program has configured, as requests on the socket. They can only narrow the policy.
#ifndef SSA_GNUTLS_REQUEST_H
#define SSA_GNUTLS_REQUEST_H

#include "conn.h"

// request_make sets the options. It returns 0, or fails the connection.
int request_make(session_t session, struct conn *c);

// request_name is the name the peer must prove: what the program verifies, what it sends, or what it looked up for this
// address; empty when there is none.
void request_name(struct conn *c, char *name, size_t size);

// The parts of request_make, in files of their own.
int request_versions(session_t session, struct conn *c);
int request_ciphers(session_t session, struct conn *c);
int request_alpn(session_t session, struct conn *c);
int request_trust(session_t session, struct conn *c);
int request_credentials(session_t session, struct conn *c);

#endif
