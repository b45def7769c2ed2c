/*
 * peer CHAIN KEY: an OpenSSL server for the benchmarks, a thread for each connection. It writes its port. A request is a
 * letter and a number of bytes: 'D' sends them, 'U' receives them and answers with one byte.
 */
#include <arpa/inet.h>
#include <err.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static SSL_CTX *context;

static int read_all(SSL *ssl, void *buf, size_t size)
{
	size_t n;

	for (char *p = buf; size > 0; p += n, size -= n)
		if (SSL_read_ex(ssl, p, size, &n) != 1)
			return 0;
	return 1;
}

static int serve_one(SSL *ssl, char *buf, size_t size)
{
	unsigned char r[9];
	uint64_t bytes = 0;
	size_t n;

	if (!read_all(ssl, r, sizeof r))
		return 0;
	for (int i = 0; i < 8; i++)
		bytes |= (uint64_t)r[1 + i] << (8 * i);
	if (r[0] == 'D') {
		for (; bytes > 0; bytes -= n)
			if (SSL_write_ex(ssl, buf, bytes < size ? (size_t)bytes : size, &n) != 1)
				return 0;
		return 1;
	}
	for (; bytes > 0; bytes -= n)
		if (SSL_read_ex(ssl, buf, bytes < size ? (size_t)bytes : size, &n) != 1)
			return 0;
	return SSL_write_ex(ssl, buf, 1, &n);
}

static void *serve(void *p)
{
	int fd = (int)(intptr_t)p;
	SSL *ssl = SSL_new(context);
	static __thread char buf[1 << 16];

	if (ssl && SSL_set_fd(ssl, fd) == 1 && SSL_accept(ssl) == 1) {
		while (serve_one(ssl, buf, sizeof buf))
			;
		SSL_shutdown(ssl);
	}
	SSL_free(ssl);
	close(fd);
	return NULL;
}

int main(int argc, char **argv)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	socklen_t len = sizeof in;
	pthread_attr_t attr;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (argc != 3)
		errx(2, "usage: peer CHAIN KEY");
	context = SSL_CTX_new(TLS_server_method());
	if (!context || SSL_CTX_use_certificate_chain_file(context, argv[1]) != 1 ||
	    SSL_CTX_use_PrivateKey_file(context, argv[2], SSL_FILETYPE_PEM) != 1) {
		ERR_print_errors_fp(stderr);
		return 1;
	}
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&in, sizeof in) < 0 || listen(fd, SOMAXCONN) < 0 ||
	    getsockname(fd, (struct sockaddr *)&in, &len) < 0)
		err(1, "listen");
	printf("%d\n", ntohs(in.sin_port));
	fflush(stdout);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 512 << 10);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	for (;;) {
		pthread_t thread;
		int conn = accept(fd, NULL, NULL), one = 1;
		if (conn < 0 || setsockopt(conn, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) < 0)
			err(1, "accept");
		if (pthread_create(&thread, &attr, serve, (void *)(intptr_t)conn) != 0)
			errx(1, "no thread");
	}
}
