#include "request.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../export.h"
#include "../mode.h"
#include "../names.h"
#include "../refused.h"
#include "../ssa_option.h"
#include "failure.h"
#include "real.h"

// unserved looks for what the program has set and no connection of ours can have.
static int unserved(session_t session, struct conn *c)
{
	credentials_t cred = credentials_in(session);
	const char *name = cred ? credentials_of(cred)->unserved : c->instead;
	if (c->unserved)
		name = c->unserved;
	if (!name)
		return 0;
	refused(name);
	if (option_set(c->fd, TLS_COERCE, name, strlen(name)) < 0)
		return fail_socket(c, name, errno); // and it is in the audit log
	return best_effort() ? 0 : fail(c, "the program has called %s, which cannot be served to a coerced program", name);
}

int request_make(session_t session, struct conn *c)
{
	static int (*const parts[])(session_t, struct conn *) = {unserved,     request_versions, request_ciphers,
								 request_alpn, request_trust,	 request_credentials};
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		int result = parts[i](session, c);
		if (result != 0)
			return result;
	}
	return 0;
}

void request_name(struct conn *c, char *name, size_t size)
{
	if (*c->verify || *c->sni)
		snprintf(name, size, "%s", *c->verify ? c->verify : c->sni);
	else
		names_of_peer(c->fd, name, size);
}

static void note(char *to, const void *name, size_t len)
{
	if (len >= NAME_SIZE)
		len = NAME_SIZE - 1; // longer than any host name: it is refused as none
	if (len)
		memcpy(to, name, len);
	to[len] = 0;
}

EXPORT int gnutls_server_name_set(session_t session, int type, const void *name, size_t len)
{
	struct conn *c = conn_of(session);
	if (c && type == NAME_DNS)
		note(c->sni, name, name ? len : 0);
	return real()->server_name_set(session, type, name, len);
}

EXPORT void gnutls_session_set_verify_cert(session_t session, const char *name, unsigned flags)
{
	struct conn *c = conn_of(session);
	if (c)
		note(c->verify, name, name ? strlen(name) : 0);
	real()->session_set_verify_cert(session, name, flags);
}

EXPORT void gnutls_session_set_verify_cert2(session_t session, vdata_t *data, unsigned n, unsigned flags)
{
	struct conn *c = conn_of(session);
	for (unsigned i = 0; c && i < n; i++)
		if (data[i].type == DT_DNS_HOSTNAME && data[i].data)
			note(c->verify, data[i].data, strlen((char *)data[i].data));
	real()->session_set_verify_cert2(session, data, n, flags);
}

EXPORT void gnutls_certificate_server_set_request(session_t session, int request)
{
	struct conn *c = conn_of(session);
	if (c)
		c->request = request;
	real()->certificate_server_set_request(session, request);
}
