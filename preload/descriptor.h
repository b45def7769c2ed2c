// Which socket is below an SSL.
#ifndef SSA_DESCRIPTOR_H
#define SSA_DESCRIPTOR_H

#include "conn.h"

// descriptor_find sets fd, or memory when there is no socket below. It returns 1; or -1 and the reason in c when it has to
// be asked again or there is neither.
int descriptor_find(SSL *ssl, struct conn *c);

// descriptor_end lets a BIO of the program's own meet the end of a connection that has failed: curl waits for as long as the
// last thing its BIO knows is that there is nothing to read yet.
void descriptor_end(SSL *ssl, struct conn *c);

#endif
