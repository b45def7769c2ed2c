// Connections without a socket below the SSL: the program lets the library write to memory and moves the bytes itself, as
// Python's asyncio does.
//
//  1. The handshake writes a token to the memory. The program sends it, on the socket it has for this connection: so the
//     call that sends shows which socket it is. The token is not sent (memory_sent).
//  2. A client's socket becomes a TLS socket there and then. A server's waits for the ClientHello.
//  3. When there is something to do, the program is told that there is something to read, and reads a nudge
//     (memory_nudge). It hands the nudge to the library and calls for the handshake again, which takes it.
//  4. Once the socket is a TLS socket, what the program reads and writes is plaintext, and the memory only hands it on.
#ifndef SSA_MEMORY_H
#define SSA_MEMORY_H

#include <stddef.h>
#include <sys/types.h>

#include "conn.h"

// memory_start writes the token. It returns -1, and the reason is that the program has to read.
int memory_start(SSL *ssl, struct conn *c);

// memory_sent says whether bytes that are to be sent are a token, and what to return then.
int memory_sent(int fd, const void *bytes, size_t len, ssize_t *result);

// memory_nudge says whether a read on a descriptor gets a nudge, and what to return then.
int memory_nudge(int fd, void *bytes, size_t len, ssize_t *result);

// memory_take takes nudges from the memory.
void memory_take(SSL *ssl);

// memory_ready is called when the program has no more nudges to expect.
void memory_ready(struct conn *c);

// memory_forget is called when an SSL goes.
void memory_forget(struct conn *c);

#endif
