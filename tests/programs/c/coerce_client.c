// A client of OpenSSL's that connects twice and does what only some programs do:
//   coerce_client HOST PORT CA HOW [PKCS12]
// HOW says what its own verification makes of a peer: accept, refuse (a callback for each certificate), refuse-all (one that
// takes the place of the library's).
#include <openssl/err.h>
#include <openssl/pkcs12.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>

static int asked, refuses;

static int callback(int ok, X509_STORE_CTX *ctx)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(ctx, SSL_get_ex_data_X509_STORE_CTX_idx());
	asked += ssl && X509_STORE_CTX_get_current_cert(ctx);
	return ok && !refuses;
}

static int instead(X509_STORE_CTX *ctx, void *arg)
{
	asked += arg && X509_STORE_CTX_get0_cert(ctx);
	return 0;
}

static void load(SSL_CTX *ctx, const char *path)
{
	EVP_PKEY *key = NULL;
	X509 *cert = NULL;
	STACK_OF(X509) *chain = NULL;
	BIO *file = BIO_new_file(path, "r");
	PKCS12 *p = d2i_PKCS12_bio(file, NULL);
	if (!PKCS12_parse(p, "secret", &key, &cert, &chain) || !SSL_CTX_use_cert_and_key(ctx, cert, key, chain, 1))
		ERR_print_errors_fp(stdout);
}

static int fetch(SSL_CTX *ctx, const char *host, const char *port)
{
	char page[4096], first;
	BIO *tcp = BIO_new_connect(host);
	SSL *ssl = SSL_new(ctx);
	BIO_set_conn_port(tcp, port);
	SSL_set_tlsext_host_name(ssl, host);
	SSL_set_bio(ssl, tcp, tcp);
	if (SSL_connect(ssl) != 1) {
		printf("refused %s verify %ld\n", ERR_reason_error_string(ERR_peek_error()), SSL_get_verify_result(ssl));
		return 1;
	}
	printf("reused %d suite %s verify %ld asked %d\n", SSL_session_reused(ssl), SSL_get_cipher_name(ssl), SSL_get_verify_result(ssl),
	       asked);
	SSL_write(ssl, "GET / HTTP/1.0\r\n\r\n", 18);
	int peeked = SSL_peek(ssl, &first, 1), pending = SSL_pending(ssl) > 0, n;
	n = SSL_read(ssl, page, sizeof page - 1);
	printf("peeked %d pending %d same %d\n", peeked, pending, first == page[0]);
	for (; n > 0; n = SSL_read(ssl, page, sizeof page - 1))
		printf("%.*s", n, page);
	int end = SSL_get_error(ssl, n), closed = SSL_shutdown(ssl);
	printf("end %d shutdown %d %d\n", end, closed, SSL_get_shutdown(ssl));
	SSL_free(ssl);
	return 0;
}

int main(int argc, char **argv)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL_CTX_load_verify_locations(ctx, argv[3], NULL);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, callback);
	refuses = strcmp(argv[4], "refuse") == 0;
	if (strcmp(argv[4], "refuse-all") == 0)
		SSL_CTX_set_cert_verify_callback(ctx, instead, ctx);
	if (argc > 5)
		load(ctx, argv[5]);
	int failed = fetch(ctx, argv[1], argv[2]);
	return failed ? failed : fetch(ctx, argv[1], argv[2]);
}
