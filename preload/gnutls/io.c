// Reading and writing: plaintext, on the socket itself.
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../export.h"
#include "../libc.h"
#include "failure.h"
#include "io.h"
#include "real.h"

// ended is a read that gave nothing: the peer's close_notify, nothing yet, or an error.
static ssize_t ended(struct conn *c, ssize_t n)
{
	if (n == 0)
		return c->broken ? E_PREMATURE_TERMINATION : 0; // after an error the socket gives 0, which is no close_notify
	if (errno == EAGAIN)
		return wait_for(c, 0);
	if (errno == EINTR)
		return E_INTERRUPTED;
	c->broken = 1;
	return errno == ECONNRESET ? E_PREMATURE_TERMINATION : E_PULL_ERROR;
}

// due waits as long as the program allows.
static int due(struct conn *c)
{
	struct pollfd p = {.fd = c->fd, .events = POLLIN};
	int ms = c->timeout_ms > INT_MAX ? INT_MAX : (int)c->timeout_ms;
	return !c->timeout_ms || poll(&p, 1, ms) != 0;
}

ssize_t take(struct conn *c, void *to, size_t len)
{
	if (!due(c))
		return E_TIMEDOUT;
	ssize_t n = libc()->recv(c->fd, to, len, 0);
	return n > 0 ? n : ended(c, n);
}

static ssize_t put(struct conn *c, const void *bytes, size_t len)
{
	if (c->closed)
		return E_PUSH_ERROR;
	ssize_t n = libc()->send(c->fd, bytes, len, c->no_signal ? MSG_NOSIGNAL : 0);
	if (n >= 0)
		return n;
	if (errno == EAGAIN)
		return wait_for(c, 1);
	return errno == EINTR ? E_INTERRUPTED : E_PUSH_ERROR;
}

// keep adds to what is to be written later.
static int keep(struct conn *c, const void *bytes, size_t len)
{
	if (c->unsent.len + len > c->unsent.size) {
		size_t size = c->unsent.len + len + RECORD_MAX;
		char *more = realloc(c->unsent.bytes, size);
		if (!more)
			return 0;
		c->unsent.bytes = more;
		c->unsent.size = size;
	}
	memcpy(c->unsent.bytes + c->unsent.len, bytes, len);
	c->unsent.len += len;
	return 1;
}

// flush writes what was kept, as far as it goes, and says how much that was.
static ssize_t flush(struct conn *c)
{
	size_t at = 0;
	ssize_t n = 0;
	while (at < c->unsent.len && (n = put(c, c->unsent.bytes + at, c->unsent.len - at)) >= 0)
		at += (size_t)n;
	c->unsent.len -= at;
	if (c->unsent.len)
		memmove(c->unsent.bytes, c->unsent.bytes + at, c->unsent.len);
	return n < 0 && !at ? n : (ssize_t)at;
}

// again is a call that the program repeats, with the same bytes or with none: they are here.
static ssize_t again(struct conn *c)
{
	ssize_t n = flush(c);
	if (n < 0)
		return n;
	return c->unsent.len ? wait_for(c, 1) : (ssize_t)c->unsent.whole;
}

// write_record writes as much as a record holds. What has to wait is kept, as the library does.
static ssize_t write_record(struct conn *c, const void *bytes, size_t len)
{
	if (c->unsent.corked)
		return keep(c, bytes, len) ? (ssize_t)len : E_MEMORY_ERROR;
	if (c->unsent.len)
		return again(c);
	if (len > RECORD_MAX)
		len = RECORD_MAX;
	ssize_t n = len ? put(c, bytes, len) : 0;
	if (n != E_AGAIN && n != E_INTERRUPTED)
		return n;
	c->unsent.whole = len;
	return keep(c, bytes, len) ? n : E_MEMORY_ERROR;
}

EXPORT ssize_t gnutls_record_send(session_t session, const void *bytes, size_t len)
{
	struct conn *c = conn_of(session);
	if (!c)
		return real()->record_send(session, bytes, len);
	return served(c) ? write_record(c, bytes, len) : E_INVALID_SESSION;
}

EXPORT ssize_t gnutls_record_send2(session_t session, const void *bytes, size_t len, size_t pad, unsigned flags)
{
	return conn_of(session) ? gnutls_record_send(session, bytes, len) : real()->record_send2(session, bytes, len, pad, flags);
}

