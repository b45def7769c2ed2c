// Sessions are the service's, which resumes them by itself. What the program keeps of one and gives back stands for nothing.
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "../export.h"
#include "../ssa_option.h"
#include "conn.h"
#include "real.h"

static const char stand_in[] = "ssa: sessions are resumed by the TLS service";

EXPORT int gnutls_session_is_resumed(session_t session)
{
	struct conn *c = conn_of(session);
	return served(c) ? option_int(c->fd, TLS_RESUMED_SESSION, 0) : real()->session_is_resumed(session);
}

// into copies to the program's buffer and says how long it is.
static int into(const void *from, size_t len, void *to, size_t *size)
{
	size_t room = *size;
	*size = len;
	if (!to || room < len)
		return E_SHORT_MEMORY_BUFFER;
	memcpy(to, from, len);
	return E_SUCCESS;
}

EXPORT int gnutls_session_get_data(session_t session, void *data, size_t *size)
{
	struct conn *c = conn_of(session);
	if (!served(c))
		return real()->session_get_data(session, data, size);
	if (!data) { // it asks for the size
		*size = sizeof stand_in;
		return E_SUCCESS;
	}
	return into(stand_in, sizeof stand_in, data, size);
}

EXPORT int gnutls_session_get_data2(session_t session, datum_t *data)
{
	if (!served(conn_of(session)))
		return real()->session_get_data2(session, data);
	*data = (datum_t){malloc(sizeof stand_in), sizeof stand_in};
	if (!data->data)
		return E_MEMORY_ERROR;
	memcpy(data->data, stand_in, sizeof stand_in);
	return E_SUCCESS;
}

EXPORT int gnutls_session_set_data(session_t session, const void *data, size_t size)
{
	return conn_of(session) ? E_SUCCESS : real()->session_set_data(session, data, size);
}

// id is the number of the connection in the service.
static const char *id(struct conn *c)
{
	socklen_t len = sizeof c->answers.id;
	(void)getsockopt(c->fd, IPPROTO_TLS, TLS_ID, c->answers.id, &len);
	return c->answers.id;
}

EXPORT int gnutls_session_get_id(session_t session, void *to, size_t *size)
{
	struct conn *c = conn_of(session);
	if (!served(c))
		return real()->session_get_id(session, to, size);
	return into(id(c), sizeof c->answers.id, to, size);
}

EXPORT int gnutls_session_get_id2(session_t session, datum_t *to)
{
	struct conn *c = conn_of(session);
	if (!served(c))
		return real()->session_get_id2(session, to);
	*to = (datum_t){(unsigned char *)id(c), sizeof c->answers.id};
	return E_SUCCESS;
}
