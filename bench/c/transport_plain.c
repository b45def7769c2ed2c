/* transport.h without TLS: to a proxy that does it. */
#include <err.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "transport.h"

struct connection {
	int fd;
};

void transport_init(const char *ca, const char *name, int resume)
{
	(void)ca;
	(void)name;
	(void)resume;
}

struct connection *transport_connect(const struct sockaddr_in *to)
{
	struct connection *c = malloc(sizeof *c);

	if (!c || (c->fd = socket(AF_INET, SOCK_STREAM, 0)) < 0)
		err(1, "socket");
	if (connect(c->fd, (const struct sockaddr *)to, sizeof *to) < 0 ||
	    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int)) < 0)
		err(1, "connect");
	return c;
}

ssize_t transport_read(struct connection *c, void *buf, size_t size)
{
	ssize_t n = read(c->fd, buf, size);
	if (n < 0)
		err(1, "read");
	return n;
}

void transport_write(struct connection *c, const void *buf, size_t size)
{
	for (ssize_t n; size > 0; buf = (const char *)buf + n, size -= (size_t)n)
		if ((n = write(c->fd, buf, size)) < 0)
			err(1, "write");
}

void transport_close(struct connection *c)
{
	close(c->fd);
	free(c);
}
