#include "conn.h"

#include <stdlib.h>

#include "../export.h"
#include "../mode.h"
#include "kept.h"
#include "real.h"
#include "trust.h"

static struct kept sessions = {.mu = PTHREAD_MUTEX_INITIALIZER};
static struct kept credentials = {.mu = PTHREAD_MUTEX_INITIALIZER};

struct conn *conn_of(session_t session)
{
	return session && coerced() ? kept_find(&sessions, session, sizeof(struct conn)) : NULL;
}

struct credentials *credentials_of(credentials_t cred)
{
	return cred && coerced() ? kept_find(&credentials, cred, sizeof(struct credentials)) : NULL;
}

credentials_t credentials_in(session_t session)
{
	void *cred = NULL;
	return real()->credentials_get(session, CRD_CERTIFICATE, &cred) < 0 ? NULL : cred;
}

static void free_conn(struct conn *c)
{
	if (!c)
		return;
	for (unsigned i = 0; i < c->answers.length; i++)
		real_free(c->answers.chain[i].data);
	free(c->answers.chain);
	real_free(c->answers.ours.data);
	free(c->hello.bytes);
	free(c->unsent.bytes);
	free(c->alpn);
	free(c);
}

EXPORT int gnutls_init(session_t *session, unsigned flags)
{
	int result = real()->init(session, flags);
	struct conn *c = result == 0 ? conn_of(*session) : NULL;
	if (c) {
		c->fd = -1;
		c->status = ~0u;
		c->server = (flags & INIT_SERVER) != 0;
		c->datagram = (flags & INIT_DATAGRAM) != 0;
		c->no_signal = (flags & INIT_NO_SIGNAL) != 0;
	}
	return result;
}

EXPORT void gnutls_deinit(session_t session)
{
	if (session && coerced())
		free_conn(kept_take(&sessions, session));
	real()->deinit(session);
}

static void forget(credentials_t cred)
{
	trust_forget(cred);
	free(kept_take(&credentials, cred));
}

EXPORT void gnutls_certificate_free_credentials(credentials_t cred)
{
	if (cred && coerced())
		forget(cred);
	real()->certificate_free_credentials(cred);
}
