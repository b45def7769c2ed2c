// How a handshake that failed reaches the program: on the library's own error queue, in words.
#ifndef SSA_FAILURE_H
#define SSA_FAILURE_H

#include "conn.h"

// fail ends a handshake with a reason. It returns -1, what SSL_connect gives then.
__attribute__((format(printf, 2, 3))) int fail(struct conn *c, const char *format, ...);

// fail_certificate is fail for a peer whose certificate is refused. error is one of X509_V_ERR_.
int fail_certificate(SSL *ssl, struct conn *c, long error, const char *text);

// fail_socket is fail for a call on the socket that gave an errno: TLS_ERROR has the reason.
int fail_socket(SSL *ssl, struct conn *c, const char *attempt, int error);

#endif
