// Reading and writing: through the program's own BIOs, which are above a TLS socket now and move plaintext. So what a
// program does in a BIO of its own, and the reasons it gives for having to wait, stay as they are.
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "export.h"
#include "handshake.h"
#include "real.h"

// ready goes through with a handshake that is not over.
static int ready(SSL *ssl, struct conn *c)
{
	return c->phase == PHASE_CONNECTED || handshake(ssl, c) == 1;
}

// wants is the reason for which a BIO gave nothing.
static int wants(BIO *b)
{
	if (!real()->BIO_test_flags(b, BIO_FLAGS_SHOULD_RETRY))
		return SSL_ERROR_SYSCALL;
	return real()->BIO_test_flags(b, BIO_FLAGS_WRITE) ? SSL_ERROR_WANT_WRITE : SSL_ERROR_WANT_READ;
}

// ended is a read that gave nothing: the peer's close_notify, nothing yet, or an error.
static int ended(struct conn *c, BIO *b, int n)
{
	c->reason = wants(b);
	if (c->reason != SSL_ERROR_SYSCALL)
		return -1;
	if (n == 0 && !c->broken) {
		c->shutdown |= SSL_RECEIVED_SHUTDOWN;
		c->reason = SSL_ERROR_ZERO_RETURN;
		return 0;
	}
	c->broken = 1; // after the error the socket gives 0, which is no close_notify
	if (n == 0)
		errno = ECONNRESET;
	return -1;
}

static int from_bio(SSL *ssl, struct conn *c, void *buf, size_t len)
{
	BIO *b = real()->SSL_get_rbio(ssl);
	int n = real()->BIO_read(b, buf, (int)len);
	if (n <= 0)
		return ended(c, b, n);
	c->reason = SSL_ERROR_NONE;
	return n;
}

static size_t is_ahead(const struct conn *c)
{
	return c->ahead.end - c->ahead.at;
}

// from_ahead gives of what was peeked at.
static int from_ahead(struct conn *c, void *buf, size_t len, int take)
{
	size_t n = len < is_ahead(c) ? len : is_ahead(c);
	memcpy(buf, c->ahead.bytes + c->ahead.at, n);
	if (take)
		c->ahead.at += n;
	c->reason = SSL_ERROR_NONE;
	return (int)n;
}

static int take(SSL *ssl, struct conn *c, void *buf, size_t len)
{
	if (!ready(ssl, c))
		return -1;
	if (len > INT_MAX)
		len = INT_MAX;
	return is_ahead(c) ? from_ahead(c, buf, len, 1) : from_bio(ssl, c, buf, len);
}

// look is take without taking.
static int look(SSL *ssl, struct conn *c, void *buf, size_t len)
{
	enum { AHEAD_MAX = 16384 }; // as much as a record holds
	if (!ready(ssl, c))
		return -1;
	if (is_ahead(c))
		return from_ahead(c, buf, len, 0);
	if (!c->ahead.bytes)
		c->ahead.bytes = malloc(AHEAD_MAX);
	if (!c->ahead.bytes)
		abort();
	int n = from_bio(ssl, c, c->ahead.bytes, AHEAD_MAX);
	if (n <= 0)
		return n;
	c->ahead.at = 0;
	c->ahead.end = (size_t)n;
	return from_ahead(c, buf, len, 0);
}

static int partial(SSL *ssl)
{
	return real()->SSL_ctrl(ssl, SSL_CTRL_MODE, 0, NULL) & SSL_MODE_ENABLE_PARTIAL_WRITE;
}

// put writes all, or as much as fits for a program that takes that. What did not fit is written when the program repeats
// the call.
static int put(SSL *ssl, struct conn *c, const void *buf, size_t len)
{
	if (!ready(ssl, c))
		return -1;
	if (len > INT_MAX)
		len = INT_MAX;
	BIO *b = real()->SSL_get_wbio(ssl);
	size_t at = c->wrote < len ? c->wrote : 0;
	while (at < len) {
		int n = real()->BIO_write(b, (const char *)buf + at, (int)(len - at));
		if (n <= 0) {
			c->reason = wants(b);
			if (at && partial(ssl))
				break;
			c->wrote = c->reason == SSL_ERROR_SYSCALL ? 0 : at;
			return -1;
		}
		at += (size_t)n;
	}
	c->wrote = 0;
	c->reason = SSL_ERROR_NONE;
	return (int)at;
}

EXPORT int SSL_read(SSL *ssl, void *buf, int len)
{
	struct conn *c = conn_of(ssl);
	return c ? take(ssl, c, buf, (size_t)(len > 0 ? len : 0)) : real()->SSL_read(ssl, buf, len);
}

EXPORT int SSL_peek(SSL *ssl, void *buf, int len)
{
	struct conn *c = conn_of(ssl);
	return c ? look(ssl, c, buf, (size_t)(len > 0 ? len : 0)) : real()->SSL_peek(ssl, buf, len);
}

EXPORT int SSL_write(SSL *ssl, const void *buf, int len)
{
	struct conn *c = conn_of(ssl);
	return c ? put(ssl, c, buf, (size_t)(len > 0 ? len : 0)) : real()->SSL_write(ssl, buf, len);
}

// moved is the result of an _ex function.
static int moved(int n, size_t *count)
{
	*count = n > 0 ? (size_t)n : 0;
	return n > 0;
}

EXPORT int SSL_read_ex(SSL *ssl, void *buf, size_t len, size_t *count)
{
	struct conn *c = conn_of(ssl);
	return c ? moved(take(ssl, c, buf, len), count) : real()->SSL_read_ex(ssl, buf, len, count);
}

EXPORT int SSL_peek_ex(SSL *ssl, void *buf, size_t len, size_t *count)
{
	struct conn *c = conn_of(ssl);
	return c ? moved(look(ssl, c, buf, len), count) : real()->SSL_peek_ex(ssl, buf, len, count);
}

EXPORT int SSL_write_ex(SSL *ssl, const void *buf, size_t len, size_t *count)
{
	struct conn *c = conn_of(ssl);
	if (!c)
		return real()->SSL_write_ex(ssl, buf, len, count);
	int n = put(ssl, c, buf, len);
	*count = n > 0 ? (size_t)n : 0;
	return n >= 0;
}

EXPORT int SSL_pending(const SSL *ssl)
{
	struct conn *c = conn_known(ssl);
	return c ? (int)is_ahead(c) : real()->SSL_pending(ssl);
}

EXPORT int SSL_has_pending(const SSL *ssl)
{
	struct conn *c = conn_known(ssl);
	return c ? is_ahead(c) > 0 : real()->SSL_has_pending(ssl);
}
