// What a program asks about a connection: answered from the connection.
#include <string.h>

#include "conn.h"
#include "export.h"
#include "real.h"
#include "ssa_option.h"
#include "verdict.h"

static int version(struct conn *c)
{
	if (!c->version)
		c->version = option_int(c->fd, TLS_CHOSEN_VERSION, 0);
	return c->version;
}

EXPORT int SSL_version(const SSL *ssl)
{
	struct conn *c = conn_known(ssl);
	return served(c) ? version(c) : real()->SSL_version(ssl);
}

EXPORT const char *SSL_get_version(const SSL *ssl)
{
	static const char *const names[] = {"TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"};
	struct conn *c = conn_known(ssl);
	if (!served(c))
		return real()->SSL_get_version(ssl);
	unsigned n = (unsigned)version(c) - 0x0301;
	return n < sizeof names / sizeof *names ? names[n] : "unknown";
}

// suite finds the library's description of a cipher suite by its IANA name.
static const SSL_CIPHER *suite(SSL *ssl, const char *name)
{
	// The suites a TLS service may choose, by their numbers in RFC 8446, 5289, 7905, 8422, 5288 and 5246.
	static const unsigned short ids[] = {0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc009, 0xc013,
					     0xc00a, 0xc014, 0xc023, 0xc027, 0x009c, 0x009d, 0x002f, 0x0035, 0x003c, 0x000a, 0xc012};
	for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
		unsigned char bytes[2] = {(unsigned char)(ids[i] >> 8), (unsigned char)ids[i]};
		const SSL_CIPHER *found = real()->SSL_CIPHER_find(ssl, bytes);
		const char *standard = found ? real()->SSL_CIPHER_standard_name(found) : NULL;
		if (standard && strcmp(standard, name) == 0)
			return found;
	}
	return NULL;
}

EXPORT const SSL_CIPHER *SSL_get_current_cipher(const SSL *ssl)
{
	char name[128];
	struct conn *c = conn_known(ssl);
	if (!served(c))
		return real()->SSL_get_current_cipher(ssl);
	if (!c->cipher) {
		option_text(c->fd, TLS_CHOSEN_CIPHER, name, sizeof name);
		c->cipher = suite((SSL *)ssl, name);
	}
	return c->cipher;
}

EXPORT const SSL_CIPHER *SSL_get_pending_cipher(const SSL *ssl)
{
	return SSL_get_current_cipher(ssl);
}

static X509 *leaf(struct conn *c)
{
	OPENSSL_STACK *chain = peer_chain(c);
	return real()->OPENSSL_sk_num(chain) > 0 ? real()->OPENSSL_sk_value(chain, 0) : NULL;
}

static X509 *referenced_leaf(struct conn *c)
{
	X509 *cert = leaf(c);
	if (cert)
		real()->X509_up_ref(cert);
	return cert;
}

EXPORT X509 *SSL_get1_peer_certificate(const SSL *ssl)
{
	struct conn *c = conn_known(ssl);
	return served(c) ? referenced_leaf(c) : real()->SSL_get1_peer_certificate(ssl);
}

// SSL_get_peer_certificate is the name in 1.1.
EXPORT X509 *SSL_get_peer_certificate(const SSL *ssl)
{
	struct conn *c = conn_known(ssl);
	return served(c) ? referenced_leaf(c) : real()->SSL_get_peer_certificate(ssl);
}

EXPORT X509 *SSL_get0_peer_certificate(const SSL *ssl)
{
	struct conn *c = conn_known(ssl);
	return served(c) ? leaf(c) : real()->SSL_get0_peer_certificate(ssl);
}

// SSL_get_peer_cert_chain leaves out the leaf on a server, as it always has.
EXPORT OPENSSL_STACK *SSL_get_peer_cert_chain(const SSL *ssl)
{
	struct conn *c = conn_known(ssl);
	if (!served(c))
		return real()->SSL_get_peer_cert_chain(ssl);
	return leaf(c) ? peer_chain(c) : NULL;
}

EXPORT OPENSSL_STACK *SSL_get0_verified_chain(const SSL *ssl)
{
	struct conn *c = conn_known(ssl);
	if (!served(c))
		return real()->SSL_get0_verified_chain(ssl);
	return leaf(c) ? peer_chain(c) : NULL;
}

EXPORT long SSL_get_verify_result(const SSL *ssl)
{
	struct conn *c = conn_known(ssl);
	return served(c) ? c->verify_result : real()->SSL_get_verify_result(ssl);
}

EXPORT void SSL_set_verify_result(SSL *ssl, long result)
{
	struct conn *c = conn_known(ssl);
	if (c)
		c->verify_result = result;
	real()->SSL_set_verify_result(ssl, result);
}

EXPORT int SSL_session_reused(const SSL *ssl)
{
	struct conn *c = conn_known(ssl);
	return served(c) ? option_int(c->fd, TLS_RESUMED_SESSION, 0) : real()->SSL_session_reused(ssl);
}

// session is one that describes the connection. It resumes nothing: sessions are the service's.
static SSL_SESSION *session(const SSL *ssl, struct conn *c)
{
	if (c->session)
		return c->session;
	c->session = real()->SSL_SESSION_new();
	const SSL_CIPHER *cipher = SSL_get_current_cipher(ssl);
	if (c->session)
		real()->SSL_SESSION_set_protocol_version(c->session, option_int(c->fd, TLS_CHOSEN_VERSION, 0));
	if (c->session && cipher)
		real()->SSL_SESSION_set_cipher(c->session, cipher);
	return c->session;
}

EXPORT SSL_SESSION *SSL_get_session(const SSL *ssl)
{
	struct conn *c = conn_known(ssl);
	return served(c) ? session(ssl, c) : real()->SSL_get_session(ssl);
}

EXPORT SSL_SESSION *SSL_get1_session(SSL *ssl)
{
	struct conn *c = conn_known(ssl);
	if (!served(c))
		return real()->SSL_get1_session(ssl);
	if (session(ssl, c))
		real()->SSL_SESSION_up_ref(c->session);
	return c->session;
}
