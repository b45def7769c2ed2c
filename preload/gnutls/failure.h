// How a handshake that failed reaches the program: as a number of the library's, with the reason for words.
#ifndef SSA_GNUTLS_FAILURE_H
#define SSA_GNUTLS_FAILURE_H

#include "conn.h"

// fail ends a handshake with a reason. It returns the number, which gnutls_handshake gives then.
__attribute__((format(printf, 2, 3))) int fail(struct conn *c, const char *format, ...);

// fail_certificate is fail for a peer whose certificate is refused. status is a combination of STATUS_.
int fail_certificate(struct conn *c, unsigned status, const char *text);

// fail_socket is fail for a call on the socket that gave an errno: TLS_ERROR has the reason.
int fail_socket(struct conn *c, const char *attempt, int error);

// wait_for says that the call is to be repeated when the socket can be read, or written.
int wait_for(struct conn *c, int writes);

#endif
