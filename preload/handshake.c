// The handshake of a connection, step by step:
//
//  1. The socket below the SSL is found (descriptor.c, memory.c).
//  2. A server waits for the ClientHello, and the program's callbacks decide what to do about it (hello.c).
//  3. What the program has configured is asked for on the socket (request.c).
//  4. The socket becomes a TLS socket (TCP_UPGRADE_TLS). A blocking one is one when the call returns, another becomes
//     writable.
//  5. The program's verification has its say (verdict.c).
#include "handshake.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "descriptor.h"
#include "export.h"
#include "failure.h"
#include "hello.h"
#include "memory.h"
#include "real.h"
#include "registration.h"
#include "request.h"
#include "ssa_option.h"
#include "verdict.h"

// wait_for is a handshake that is not over. A program that moves the bytes itself can only be told to read.
static int wait_for(struct conn *c, int reason)
{
	c->reason = c->memory ? SSL_ERROR_WANT_READ : reason;
	return -1;
}

static void tell(SSL *ssl)
{
	info_cb *cb = real()->SSL_get_info_callback(ssl);
	if (!cb)
		cb = real()->SSL_CTX_get_info_callback(real()->SSL_get_SSL_CTX(ssl));
	if (cb)
		cb(ssl, SSL_CB_HANDSHAKE_DONE, 1);
}

static int settle(SSL *ssl, struct conn *c)
{
	if (verdict(ssl, c) != 1)
		return -1;
	c->phase = PHASE_CONNECTED;
	c->reason = SSL_ERROR_NONE;
	memory_ready(c);
	tell(ssl);
	return 1;
}

// pending looks whether the socket has become a TLS socket. One that has not for good hangs up, and only that is asked why.
static int pending(SSL *ssl, struct conn *c)
{
	struct pollfd p = {.fd = c->fd, .events = POLLOUT};
	int error = 0;
	socklen_t len = sizeof error;
	if (poll(&p, 1, 0) == 0)
		return wait_for(c, SSL_ERROR_WANT_WRITE);
	if (p.revents & ~POLLOUT && getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		error = errno;
	return error ? fail_socket(ssl, c, "TLS handshake", error) : settle(ssl, c);
}

static int non_blocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);
	return flags >= 0 && (flags & O_NONBLOCK);
}

int handshake_upgrade(SSL *ssl, struct conn *c)
{
	char name[256] = "";
	if (!c->server)
		request_name(ssl, c, name, sizeof name);
	if (!c->server && !*name)
		return fail(c, "the program has named no server, and the socket is not connected to one");
	if (request_make(ssl, c) != 1)
		return -1;
	int waits = non_blocking(c->fd);
	if (setsockopt(c->fd, IPPROTO_TCP, TCP_UPGRADE_TLS, name, (socklen_t)strlen(name)) < 0 && errno != EINPROGRESS)
		return fail_socket(ssl, c, "TCP_UPGRADE_TLS", errno);
	c->phase = PHASE_PENDING;
	if (c->memory)
		registration_watch(c->fd);
	return waits ? wait_for(c, SSL_ERROR_WANT_WRITE) : pending(ssl, c);
}

static int hello(SSL *ssl, struct conn *c)
{
	if (c->memory)
		memory_take(ssl);
	int result = hello_decide(ssl, c);
	return result == 1 ? handshake_upgrade(ssl, c) : result;
}

static int begin(SSL *ssl, struct conn *c)
{
	if (real()->SSL_is_dtls(ssl))
		return fail(c, "DTLS is not served to coerced programs");
	c->server = real()->SSL_is_server(ssl);
	if (descriptor_find(ssl, c) != 1)
		return -1;
	if (c->memory)
		return memory_start(ssl, c);
	if (!c->server)
		return handshake_upgrade(ssl, c);
	c->phase = PHASE_HELLO;
	return hello(ssl, c);
}

// bound waits until the program has sent the token.
static int bound(SSL *ssl, struct conn *c)
{
	(void)ssl;
	return wait_for(c, SSL_ERROR_WANT_READ);
}

static int becoming(SSL *ssl, struct conn *c)
{
	if (c->memory)
		memory_take(ssl);
	return pending(ssl, c);
}

static int connected(SSL *ssl, struct conn *c)
{
	if (c->memory)
		memory_take(ssl);
	memory_ready(c);
	c->reason = SSL_ERROR_NONE;
	return 1;
}

static int failed(SSL *ssl, struct conn *c)
{
	(void)ssl;
	return fail(c, "the handshake has failed before");
}

int handshake(SSL *ssl, struct conn *c)
{
	static int (*const steps[])(SSL *, struct conn *) = {
	    [PHASE_FRESH] = begin,	   [PHASE_BOUND] = bound,	  [PHASE_HELLO] = hello,
	    [PHASE_PENDING] = becoming, [PHASE_CONNECTED] = connected, [PHASE_FAILED] = failed};
	int result = steps[c->phase](ssl, c);
	if (c->phase == PHASE_FAILED)
		descriptor_end(ssl, c);
	return result;
}

EXPORT int SSL_do_handshake(SSL *ssl)
{
	struct conn *c = conn_of(ssl);
	return c ? handshake(ssl, c) : real()->SSL_do_handshake(ssl);
}

EXPORT int SSL_connect(SSL *ssl)
{
	struct conn *c = conn_of(ssl);
	if (!c)
		return real()->SSL_connect(ssl);
	if (c->phase == PHASE_FRESH)
		real()->SSL_set_connect_state(ssl);
	return handshake(ssl, c);
}

EXPORT int SSL_accept(SSL *ssl)
{
	struct conn *c = conn_of(ssl);
	if (!c)
		return real()->SSL_accept(ssl);
	if (c->phase == PHASE_FRESH)
		real()->SSL_set_accept_state(ssl);
	return handshake(ssl, c);
}
