// The BIO that speaks TLS itself. The library's own goes past the functions that take the place of its others, so it is
// made anew from them.
#include <pthread.h>

#include "conn.h"
#include "export.h"
#include "mode.h"
#include "real.h"

int SSL_read(SSL *ssl, void *buf, int len); // io.c
int SSL_write(SSL *ssl, const void *buf, int len);
int SSL_pending(const SSL *ssl);
int SSL_do_handshake(SSL *ssl); // handshake.c
int SSL_shutdown(SSL *ssl);	// shutdown.c
int SSL_clear(SSL *ssl);
int SSL_get_error(const SSL *ssl, int result); // state.c

enum { RETRY_FLAGS = BIO_FLAGS_READ | BIO_FLAGS_WRITE | BIO_FLAGS_IO_SPECIAL | BIO_FLAGS_SHOULD_RETRY };

static struct {
	pthread_once_t once;
	BIO_METHOD *method;
} ssl_bio = {.once = PTHREAD_ONCE_INIT};

static SSL *ssl_of(BIO *b)
{
	return real()->BIO_get_data(b);
}

// retried puts the reason of a result into the BIO.
static int retried(BIO *b, int result)
{
	static const int flags[] = {[SSL_ERROR_WANT_READ] = BIO_FLAGS_READ,
				    [SSL_ERROR_WANT_WRITE] = BIO_FLAGS_WRITE,
				    [SSL_ERROR_WANT_X509_LOOKUP] = BIO_FLAGS_IO_SPECIAL,
				    [SSL_ERROR_WANT_CONNECT] = BIO_FLAGS_IO_SPECIAL};
	real()->BIO_clear_flags(b, RETRY_FLAGS);
	if (result > 0)
		return result;
	unsigned reason = (unsigned)SSL_get_error(ssl_of(b), result);
	if (reason < sizeof flags / sizeof *flags && flags[reason])
		real()->BIO_set_flags(b, flags[reason] | BIO_FLAGS_SHOULD_RETRY);
	if (reason == SSL_ERROR_WANT_CONNECT)
		real()->BIO_set_retry_reason(b, BIO_RR_CONNECT);
	if (reason == SSL_ERROR_WANT_X509_LOOKUP)
		real()->BIO_set_retry_reason(b, BIO_RR_SSL_X509_LOOKUP);
	return result;
}

static int bio_read(BIO *b, char *buf, int len)
{
	return ssl_of(b) && buf ? retried(b, SSL_read(ssl_of(b), buf, len)) : 0;
}

static int bio_write(BIO *b, const char *buf, int len)
{
	return ssl_of(b) && buf ? retried(b, SSL_write(ssl_of(b), buf, len)) : 0;
}

static int bio_puts(BIO *b, const char *text)
{
	int len = 0;
	while (text[len])
		len++;
	return real()->BIO_write(b, text, len);
}

static int create(BIO *b)
{
	real()->BIO_set_init(b, 0);
	real()->BIO_set_data(b, NULL);
	return 1;
}

// release lets go of the SSL.
static int release(BIO *b)
{
	SSL *ssl = ssl_of(b);
	if (ssl && real()->BIO_get_shutdown(b)) {
		if (served(conn_known(ssl)))
			SSL_shutdown(ssl);
		real()->SSL_free(ssl);
	}
	return create(b);
}

static long adopt(BIO *b, SSL *ssl, long close)
{
	release(b);
	real()->BIO_set_shutdown(b, (int)close);
	real()->BIO_set_data(b, ssl);
	BIO *below = real()->SSL_get_rbio(ssl);
	if (below) {
		if (real()->BIO_next(b))
			real()->BIO_push(below, real()->BIO_next(b));
		real()->BIO_set_next(b, below);
		real()->BIO_up_ref(below);
	}
	real()->BIO_set_init(b, 1);
	return 1;
}

static long pushed(BIO *b, SSL *ssl)
{
	BIO *below = real()->BIO_next(b);
	if (below && below != real()->SSL_get_rbio(ssl)) {
		real()->BIO_up_ref(below);
		real()->SSL_set_bio(ssl, below, below);
	}
	return 1;
}

static long reset(SSL *ssl)
{
	int server = real()->SSL_is_server(ssl);
	SSL_shutdown(ssl);
	if (!SSL_clear(ssl))
		return 0;
	(server ? real()->SSL_set_accept_state : real()->SSL_set_connect_state)(ssl);
	return real()->BIO_ctrl(real()->SSL_get_rbio(ssl), BIO_CTRL_RESET, 0, NULL);
}

static long is_pending(SSL *ssl)
{
	int n = SSL_pending(ssl);
	return n ? n : real()->BIO_ctrl(real()->SSL_get_rbio(ssl), BIO_CTRL_PENDING, 0, NULL);
}