EXPORT ssize_t gnutls_record_send_range(session_t session, const void *bytes, size_t len, const void *range)
{
	return conn_of(session) ? gnutls_record_send(session, bytes, len) : real()->record_send_range(session, bytes, len, range);
}

// read_part reads a part of a file from where the program says.
static ssize_t read_part(int fd, const off_t *offset, char *to, size_t len)
{
	return offset ? pread(fd, to, len, *offset) : libc()->read(fd, to, len);
}

static ssize_t send_file(session_t session, int fd, off_t *offset, size_t count)
{
	char part[RECORD_MAX];
	size_t sent = 0;
	while (sent < count) {
		size_t len = count - sent < sizeof part ? count - sent : sizeof part;
		ssize_t n = read_part(fd, offset, part, len);
		if (n <= 0)
			return n < 0 ? E_FILE_ERROR : (ssize_t)sent;
		for (ssize_t at = 0; at < n;) {
			ssize_t m = gnutls_record_send(session, part + at, (size_t)(n - at));
			if (m < 0 && m != E_AGAIN && m != E_INTERRUPTED)
				return m;
			at += m > 0 ? m : 0;
			if (m == E_AGAIN)
				(void)poll(&(struct pollfd){.fd = conn_of(session)->fd, .events = POLLOUT}, 1, -1);
		}
		if (offset)
			*offset += n;
		sent += (size_t)n;
	}
	return (ssize_t)sent;
}

EXPORT ssize_t gnutls_record_send_file(session_t session, int fd, off_t *offset, size_t count)
{
	return conn_of(session) ? send_file(session, fd, offset, count) : real()->record_send_file(session, fd, offset, count);
}

EXPORT ssize_t gnutls_record_recv(session_t session, void *to, size_t len)
{
	struct conn *c = conn_of(session);
	if (!c)
		return real()->record_recv(session, to, len);
	return served(c) ? take(c, to, len) : E_INVALID_SESSION;
}

EXPORT void gnutls_record_cork(session_t session)
{
	struct conn *c = conn_of(session);
	if (!c)
		real()->record_cork(session);
	else
		c->unsent.corked = 1;
}

// uncork writes what was corked and gives its length; with RECORD_WAIT it waits until all is written.
static int uncork(struct conn *c, unsigned flags)
{
	size_t all = c->unsent.len;
	ssize_t n;
	while ((n = flush(c)) >= 0 ? c->unsent.len > 0 : n == E_AGAIN || n == E_INTERRUPTED) {
		if (!(flags & RECORD_WAIT))
			return n < 0 ? (int)n : E_AGAIN;
		(void)poll(&(struct pollfd){.fd = c->fd, .events = POLLOUT}, 1, -1);
	}
	if (n < 0)
		return (int)n;
	c->unsent.corked = 0;
	return (int)all;
}

EXPORT int gnutls_record_uncork(session_t session, unsigned flags)
{
	struct conn *c = conn_of(session);
	if (!c)
		return real()->record_uncork(session, flags);
	return c->unsent.corked ? uncork(c, flags) : E_SUCCESS;
}

EXPORT size_t gnutls_record_check_corked(session_t session)
{
	struct conn *c = conn_of(session);
	return c ? c->unsent.len : real()->record_check_corked(session);
}

EXPORT size_t gnutls_record_discard_queued(session_t session)
{
	struct conn *c = conn_of(session);
	if (!c)
		return real()->record_discard_queued(session);
	size_t n = c->unsent.len;
	c->unsent.len = 0;
	return n;
}

// gnutls_record_check_pending is what is not in the socket any more.
EXPORT size_t gnutls_record_check_pending(session_t session)
{
	return conn_of(session) ? 0 : real()->record_check_pending(session);
}

EXPORT int gnutls_record_get_direction(session_t session)
{
	struct conn *c = conn_of(session);
	return c ? c->writes : real()->record_get_direction(session);
}

EXPORT void gnutls_record_set_timeout(session_t session, unsigned ms)
{
	struct conn *c = conn_of(session);
	if (c)
		c->timeout_ms = ms;
	real()->record_set_timeout(session, ms);
}
