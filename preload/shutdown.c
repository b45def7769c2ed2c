// The end of a connection. SSL_shutdown sends close_notify, after which the program can only read; and FIN with it.
#include <errno.h>
#include <sys/socket.h>

#include "conn.h"
#include "export.h"
#include "failure.h"
#include "real.h"

int SSL_peek(SSL *ssl, void *buf, int len); // io.c

// both says that there is nothing more to wait for.
static int both(struct conn *c)
{
	c->shutdown = SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN;
	c->reason = SSL_ERROR_NONE;
	return 1;
}

// send_close sends close_notify. 0 says that the peer's has not come yet.
static int send_close(struct conn *c)
{
	if (shutdown(c->fd, SHUT_WR) < 0 && errno != ENOTCONN) {
		c->reason = SSL_ERROR_SYSCALL;
		return -1;
	}
	c->shutdown |= SSL_SENT_SHUTDOWN;
	c->reason = SSL_ERROR_NONE;
	return c->shutdown & SSL_RECEIVED_SHUTDOWN ? 1 : 0;
}

// await_close looks for the peer's. Data before it would be lost, which is an error.
static int await_close(SSL *ssl, struct conn *c)
{
	char byte;
	if (c->shutdown & SSL_RECEIVED_SHUTDOWN)
		return both(c);
	int n = SSL_peek(ssl, &byte, 1);
	if (n > 0) {
		int result = fail(c, "shutdown while the peer's data has not been read");
		c->phase = PHASE_CONNECTED;
		return result;
	}
	return c->reason == SSL_ERROR_ZERO_RETURN ? both(c) : -1;
}

static int end(SSL *ssl, struct conn *c)
{
	if (c->phase != PHASE_CONNECTED)
		return fail(c, "shutdown before the handshake is over");
	// A program that moves the bytes itself may have some left to send: close_notify follows them when it closes the socket.
	if (c->memory || real()->SSL_get_quiet_shutdown(ssl))
		return both(c);
	return c->shutdown & SSL_SENT_SHUTDOWN ? await_close(ssl, c) : send_close(c);
}

EXPORT int SSL_shutdown(SSL *ssl)
{
	struct conn *c = conn_known(ssl);
	return c ? end(ssl, c) : real()->SSL_shutdown(ssl);
}

EXPORT int SSL_get_shutdown(const SSL *ssl)
{
	struct conn *c = conn_known(ssl);
	return c ? c->shutdown : real()->SSL_get_shutdown(ssl);
}

EXPORT void SSL_set_shutdown(SSL *ssl, int mode)
{
	struct conn *c = conn_known(ssl);
	if (c)
		c->shutdown = mode;
	real()->SSL_set_shutdown(ssl, mode);
}

EXPORT int SSL_clear(SSL *ssl)
{
	// The library calls it itself as well: in SSL_new, before anything can be kept, and for a ClientHello.
	struct conn *c = conn_known(ssl);
	if (c && c->phase != PHASE_HELLO)
		conn_reset(c);
	return real()->SSL_clear(ssl);
}
