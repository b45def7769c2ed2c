#include <err.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>

#include <ssa.h>

#include "ws_event.h"

/* Everything that makes a web server one of HTTPS is in these lines and the protocol of socket(). */
static void certify(int fd, const char *chain, const char *key)
{
	char why[1024] = "";
	socklen_t len = sizeof why;

	if (setsockopt(fd, IPPROTO_TLS, TLS_CERTIFICATE_CHAIN, chain, strlen(chain)) == 0 &&
	    setsockopt(fd, IPPROTO_TLS, TLS_PRIVATE_KEY, key, strlen(key)) == 0)
		return;
	getsockopt(fd, IPPROTO_TLS, TLS_ERROR, why, &len);
	err(1, "use %s and %s: %s", chain, key, why);
}

int listener_open(const char *address, const char *port, const char *chain, const char *key)
{
	struct addrinfo hints = {.ai_flags = AI_PASSIVE, .ai_socktype = SOCK_STREAM}, *at;
	int one = 1, problem = getaddrinfo(address, port, &hints, &at);

	if (problem != 0)
		errx(1, "%s port %s: %s", address, port, gai_strerror(problem));
	int fd = socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, chain ? IPPROTO_TLS : IPPROTO_TCP);
	if (fd < 0)
		err(1, "socket");
	if (chain)
		certify(fd, chain, key);
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0 || bind(fd, at->ai_addr, at->ai_addrlen) < 0)
		err(1, "bind to %s port %s", address, port);
	if (listen(fd, SOMAXCONN) < 0)
		err(1, "listen");
	freeaddrinfo(at);
	return fd;
}
