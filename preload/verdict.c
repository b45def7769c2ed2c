#include "verdict.h"

#include <stdlib.h>

#include "export.h"
#include "failure.h"
#include "real.h"
#include "ssa_option.h"

OPENSSL_STACK *peer_chain(struct conn *c)
{
	if (c->chain)
		return c->chain;
	c->chain = real()->OPENSSL_sk_new_null();
	char *text = option_long_text(c->fd, TLS_PEER_CERTIFICATE_CHAIN);
	BIO *b = text ? real()->BIO_new_mem_buf(text, -1) : NULL;
	X509 *cert;
	while (b && (cert = real()->PEM_read_bio_X509(b, NULL, NULL, NULL)))
		real()->OPENSSL_sk_push(c->chain, cert);
	if (b)
		real()->ERR_clear_error(); // that there is no further certificate
	real()->BIO_free(b);
	free(text);
	return c->chain;
}

// prepare makes the context in which the library verifies. The policy has said that the chain is good, so that its
// certificates count as trusted: what is left are the program's callback and its parameters.
static X509_STORE_CTX *prepare(SSL *ssl, struct conn *c, OPENSSL_STACK *chain)
{
	SSL_CTX *ctx = real()->SSL_get_SSL_CTX(ssl);
	X509_STORE_CTX *v = real()->X509_STORE_CTX_new();
	X509 *leaf = real()->OPENSSL_sk_value(chain, 0);
	if (!v || !real()->X509_STORE_CTX_init(v, real()->SSL_CTX_get_cert_store(ctx), leaf, chain)) {
		real()->X509_STORE_CTX_free(v);
		return NULL;
	}
	X509_VERIFY_PARAM *param = real()->X509_STORE_CTX_get0_param(v);
	real()->X509_STORE_CTX_set_ex_data(v, real()->SSL_get_ex_data_X509_STORE_CTX_idx(), ssl);
	real()->X509_STORE_CTX_set_default(v, c->server ? "ssl_client" : "ssl_server");
	real()->X509_VERIFY_PARAM_set1(param, real()->SSL_get0_param(ssl));
	real()->X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
	real()->X509_STORE_CTX_set0_trusted_stack(v, chain);
	if (real()->SSL_get_verify_callback(ssl))
		real()->X509_STORE_CTX_set_verify_cb(v, real()->SSL_get_verify_callback(ssl));
	return v;
}

// asks says whether the program wants to be asked.
static int asks(SSL *ssl)
{
	struct context *x = context_of(real()->SSL_get_SSL_CTX(ssl));
	return (real()->SSL_get_verify_mode(ssl) & SSL_VERIFY_PEER) && (x->verify || real()->SSL_get_verify_callback(ssl));
}

int verdict(SSL *ssl, struct conn *c)
{
	c->verify_result = X509_V_OK;
	real()->SSL_set_verify_result(ssl, X509_V_OK);
	if (!asks(ssl) || !real()->OPENSSL_sk_num(peer_chain(c)))
		return 1;
	struct context *x = context_of(real()->SSL_get_SSL_CTX(ssl));
	X509_STORE_CTX *v = prepare(ssl, c, c->chain);
	if (!v)
		return fail(c, "no memory for the program's verification");
	int good = x->verify ? x->verify(v, x->verify_arg) : real()->X509_verify_cert(v);
	long error = real()->X509_STORE_CTX_get_error(v);
	real()->X509_STORE_CTX_free(v);
	if (good > 0)
		return 1;
	if (error == X509_V_OK)
		error = X509_V_ERR_APPLICATION_VERIFICATION;
	return fail_certificate(ssl, c, error, real()->X509_verify_cert_error_string(error));
}

EXPORT void SSL_CTX_set_cert_verify_callback(SSL_CTX *ctx, app_verify_cb *cb, void *arg)
{
	struct context *x = context_of(ctx);
	if (x) {
		x->verify = cb;
		x->verify_arg = arg;
	}
	real()->SSL_CTX_set_cert_verify_callback(ctx, cb, arg);
}
