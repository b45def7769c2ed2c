/*
 * The socket calls of examples/ws-event with OpenSSL in the process: linked to the same objects with the linker's --wrap, so
 * that both servers differ in nothing else.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/sendfile.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <ssa.h>

enum { DESCRIPTORS = 1 << 16 };

static SSL_CTX *context;
static SSL *connections[DESCRIPTORS];

int __real_socket(int domain, int type, int protocol);
int __real_setsockopt(int fd, int level, int name, const void *value, socklen_t len);
int __real_accept4(int fd, struct sockaddr *addr, socklen_t *len, int flags);
ssize_t __real_recv(int fd, void *buf, size_t len, int flags);
ssize_t __real_send(int fd, const void *buf, size_t len, int flags);
ssize_t __real_sendfile(int out, int in, off_t *offset, size_t count);
int __real_close(int fd);

int __wrap_socket(int domain, int type, int protocol)
{
	if (protocol != IPPROTO_TLS)
		return __real_socket(domain, type, protocol);
	signal(SIGPIPE, SIG_IGN);
	context = SSL_CTX_new(TLS_server_method());
	if (!context || SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
	    SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256") != 1 || SSL_CTX_set1_groups_list(context, "X25519") != 1)
		errx(1, "no context");
	SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
	return __real_socket(domain, type, 0);
}

int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	int ok = 0;

	if (level != IPPROTO_TLS)
		return __real_setsockopt(fd, level, name, value, len);
	if (name == TLS_CERTIFICATE_CHAIN)
		ok = SSL_CTX_use_certificate_chain_file(context, value);
	else if (name == TLS_PRIVATE_KEY)
		ok = SSL_CTX_use_PrivateKey_file(context, value, SSL_FILETYPE_PEM);
	return ok == 1 ? 0 : -1;
}

int __wrap_accept4(int listener, struct sockaddr *addr, socklen_t *len, int flags)
{
	int fd = __real_accept4(listener, addr, len, flags);

	if (fd < 0 || !context)
		return fd;
	if (fd >= DESCRIPTORS || __real_setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int)) < 0)
		errx(1, "accept");
	connections[fd] = SSL_new(context);
	if (!connections[fd] || SSL_set_fd(connections[fd], fd) != 1)
		errx(1, "no connection");
	SSL_set_accept_state(connections[fd]);
	return fd;
}

static ssize_t result(SSL *ssl, int ok, const size_t *n)
{
	if (ok == 1)
		return (ssize_t)*n;
	int why = SSL_get_error(ssl, ok);
	ERR_clear_error();
	if (why == SSL_ERROR_ZERO_RETURN)
		return 0;
	errno = why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? EAGAIN : ECONNRESET;
	return -1;
}

ssize_t __wrap_recv(int fd, void *buf, size_t len, int flags)
{
	SSL *ssl = connections[fd];
	size_t n = 0;

	if (!ssl)
		return __real_recv(fd, buf, len, flags);
	return result(ssl, SSL_read_ex(ssl, buf, len, &n), &n);
}

ssize_t __wrap_send(int fd, const void *buf, size_t len, int flags)
{
	SSL *ssl = connections[fd];
	size_t n = 0;

	if (!ssl)
		return __real_send(fd, buf, len, flags);
	return result(ssl, SSL_write_ex(ssl, buf, len, &n), &n);
}

ssize_t __wrap_sendfile(int out, int in, off_t *offset, size_t count)
{
	static char buf[16 << 10];

	if (!connections[out])
		return __real_sendfile(out, in, offset, count);
	ssize_t n = pread(in, buf, count < sizeof buf ? count : sizeof buf, *offset);
	if (n > 0 && (n = __wrap_send(out, buf, (size_t)n, 0)) > 0)
		*offset += n;
	return n;
}

int __wrap_close(int fd)
{
	if (fd >= 0 && fd < DESCRIPTORS && connections[fd]) {
		SSL_shutdown(connections[fd]);
		SSL_free(connections[fd]);
		connections[fd] = NULL;
		ERR_clear_error();
	}
	return __real_close(fd);
}
