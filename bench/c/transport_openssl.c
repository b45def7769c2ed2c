/* transport.h with OpenSSL in the process. */
#include <err.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "transport.h"

struct connection {
	int fd;
	SSL *ssl;
};

static SSL_CTX *context;
static SSL_SESSION *session;
static const char *peer;
static int resuming;

static void fail(const char *what)
{
	ERR_print_errors_fp(stderr);
	errx(1, "%s", what);
}

/* keep holds the latest session, for the next connection. */
static int keep(SSL *ssl, SSL_SESSION *fresh)
{
	(void)ssl;
	SSL_SESSION_free(session);
	session = fresh;
	return 1;
}

void transport_init(const char *ca, const char *name, int resume)
{
	peer = name;
	resuming = resume;
	context = SSL_CTX_new(TLS_client_method());
	if (!context || SSL_CTX_load_verify_locations(context, ca, NULL) != 1 ||
	    SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) != 1 ||
	    SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256") != 1 || SSL_CTX_set1_groups_list(context, "X25519") != 1)
		fail("load the authority");
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	if (resume) {
		SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
		SSL_CTX_sess_set_new_cb(context, keep);
	}
}

struct connection *transport_connect(const struct sockaddr_in *to)
{
	struct connection *c = malloc(sizeof *c);

	if (!c || (c->fd = socket(AF_INET, SOCK_STREAM, 0)) < 0)
		err(1, "socket");
	if (connect(c->fd, (const struct sockaddr *)to, sizeof *to) < 0 ||
	    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int)) < 0)
		err(1, "connect");
	if (!(c->ssl = SSL_new(context)) || SSL_set_fd(c->ssl, c->fd) != 1 || SSL_set1_host(c->ssl, peer) != 1 ||
	    SSL_set_tlsext_host_name(c->ssl, peer) != 1)
		fail("prepare a connection");
	if (resuming && session && SSL_set_session(c->ssl, session) != 1)
		fail("resume");
	if (SSL_connect(c->ssl) != 1)
		fail("handshake");
	return c;
}

ssize_t transport_read(struct connection *c, void *buf, size_t size)
{
	size_t n = 0;

	if (SSL_read_ex(c->ssl, buf, size, &n) == 1)
		return (ssize_t)n;
	if (SSL_get_error(c->ssl, 0) != SSL_ERROR_ZERO_RETURN)
		fail("read");
	return 0;
}

void transport_write(struct connection *c, const void *buf, size_t size)
{
	size_t n;

	if (SSL_write_ex(c->ssl, buf, size, &n) != 1)
		fail("write");
}

void transport_close(struct connection *c)
{
	SSL_shutdown(c->ssl);
	SSL_free(c->ssl);
	close(c->fd);
	free(c);
}
