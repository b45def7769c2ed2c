// What a program asks about a connection: answered from the connection.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "../export.h"
#include "../refused.h"
#include "../ssa_option.h"
#include "conn.h"
#include "peers.h"
#include "real.h"
#include "suites.h"

EXPORT int gnutls_protocol_get_version(session_t session)
{
	struct conn *c = conn_of(session);
	return served(c) ? option_int(c->fd, TLS_CHOSEN_VERSION, 0) - 0x0301 + GNUTLS_TLS1_0 : real()->protocol_get_version(session);
}

// suite is the library's description of the suite chosen.
struct suite {
	int kx, cipher, mac, version;
};

static struct suite suite_of(struct conn *c)
{
	char name[128];
	unsigned char id[2];
	struct suite s = {0};
	option_text(c->fd, TLS_CHOSEN_CIPHER, name, sizeof name);
	uint16_t number = suite_number(name);
	for (size_t i = 0; number && real()->cipher_suite_info(i, id, &s.kx, &s.cipher, &s.mac, &s.version); i++)
		if ((id[0] << 8 | id[1]) == number)
			return s;
	return (struct suite){0};
}

EXPORT int gnutls_cipher_get(session_t session)
{
	struct conn *c = conn_of(session);
	return served(c) ? suite_of(c).cipher : real()->cipher_get(session);
}

EXPORT int gnutls_mac_get(session_t session)
{
	struct conn *c = conn_of(session);
	return served(c) ? suite_of(c).mac : real()->mac_get(session);
}

// kx_of is the suite's; TLS 1.3 has the kind of the certificate's key in its place.
static int kx_of(struct conn *c)
{
	struct suite s = suite_of(c);
	crt_t leaf = s.kx ? NULL : peers_leaf(c);
	if (!leaf)
		return s.kx ? s.kx : KX_ECDHE_RSA;
	int rsa = real()->x509_crt_get_pk_algorithm(leaf, NULL) == PK_RSA;
	real()->x509_crt_deinit(leaf);
	return rsa ? KX_ECDHE_RSA : KX_ECDHE_ECDSA;
}

EXPORT int gnutls_kx_get(session_t session)
{
	struct conn *c = conn_of(session);
	return served(c) ? kx_of(c) : real()->kx_get(session);
}

EXPORT const char *gnutls_ciphersuite_get(session_t session)
{
	struct conn *c = conn_of(session);
	if (!served(c))
		return real()->ciphersuite_get ? real()->ciphersuite_get(session) : NULL;
	option_text(c->fd, TLS_CHOSEN_CIPHER, c->answers.suite, sizeof c->answers.suite);
	return c->answers.suite;
}

// described is what the caller frees with gnutls_free, which is free(3) here.
static char *described(session_t session)
{
	static const char *const versions[] = {"TLS1.0", "TLS1.1", "TLS1.2", "TLS1.3"};
	char text[NAME_SIZE];
	struct suite s = suite_of(conn_of(session));
	unsigned version = (unsigned)gnutls_protocol_get_version(session) - GNUTLS_TLS1_0;
	snprintf(text, sizeof text, "(%s)-(%s)-(%s)", version < 4 ? versions[version] : "TLS",
		 real()->kx_get_name(gnutls_kx_get(session)), real()->cipher_get_name(s.cipher));
	return strdup(text);
}

EXPORT char *gnutls_session_get_desc(session_t session)
{
	return served(conn_of(session)) ? described(session) : real()->session_get_desc(session);
}

EXPORT int gnutls_certificate_type_get(session_t session)
{
	return served(conn_of(session)) ? CRT_X509 : real()->certificate_type_get(session);
}

EXPORT int gnutls_certificate_type_get2(session_t session, int target)
{
	return served(conn_of(session)) ? CRT_X509 : real()->certificate_type_get2(session, target);
}

EXPORT int gnutls_auth_get_type(session_t session)
{
	return served(conn_of(session)) ? CRD_CERTIFICATE : real()->auth_get_type(session);
}

EXPORT int gnutls_auth_server_get_type(session_t session)
{
	return served(conn_of(session)) ? CRD_CERTIFICATE : real()->auth_server_get_type(session);
}

EXPORT int gnutls_auth_client_get_type(session_t session)
{
	return served(conn_of(session)) ? CRD_CERTIFICATE : real()->auth_client_get_type(session);
}

