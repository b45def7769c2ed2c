// A server's program decides by the ClientHello, in gnutls_handshake_set_post_client_hello_function and in the callbacks for
// certificates. So the ClientHello is peeked at, without taking it from the socket, and given to the library, which reads it
// and calls the first. There it is held, and the TLS service does the handshake.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "../export.h"
#include "../libc.h"
#include "failure.h"
#include "handshake.h"
#include "real.h"

// PEEK_MAX bounds a ClientHello.
enum { PEEK_MAX = 64 << 10 };

// decide is the program's callback and ours.
static int decide(session_t session)
{
	struct conn *c = conn_of(session);
	int result = c->post_hello ? c->post_hello(session) : E_SUCCESS;
	if (result != E_SUCCESS)
		return result;
	c->hello.decided = 1;
	return E_HELD;
}

// pull gives the library the copy; session is its pointer.
static ssize_t pull(void *session, void *to, size_t len)
{
	struct conn *c = conn_of(session);
	size_t n = c->hello.end - c->hello.at;
	if (n > len)
		n = len;
	if (n == 0) {
		real()->transport_set_errno(session, EAGAIN);
		return -1;
	}
	memcpy(to, c->hello.bytes + c->hello.at, n);
	c->hello.at += n;
	return (ssize_t)n;
}

// push drops what the library would answer.
static ssize_t push(void *session, const void *bytes, size_t len)
{
	(void)session, (void)bytes;
	return (ssize_t)len;
}

static int pull_timeout(void *session, unsigned ms)
{
	(void)session, (void)ms;
	return 1;
}

// rehearse lets the library read the copy. The session gets its pointers back; nothing calls its functions any more.
static int rehearse(session_t session, struct conn *c)
{
	void *in, *out;
	real()->transport_get_ptr2(session, &in, &out);
	real()->transport_set_ptr2(session, session, session);
	real()->transport_set_pull_function(session, pull);
	real()->transport_set_push_function(session, push);
	real()->transport_set_pull_timeout_function(session, pull_timeout);
	real()->handshake_set_post_client_hello_function(session, decide);
	int result = real()->handshake(session);
	real()->transport_set_ptr2(session, in, out);
	return result == E_HELD || c->hello.decided ? E_SUCCESS : result;
}

// expect lets the socket count as readable only when it has more than n bytes, so that the program does not spin over the
// first part of a ClientHello.
static void expect(int fd, size_t n)
{
	int low = (int)n + 1;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &low, sizeof low);
}

static int nothing_there(struct conn *c, ssize_t n)
{
	if (n == 0)
		return fail(c, "the client has closed the connection before its ClientHello");
	if (errno == EAGAIN)
		return wait_for(c, 0);
	return errno == EINTR ? E_INTERRUPTED : fail_socket(c, "read the ClientHello", errno);
}

// feed gives the library what it has not had yet.
static int feed(session_t session, struct conn *c)
{
	ssize_t n = libc()->recv(c->fd, c->hello.bytes, PEEK_MAX, MSG_PEEK);
	if (n <= 0)
		return nothing_there(c, n);
	c->hello.at = c->hello.fed;
	c->hello.end = c->hello.fed = (size_t)n;
	int result = rehearse(session, c);
	if (result == E_AGAIN && n < PEEK_MAX) {
		expect(c->fd, (size_t)n);
		return wait_for(c, 0);
	}
	if (result == E_SUCCESS || result == E_INTERRUPTED)
		return result;
	return fail(c, "the program refuses the ClientHello: %s", real()->strerror(result));
}

int hello_decide(session_t session, struct conn *c)
{
	if (!c->hello.bytes)
		c->hello.bytes = malloc(PEEK_MAX);
	if (!c->hello.bytes)
		return fail(c, "no memory for a ClientHello");
	int result;
	do
		result = feed(session, c);
	while (result == E_AGAIN && !non_blocking(c->fd));
	if (result != E_SUCCESS)
		return result;
	expect(c->fd, 0);
	free(c->hello.bytes);
	c->hello.bytes = NULL;
	return E_SUCCESS;
}

EXPORT void gnutls_handshake_set_post_client_hello_function(session_t session, session_func *f)
{
	struct conn *c = conn_of(session);
	if (c)
		c->post_hello = f;
	real()->handshake_set_post_client_hello_function(session, f);
}
