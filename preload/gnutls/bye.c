// The end of a connection, and alerts, which are the TLS service's.
#include <errno.h>
#include <sys/socket.h>

#include "../export.h"
#include "io.h"
#include "real.h"

// send_close sends close_notify, and FIN with it.
static int send_close(struct conn *c)
{
	if (shutdown(c->fd, SHUT_WR) < 0 && errno != ENOTCONN)
		return E_PUSH_ERROR;
	c->closed = 1;
	return E_SUCCESS;
}

// await_close reads up to the peer's close_notify; what comes before is lost, as it is by the library.
static int await_close(struct conn *c)
{
	char lost[4096];
	ssize_t n;
	while ((n = take(c, lost, sizeof lost)) > 0)
		;
	return (int)n;
}

EXPORT int gnutls_bye(session_t session, int how)
{
	struct conn *c = conn_of(session);
	if (!c)
		return real()->bye(session, how);
	if (!served(c))
		return E_SUCCESS;
	int result = c->closed ? E_SUCCESS : send_close(c);
	return result == E_SUCCESS && how == SHUT_BOTH ? await_close(c) : result;
}

// alert is one that the program would send: the end of the connection, for the peer.
static int alert(struct conn *c, int level, int description)
{
	if (!served(c))
		return E_SUCCESS; // the service has sent the one that fits
	if (description == A_CLOSE_NOTIFY)
		return send_close(c);
	if (level == AL_FATAL)
		(void)shutdown(c->fd, SHUT_RDWR);
	return E_SUCCESS;
}

EXPORT int gnutls_alert_send(session_t session, int level, int description)
{
	struct conn *c = conn_of(session);
	return c ? alert(c, level, description) : real()->alert_send(session, level, description);
}

EXPORT int gnutls_alert_send_appropriate(session_t session, int error)
{
	struct conn *c = conn_of(session);
	return c ? alert(c, AL_FATAL, !A_CLOSE_NOTIFY) : real()->alert_send_appropriate(session, error);
}

// gnutls_alert_get is asked after an error that is never given here.
EXPORT int gnutls_alert_get(session_t session)
{
	return conn_of(session) ? A_CLOSE_NOTIFY : real()->alert_get(session);
}