// The service does not renegotiate, and so says in its handshakes (RFC 5746).
EXPORT int gnutls_safe_renegotiation_status(session_t session)
{
	return served(conn_of(session)) ? 1 : real()->safe_renegotiation_status(session);
}

EXPORT unsigned gnutls_session_get_flags(session_t session)
{
	return served(conn_of(session)) ? SFLAGS_SAFE_RENEGOTIATION : real()->session_get_flags(session);
}

// shown is a name in the program's buffer, in the library's way.
static int shown(const char *name, void *to, size_t *size, unsigned *type)
{
	size_t len = strlen(name), room = *size;
	if (!len)
		return E_REQUESTED_DATA_NOT_AVAILABLE;
	*size = len;
	*type = NAME_DNS;
	if (room < len + 1)
		return E_SHORT_MEMORY_BUFFER;
	memcpy(to, name, len + 1);
	return E_SUCCESS;
}

EXPORT int gnutls_server_name_get(session_t session, void *to, size_t *size, unsigned *type, unsigned index)
{
	struct conn *c = conn_of(session);
	char name[NAME_SIZE];
	if (!served(c) || !c->server)
		return real()->server_name_get(session, to, size, type, index);
	option_text(c->fd, TLS_HOSTNAME, name, sizeof name);
	return index ? E_REQUESTED_DATA_NOT_AVAILABLE : shown(name, to, size, type);
}

// The connection's own certificate is known to the service; what the credentials have first stands for it.
static const datum_t *ours(session_t session, struct conn *c)
{
	crt_t *certs = NULL;
	unsigned n = 0;
	credentials_t cred = credentials_in(session);
	if (c->answers.ours.data || !cred || real()->certificate_get_x509_crt(cred, 0, &certs, &n) < 0)
		return c->answers.ours.data ? &c->answers.ours : NULL;
	if (n)
		(void)real()->x509_crt_export2(certs[0], !FMT_PEM, &c->answers.ours);
	for (unsigned i = 0; i < n; i++)
		real()->x509_crt_deinit(certs[i]);
	real_free(certs);
	return c->answers.ours.data ? &c->answers.ours : NULL;
}

EXPORT const datum_t *gnutls_certificate_get_ours(session_t session)
{
	struct conn *c = conn_of(session);
	if (!served(c))
		return real()->certificate_get_ours(session);
	return c->server ? ours(session, c) : NULL;
}

// end_point is the hash of the server's certificate (RFC 5929, section 4.1).
static int end_point(struct conn *c, datum_t *binding)
{
	crt_t leaf = c->server ? NULL : peers_leaf(c);
	size_t size = 64;
	if (!leaf)
		return E_CHANNEL_BINDING_NOT_AVAILABLE;
	int hash = real()->sign_get_hash_algorithm(real()->x509_crt_get_signature_algorithm(leaf));
	real()->x509_crt_deinit(leaf);
	if (hash <= 0 || hash == DIG_MD5 || hash == DIG_SHA1)
		hash = DIG_SHA256;
	binding->data = malloc(size);
	if (!binding->data || real()->fingerprint(hash, peers(c, NULL), binding->data, &size) < 0)
		return E_CHANNEL_BINDING_NOT_AVAILABLE;
	binding->size = (unsigned)size;
	return E_SUCCESS;
}

EXPORT int gnutls_session_channel_binding(session_t session, int type, datum_t *binding)
{
	struct conn *c = conn_of(session);
	if (!c)
		return real()->session_channel_binding(session, type, binding);
	if (type == CB_SERVER_END_POINT)
		return served(c) ? end_point(c, binding) : E_CHANNEL_BINDING_NOT_AVAILABLE;
	refused("gnutls_session_channel_binding");
	return E_CHANNEL_BINDING_NOT_AVAILABLE;
}

// Responses of OCSP are judged by the service and not handed on.
EXPORT int gnutls_ocsp_status_request_get(session_t session, datum_t *response)
{
	return conn_of(session) ? E_REQUESTED_DATA_NOT_AVAILABLE : real()->ocsp_status_request_get(session, response);
}

EXPORT int gnutls_ocsp_status_request_get2(session_t session, unsigned index, datum_t *response)
{
	return conn_of(session) ? E_REQUESTED_DATA_NOT_AVAILABLE : real()->ocsp_status_request_get2(session, index, response);
}

EXPORT unsigned gnutls_ocsp_status_request_is_checked(session_t session, unsigned flags)
{
	return conn_of(session) ? 0 : real()->ocsp_status_request_is_checked(session, flags);
}
