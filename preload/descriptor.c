// Finds the socket, in this order:
//
//  1. A BIO of the library's own for sockets knows its descriptor.
//  2. Another BIO is asked to read, while the calls that would read from a descriptor note it and read nothing (trap.h).
//  3. Below a memory BIO or one end of a BIO pair there is none; see memory.h. This cannot be told from the type alone: curl
//     calls its own BIO a memory BIO.
#include "descriptor.h"

#include "failure.h"
#include "real.h"
#include "trap.h"

// retry says why a BIO gave nothing, as SSL_get_error would.
static int retry(BIO *b)
{
	if (!real()->BIO_test_flags(b, BIO_FLAGS_SHOULD_RETRY))
		return SSL_ERROR_SYSCALL;
	if (real()->BIO_test_flags(b, BIO_FLAGS_IO_SPECIAL))
		return SSL_ERROR_WANT_CONNECT;
	return real()->BIO_test_flags(b, BIO_FLAGS_READ) ? SSL_ERROR_WANT_READ : SSL_ERROR_WANT_WRITE;
}

// connected lets a connecting BIO connect.
static int connected(BIO *b, struct conn *c)
{
	BIO *connect = real()->BIO_find_type(b, BIO_TYPE_CONNECT);
	if (!connect || real()->BIO_ctrl(connect, BIO_C_DO_STATE_MACHINE, 0, NULL) > 0)
		return 1;
	c->reason = retry(connect);
	return 0;
}

// by_trap lets a BIO with nothing to give try to get something.
static int by_trap(BIO *b)
{
	char byte;
	if (real()->BIO_ctrl(b, BIO_CTRL_PENDING, 0, NULL) > 0)
		return -1;
	trap_set(-1);
	(void)real()->BIO_read(b, &byte, 1);
	return trap_take();
}

static int is_memory(BIO *b)
{
	return real()->BIO_find_type(b, BIO_TYPE_MEM) || real()->BIO_find_type(b, BIO_TYPE_PAIR);
}

int descriptor_find(SSL *ssl, struct conn *c)
{
	BIO *b = real()->SSL_get_rbio(ssl);
	if (!b)
		return fail(c, "the program has set no socket for this connection");
	if (!connected(b, c))
		return -1;
	BIO *descriptor = real()->BIO_find_type(b, BIO_TYPE_DESCRIPTOR);
	if (descriptor)
		c->fd = (int)real()->BIO_ctrl(descriptor, BIO_C_GET_FD, 0, NULL);
	else
		c->fd = by_trap(b);
	c->trapped = !descriptor && c->fd >= 0;
	c->memory = c->fd < 0 && is_memory(b) && real()->BIO_ctrl(b, BIO_CTRL_PENDING, 0, NULL) <= 0;
	if (c->fd < 0 && !c->memory)
		return fail(c, "cannot find the socket below the program's own BIO");
	return 1;
}

void descriptor_end(SSL *ssl, struct conn *c)
{
	char byte;
	if (!c->trapped)
		return;
	trap_set(0);
	(void)real()->BIO_read(real()->SSL_get_rbio(ssl), &byte, 1);
	(void)trap_take();
}
