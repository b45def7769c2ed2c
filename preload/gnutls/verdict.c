// The program's own verification of a peer that the policy accepts, and what it is told of the policy's.
#include <string.h>
#include <sys/socket.h>

#include "../export.h"
#include "failure.h"
#include "handshake.h"
#include "peers.h"
#include "real.h"

// asked is the program's callback: the session's, or that of its credentials.
static session_func *asked(session_t session, struct conn *c)
{
	credentials_t cred = credentials_in(session);
	if (c->server && c->request == CERT_IGNORE)
		return NULL;
	if (c->verify_func)
		return c->verify_func;
	return cred ? credentials_of(cred)->verify : NULL;
}

int verdict(session_t session, struct conn *c)
{
	session_func *f = asked(session, c);
	if (!f || f(session) == 0)
		return E_SUCCESS;
	(void)shutdown(c->fd, SHUT_RDWR);
	return fail_certificate(c, 0, "the program's own verification refuses the peer's certificate");
}

// purpose_holds and those below compare a certificate with one thing that a program says of it.
static int purpose_holds(crt_t leaf, const vdata_t *v)
{
	return real()->x509_crt_check_key_purpose(leaf, (char *)v->data, 0) != 0;
}

static int name_holds(crt_t leaf, const vdata_t *v)
{
	return real()->x509_crt_check_hostname(leaf, (char *)v->data) != 0;
}

static int address_holds(crt_t leaf, const vdata_t *v)
{
	return real()->x509_crt_check_ip(leaf, v->data, v->size, 0) != 0;
}

// unexpected says what does not hold, a combination of STATUS_.
static unsigned unexpected(crt_t leaf, const vdata_t *data, unsigned n)
{
	static int (*const holds[])(crt_t, const vdata_t *) = {[1] = name_holds, [2] = purpose_holds, [4] = address_holds};
	static const unsigned says[] = {[1] = STATUS_UNEXPECTED_OWNER, [2] = STATUS_PURPOSE_MISMATCH, [4] = STATUS_UNEXPECTED_OWNER};
	unsigned status = 0;
	for (unsigned i = 0; i < n; i++) {
		unsigned type = (unsigned)data[i].type;
		if (type >= sizeof holds / sizeof *holds || !holds[type])
			status |= STATUS_INVALID | STATUS_UNEXPECTED_OWNER; // what we do not know we cannot vouch for
		else if (data[i].data && !holds[type](leaf, &data[i]))
			status |= STATUS_INVALID | says[type];
	}
	return status;
}

// verified is what the program is told: the policy has accepted the chain, what is left is what the program expects.
static int verified(struct conn *c, const vdata_t *data, unsigned n, unsigned *status)
{
	crt_t leaf = peers_leaf(c);
	*status = STATUS_INVALID;
	if (!leaf)
		return E_NO_CERTIFICATE_FOUND;
	*status = unexpected(leaf, data, n);
	real()->x509_crt_deinit(leaf);
	return E_SUCCESS;
}

EXPORT int gnutls_certificate_verify_peers(session_t session, vdata_t *data, unsigned n, unsigned *status)
{
	struct conn *c = conn_of(session);
	return served(c) ? verified(c, data, n, status) : real()->certificate_verify_peers(session, data, n, status);
}

EXPORT int gnutls_certificate_verify_peers2(session_t session, unsigned *status)
{
	struct conn *c = conn_of(session);
	return served(c) ? verified(c, NULL, 0, status) : real()->certificate_verify_peers2(session, status);
}

EXPORT int gnutls_certificate_verify_peers3(session_t session, const char *name, unsigned *status)
{
	struct conn *c = conn_of(session);
	vdata_t v = {.type = DT_DNS_HOSTNAME, .data = (unsigned char *)name};
	return served(c) ? verified(c, &v, name != NULL, status) : real()->certificate_verify_peers3(session, name, status);
}

EXPORT unsigned gnutls_session_get_verify_cert_status(session_t session)
{
	struct conn *c = conn_of(session);
	return c ? c->status : real()->session_get_verify_cert_status(session);
}

EXPORT void gnutls_session_set_verify_function(session_t session, session_func *f)
{
	struct conn *c = conn_of(session);
	if (c)
		c->verify_func = f;
	real()->session_set_verify_function(session, f);
}

EXPORT void gnutls_certificate_set_verify_function(credentials_t cred, session_func *f)
{
	struct credentials *k = credentials_of(cred);
	if (k)
		k->verify = f;
	real()->certificate_set_verify_function(cred, f);
}
