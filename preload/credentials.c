#include <errno.h>

#include "failure.h"
#include "pem.h"
#include "real.h"
#include "request.h"
#include "ssa_option.h"

// The program's own certificates: a chain and a key for each kind of key, as they are in the SSL now, however they got
// there. A client's callback is asked first.

static void ask_client(SSL *ssl)
{
	client_cert_cb *cb = real()->SSL_CTX_get_client_cert_cb(real()->SSL_get_SSL_CTX(ssl));
	X509 *cert = NULL;
	EVP_PKEY *key = NULL;
	if (real()->SSL_get_certificate(ssl) || !cb || cb(ssl, &cert, &key) != 1)
		return;
	real()->SSL_use_certificate(ssl, cert);
	real()->SSL_use_PrivateKey(ssl, key);
	real()->X509_free(cert);
	real()->EVP_PKEY_free(key);
}

// chain_above is what the program has set above a certificate, or for all of them.
static OPENSSL_STACK *chain_above(SSL *ssl)
{
	OPENSSL_STACK *chain = NULL;
	real()->SSL_ctrl(ssl, SSL_CTRL_GET_CHAIN_CERTS, 0, &chain);
	if (!chain)
		real()->SSL_CTX_ctrl(real()->SSL_get_SSL_CTX(ssl), SSL_CTRL_GET_EXTRA_CHAIN_CERTS, 0, &chain);
	return chain;
}

// current sets the certificate that is the SSL's current one, with its key in the same text: one call and not two.
static int current(SSL *ssl, struct conn *c)
{
	X509 *leaf = real()->SSL_get_certificate(ssl);
	EVP_PKEY *key = real()->SSL_get_privatekey(ssl);
	if (!leaf || !key)
		return 1;
	struct pem p = pem_new();
	pem_certificate(&p, leaf);
	pem_certificates(&p, chain_above(ssl));
	pem_key(&p, key);
	if (!pem_good(&p)) {
		pem_free(&p);
		return fail(c, "the program's certificate and key cannot be given away: is the key in an engine or a token?");
	}
	int result = option_set(c->fd, TLS_CERTIFICATE_CHAIN, p.bytes, p.len), error = errno;
	pem_free(&p);
	return result == 0 ? 1 : fail_socket(ssl, c, "the program's certificate and key", error);
}

int request_credentials(SSL *ssl, struct conn *c)
{
	if (!c->server)
		ask_client(ssl);
	X509 *before = real()->SSL_get_certificate(ssl);
	if (!real()->SSL_ctrl(ssl, SSL_CTRL_SET_CURRENT_CERT, SSL_CERT_SET_FIRST, NULL))
		return 1;
	int result;
	do
		result = current(ssl, c);
	while (result == 1 && real()->SSL_ctrl(ssl, SSL_CTRL_SET_CURRENT_CERT, SSL_CERT_SET_NEXT, NULL));
	if (before)
		real()->SSL_ctrl(ssl, SSL_CTRL_SELECT_CURRENT_CERT, 0, before);
	return result;
}
