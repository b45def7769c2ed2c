// gnutls_handshake:
//
//  1. The socket below is found (descriptor.c).
//  2. On a server the program's callbacks decide by the ClientHello (hello.c).
//  3. What the program has configured is asked for (request.c) and the socket becomes a TLS socket.
//  4. The program's own verification can refuse the peer (verdict.c).
#include "handshake.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "../export.h"
#include "../ssa_option.h"
#include "descriptor.h"
#include "failure.h"
#include "real.h"
#include "request.h"

int non_blocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);
	return flags >= 0 && (flags & O_NONBLOCK);
}

static int settle(session_t session, struct conn *c)
{
	c->phase = PHASE_CONNECTED;
	c->writes = 0;
	c->status = 0;
	return verdict(session, c);
}

// pending looks whether the socket has become a TLS socket. One that has not for good hangs up, and only that is asked why.
static int pending(session_t session, struct conn *c)
{
	struct pollfd p = {.fd = c->fd, .events = POLLOUT};
	int error = 0;
	socklen_t len = sizeof error;
	int n = poll(&p, 1, non_blocking(c->fd) ? 0 : -1);
	if (n == 0)
		return wait_for(c, 1);
	if (n < 0)
		return errno == EINTR ? E_INTERRUPTED : fail_socket(c, "poll", errno);
	if (p.revents & ~POLLOUT && getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		error = errno;
	return error ? fail_socket(c, "TLS handshake", error) : settle(session, c);
}

static int upgrade(session_t session, struct conn *c)
{
	char name[NAME_SIZE] = "";
	if (!c->server)
		request_name(c, name, sizeof name);
	if (!c->server && !*name)
		return fail(c, "the program has named no server, and the socket is not connected to one");
	int result = request_make(session, c);
	if (result != 0)
		return result;
	result = setsockopt(c->fd, IPPROTO_TCP, TCP_UPGRADE_TLS, name, (socklen_t)strlen(name));
	if (result < 0 && errno != EINPROGRESS && errno != EINTR)
		return fail_socket(c, "TCP_UPGRADE_TLS", errno);
	c->phase = PHASE_PENDING;
	return result < 0 && errno == EINTR ? E_INTERRUPTED : pending(session, c);
}

static int hello(session_t session, struct conn *c)
{
	int result = hello_decide(session, c);
	return result == 0 ? upgrade(session, c) : result;
}

static int begin(session_t session, struct conn *c)
{
	if (c->datagram)
		return fail(c, "DTLS is not served to coerced programs");
	int result = descriptor_find(session, c);
	if (result != 0)
		return result;
	if (!c->server)
		return upgrade(session, c);
	c->phase = PHASE_HELLO;
	return hello(session, c);
}

static int connected(session_t session, struct conn *c)
{
	(void)session, (void)c;
	return E_SUCCESS;
}

static int failed(session_t session, struct conn *c)
{
	(void)session;
	return c->error;
}

EXPORT int gnutls_handshake(session_t session)
{
	static int (*const steps[])(session_t, struct conn *) = {[PHASE_FRESH] = begin,
								 [PHASE_HELLO] = hello,
								 [PHASE_PENDING] = pending,
								 [PHASE_CONNECTED] = connected,
								 [PHASE_FAILED] = failed};
	struct conn *c = conn_of(session);
	return c ? steps[c->phase](session, c) : real()->handshake(session);
}
