/* transport.h through TLS sockets. */
#include <err.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <ssa.h>

#include "transport.h"

struct connection {
	int fd;
};

static const char *anchors, *peer;
static int resuming;

void transport_init(const char *ca, const char *name, int resume)
{
	anchors = ca;
	peer = name;
	resuming = resume;
}

static void set(int fd, int option, const void *value, size_t len)
{
	if (setsockopt(fd, IPPROTO_TLS, option, value, (socklen_t)len) < 0)
		err(1, "setsockopt %d", option);
}

struct connection *transport_connect(const struct sockaddr_in *to)
{
	struct connection *c = malloc(sizeof *c);
	char why[1024] = "";
	socklen_t len = sizeof why;

	if (!c || (c->fd = socket(AF_INET, SOCK_STREAM, IPPROTO_TLS)) < 0)
		err(1, "socket");
	set(c->fd, TLS_TRUSTED_PEER_CERTIFICATES, anchors, strlen(anchors));
	set(c->fd, TLS_REMOTE_HOSTNAME, peer, strlen(peer));
	set(c->fd, TLS_SESSION_REUSE, &resuming, sizeof resuming);
	if (connect(c->fd, (const struct sockaddr *)to, sizeof *to) < 0) {
		getsockopt(c->fd, IPPROTO_TLS, TLS_ERROR, why, &len);
		err(1, "connect (%s)", why);
	}
	if (setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int)) < 0)
		err(1, "setsockopt TCP_NODELAY");
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