static long flush(BIO *b, SSL *ssl)
{
	real()->BIO_clear_flags(b, RETRY_FLAGS);
	long result = real()->BIO_ctrl(real()->SSL_get_wbio(ssl), BIO_CTRL_FLUSH, 0, NULL);
	real()->BIO_copy_next_retry(b);
	return result;
}

// control is a BIO's own, with an SSL.
static long control(BIO *b, SSL *ssl, int command, long num, void *ptr)
{
	switch (command) {
	case BIO_CTRL_RESET:
		return reset(ssl);
	case BIO_C_SSL_MODE:
		(num ? real()->SSL_set_connect_state : real()->SSL_set_accept_state)(ssl);
		return 1;
	case BIO_CTRL_WPENDING:
		return real()->BIO_ctrl(real()->SSL_get_wbio(ssl), command, num, ptr);
	case BIO_CTRL_PENDING:
		return is_pending(ssl);
	case BIO_CTRL_FLUSH:
		return flush(b, ssl);
	case BIO_CTRL_PUSH:
		return pushed(b, ssl);
	case BIO_CTRL_POP:
		if (b == ptr)
			real()->SSL_set_bio(ssl, NULL, NULL);
		return 1;
	case BIO_C_DO_STATE_MACHINE:
		return retried(b, SSL_do_handshake(ssl));
	case BIO_CTRL_DUP:
	case BIO_CTRL_INFO:
		return 0;
	}
	return real()->BIO_ctrl(real()->SSL_get_rbio(ssl), command, num, ptr);
}

static long bio_ctrl(BIO *b, int command, long num, void *ptr)
{
	SSL *ssl = ssl_of(b);
	switch (command) {
	case BIO_C_SET_SSL:
		return adopt(b, ptr, num);
	case BIO_C_GET_SSL:
		*(SSL **)ptr = ssl;
		return ssl != NULL;
	case BIO_CTRL_GET_CLOSE:
		return real()->BIO_get_shutdown(b);
	case BIO_CTRL_SET_CLOSE:
		real()->BIO_set_shutdown(b, (int)num);
		return 1;
	}
	return ssl ? control(b, ssl, command, num, ptr) : 0;
}

static void make(void)
{
	BIO_METHOD *m = real()->BIO_meth_new(BIO_TYPE_SSL, "ssl");
	real()->BIO_meth_set_read(m, bio_read);
	real()->BIO_meth_set_write(m, bio_write);
	real()->BIO_meth_set_puts(m, bio_puts);
	real()->BIO_meth_set_ctrl(m, bio_ctrl);
	real()->BIO_meth_set_create(m, create);
	real()->BIO_meth_set_destroy(m, release);
	ssl_bio.method = m;
}

EXPORT const BIO_METHOD *BIO_f_ssl(void)
{
	if (!coerced())
		return real()->BIO_f_ssl();
	pthread_once(&ssl_bio.once, make);
	return ssl_bio.method;
}

EXPORT BIO *BIO_new_ssl(SSL_CTX *ctx, int client)
{
	BIO *b = real()->BIO_new(BIO_f_ssl());
	SSL *ssl = b ? real()->SSL_new(ctx) : NULL;
	if (!ssl) {
		real()->BIO_free(b);
		return NULL;
	}
	(client ? real()->SSL_set_connect_state : real()->SSL_set_accept_state)(ssl);
	real()->BIO_ctrl(b, BIO_C_SET_SSL, 1, ssl);
	return b;
}

EXPORT BIO *BIO_new_ssl_connect(SSL_CTX *ctx)
{
	BIO *tls = BIO_new_ssl(ctx, 1);
	BIO *tcp = tls ? real()->BIO_new(real()->BIO_s_connect()) : NULL;
	if (!tcp) {
		real()->BIO_free(tls);
		return NULL;
	}
	return real()->BIO_push(tls, tcp);
}

EXPORT BIO *BIO_new_buffer_ssl_connect(SSL_CTX *ctx)
{
	BIO *tls = BIO_new_ssl_connect(ctx);
	BIO *buffer = tls ? real()->BIO_new(real()->BIO_f_buffer()) : NULL;
	if (!buffer) {
		real()->BIO_free_all(tls);
		return NULL;
	}
	return real()->BIO_push(buffer, tls);
}

EXPORT void BIO_ssl_shutdown(BIO *b)
{
	SSL *ssl = NULL;
	BIO *found = real()->BIO_find_type(b, BIO_TYPE_SSL);
	if (found && real()->BIO_ctrl(found, BIO_C_GET_SSL, 0, &ssl) > 0)
		SSL_shutdown(ssl);
}
