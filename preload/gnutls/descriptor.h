// Which socket is below a session.
#ifndef SSA_GNUTLS_DESCRIPTOR_H
#define SSA_GNUTLS_DESCRIPTOR_H

#include "conn.h"

// descriptor_find sets fd. It returns 0, or fails the connection.
int descriptor_find(session_t session, struct conn *c);

#endif
