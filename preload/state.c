// What a program asks about how far a connection is.
#include "conn.h"
#include "export.h"
#include "real.h"

enum { SSL_NOTHING = 1, SSL_WRITING = 2, SSL_READING = 3, SSL_X509_LOOKUP = 4 };

EXPORT int SSL_get_error(const SSL *ssl, int result)
{
	struct conn *c = conn_known(ssl);
	if (!c)
		return real()->SSL_get_error(ssl, result);
	if (result > 0)
		return SSL_ERROR_NONE;
	// 0 from SSL_shutdown or for no bytes: nothing went wrong, and nothing was done.
	return c->reason == SSL_ERROR_NONE ? SSL_ERROR_SYSCALL : c->reason;
}

EXPORT int SSL_want(const SSL *ssl)
{
	static const int wants[] = {[SSL_ERROR_WANT_READ] = SSL_READING,
				    [SSL_ERROR_WANT_WRITE] = SSL_WRITING,
				    [SSL_ERROR_WANT_X509_LOOKUP] = SSL_X509_LOOKUP};
	struct conn *c = conn_known(ssl);
	if (!c)
		return real()->SSL_want(ssl);
	unsigned reason = (unsigned)c->reason;
	return reason < sizeof wants / sizeof *wants && wants[reason] ? wants[reason] : SSL_NOTHING;
}

// ours says whether the connection's handshake is ours to speak of: not in the callbacks of a server's program.
static int ours(const struct conn *c)
{
	return c && c->phase != PHASE_FRESH && c->phase != PHASE_HELLO;
}

EXPORT int SSL_is_init_finished(const SSL *ssl)
{
	struct conn *c = conn_known(ssl);
	return ours(c) ? c->phase == PHASE_CONNECTED : real()->SSL_is_init_finished(ssl);
}

EXPORT int SSL_in_init(const SSL *ssl)
{
	struct conn *c = conn_known(ssl);
	return ours(c) ? c->phase != PHASE_CONNECTED : real()->SSL_in_init(ssl);
}

EXPORT int SSL_in_before(const SSL *ssl)
{
	return ours(conn_known(ssl)) ? 0 : real()->SSL_in_before(ssl);
}

EXPORT int SSL_get_state(const SSL *ssl)
{
	return served(conn_known(ssl)) ? TLS_ST_OK : real()->SSL_get_state(ssl);
}

EXPORT const char *SSL_state_string(const SSL *ssl)
{
	return served(conn_known(ssl)) ? "SSLOK " : real()->SSL_state_string(ssl);
}

EXPORT const char *SSL_state_string_long(const SSL *ssl)
{
	return served(conn_known(ssl)) ? "SSL negotiation finished successfully" : real()->SSL_state_string_long(ssl);
}

EXPORT int SSL_get_fd(const SSL *ssl)
{
	struct conn *c = conn_known(ssl);
	return c && c->fd >= 0 ? c->fd : real()->SSL_get_fd(ssl);
}

EXPORT int SSL_get_rfd(const SSL *ssl)
{
	struct conn *c = conn_known(ssl);
	return c && c->fd >= 0 ? c->fd : real()->SSL_get_rfd(ssl);
}

EXPORT int SSL_get_wfd(const SSL *ssl)
{
	struct conn *c = conn_known(ssl);
	return c && c->fd >= 0 ? c->fd : real()->SSL_get_wfd(ssl);
}
