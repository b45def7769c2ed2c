/* One way to make TLS connections: through a TLS socket, or with OpenSSL in the process. Every failure ends the program. */
#ifndef TRANSPORT_H
#define TRANSPORT_H

#include <netinet/in.h>
#include <stddef.h>
#include <sys/types.h>

struct connection;

/* transport_init trusts the authority in a file for connections to a name; resume says whether sessions are resumed. */
void transport_init(const char *ca, const char *name, int resume);
/* transport_connect connects to an address, shakes hands and verifies the peer. */
struct connection *transport_connect(const struct sockaddr_in *to);
ssize_t transport_read(struct connection *c, void *buf, size_t size);
void transport_write(struct connection *c, const void *buf, size_t size);
/* transport_close sends close_notify and closes, without waiting for the peer's. */
void transport_close(struct connection *c);

#endif
