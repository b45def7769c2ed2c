// The program's own certificates: chains and keys as they are in its credentials, or as its callback gives them. A client's
// callback is asked before it is known whether the server wants a certificate, and for which authorities.
#include <errno.h>
#include <stdlib.h>

#include "../export.h"
#include "../ssa_option.h"
#include "failure.h"
#include "pem.h"
#include "real.h"
#include "request.h"

static const int algorithms[] = {PK_RSA, PK_ECDSA, PK_ED25519, PK_RSA_PSS};

enum { ALGORITHMS = sizeof algorithms / sizeof *algorithms };

// identity is a chain and its key.
struct identity {
	struct pem chain, key;
};

static int give(struct conn *c, struct identity *i)
{
	int result = 0;
	if (i->chain.bad || i->key.bad)
		result = fail(c, "the program's certificate and key cannot be given away: is the key in a token?");
	else if (option_set(c->fd, TLS_CERTIFICATE_CHAIN, i->chain.bytes, i->chain.len) < 0)
		result = fail_socket(c, "the program's certificate", errno);
	else if (option_set(c->fd, TLS_PRIVATE_KEY, i->key.bytes, i->key.len) < 0)
		result = fail_socket(c, "the program's private key", errno);
	pem_free(&i->chain);
	pem_free(&i->key);
	return result;
}

static int from_list(struct conn *c, crt_t *certs, unsigned n, x509_privkey_t key)
{
	struct identity i = {0};
	for (unsigned at = 0; at < n; at++)
		pem_certificate(&i.chain, certs[at]);
	if (key)
		pem_key(&i.key, key);
	i.key.bad |= !key;
	return n ? give(c, &i) : 0;
}

// by_index gives one of those in the credentials. It returns 1 when there is none.
static int by_index(struct conn *c, credentials_t cred, unsigned index)
{
	crt_t *certs = NULL;
	unsigned n = 0;
	x509_privkey_t key = NULL;
	int found = real()->certificate_get_x509_crt(cred, index, &certs, &n);
	if (found == E_REQUESTED_DATA_NOT_AVAILABLE)
		return 1;
	if (real()->certificate_get_x509_key(cred, index, &key) < 0)
		key = NULL;
	int result = from_list(c, certs, n, key);
	for (unsigned i = 0; i < n; i++)
		real()->x509_crt_deinit(certs[i]);
	real_free(certs);
	if (key)
		real()->x509_privkey_deinit(key);
	return result;
}

static int by_credentials(struct conn *c, credentials_t cred)
{
	int result = 0;
	for (unsigned i = 0; result == 0; i++)
		result = by_index(c, cred, i);
	return result == 1 ? 0 : result;
}

static int by_callback(session_t session, struct conn *c, retrieve_func *f)
{
	retr2_t r = {0};
	int result = f(session, NULL, 0, algorithms, ALGORITHMS, &r);
	if (result < 0)
		return fail(c, "the program's callback gives no certificate");
	result = from_list(c, r.certs, r.ncerts, r.key_type == PRIVKEY_X509 ? r.key : NULL);
	for (unsigned i = 0; r.deinit_all && i < r.ncerts; i++)
		real()->x509_crt_deinit(r.certs[i]);
	if (r.deinit_all && r.ncerts && r.key_type == PRIVKEY_X509) {
		real_free(r.certs);
		real()->x509_privkey_deinit(r.key);
	}
	return result;
}

// retrieved is what the newer kinds of callback give.
struct retrieved {
	pcert_t *certs;
	unsigned n;
	privkey_t key;
};

static int from_retrieved(struct conn *c, struct retrieved *r)
{
	struct identity i = {0};
	x509_privkey_t key = NULL;
	if (!r->n)
		return 0;
	for (unsigned at = 0; at < r->n; at++) {
		datum_t text = {0};
		int result = real()->pem_base64_encode2("CERTIFICATE", &r->certs[at].cert, &text);
		pem_add(&i.chain, result, text);
	}
	if (r->key && real()->privkey_export_x509(r->key, &key) == 0)
		pem_key(&i.key, key);
	else
		i.key.bad = 1;
	if (key)
		real()->x509_privkey_deinit(key);
	return give(c, &i);
}

static int by_callback2(session_t session, struct conn *c, retrieve2_func *f)
{
	struct retrieved r = {0};
	if (f(session, NULL, 0, algorithms, ALGORITHMS, &r.certs, &r.n, &r.key) < 0)
		return fail(c, "the program's callback gives no certificate");
	return from_retrieved(c, &r);
}

static int by_callback3(session_t session, struct conn *c, retrieve3_func *f)
{
	struct retrieved r = {0};
	unsigned nocsp = 0, flags = 0;
	void *ocsp = NULL;
	retr_info_t info = {.version = 1, .cred = credentials_in(session), .algorithms = algorithms, .nalgorithms = ALGORITHMS};
	if (f(session, &info, &r.certs, &r.n, &ocsp, &nocsp, &r.key, &flags) < 0)
		return fail(c, "the program's callback gives no certificate");
	int result = from_retrieved(c, &r);
	if (!flags) // GNUTLS_CERT_RETR_DEINIT_ALL
		return result;
	for (unsigned i = 0; i < r.n; i++)
		real()->pcert_deinit(&r.certs[i]);
	real_free(r.certs);
	if (r.key)
		real()->privkey_deinit(r.key);
	return result;
}

int request_credentials(session_t session, struct conn *c)
{
	credentials_t cred = credentials_in(session);
	struct credentials *k = credentials_of(cred);
	if (!k)
		return 0;
	if (k->retrieve3)
		return by_callback3(session, c, k->retrieve3);
	if (k->retrieve2)
		return by_callback2(session, c, k->retrieve2);
	return k->retrieve ? by_callback(session, c, k->retrieve) : by_credentials(c, cred);
}

EXPORT void gnutls_certificate_set_retrieve_function(credentials_t cred, retrieve_func *f)
{
	struct credentials *k = credentials_of(cred);
	if (k)
		k->retrieve = f;
	real()->certificate_set_retrieve_function(cred, f);
}

EXPORT void gnutls_certificate_set_retrieve_function2(credentials_t cred, retrieve2_func *f)
{
	struct credentials *k = credentials_of(cred);
	if (k)
		k->retrieve2 = f;
	real()->certificate_set_retrieve_function2(cred, f);
}

EXPORT void gnutls_certificate_set_retrieve_function3(credentials_t cred, retrieve3_func *f)
{
	struct credentials *k = credentials_of(cred);
	if (k)
		k->retrieve3 = f;
	real()->certificate_set_retrieve_function3(cred, f);
}

EXPORT int gnutls_credentials_set(session_t session, int type, void *cred)
{
	static const char *const client[] = {[CRD_SRP] = "gnutls_srp_set_client_credentials", [CRD_PSK] = "gnutls_psk_set_client_credentials"};
	static const char *const server[] = {[CRD_SRP] = "gnutls_srp_set_server_credentials_file",
					     [CRD_PSK] = "gnutls_psk_set_server_credentials_file"};
	struct conn *c = conn_of(session);
	if (c && cred && (type == CRD_SRP || type == CRD_PSK))
		c->instead = (c->server ? server : client)[type];
	return real()->credentials_set(session, type, cred);
}
