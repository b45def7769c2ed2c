/*
 * peer CHAIN KEY [trace|any]: an OpenSSL server for the benchmarks, a thread for each connection: TLS 1.3, AES-128-GCM and
 * X25519, whatever the other side prefers. It writes its port. A request is a letter and a number of bytes: 'D' sends them,
 * 'U' receives them and answers with one byte, 'E' sends back what it receives. With "any" it listens on every address. With
 * "trace" it also writes a line for each connection: what was negotiated and what was offered, sums of the bytes each way,
 * and the alerts that went either way.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static SSL_CTX *context;
static int tracing;

/* What a trace says of a connection. */
static __thread struct {
	uint64_t in, out, sum_in, sum_out;
	char alerts[128];
} seen;

static uint64_t sum(uint64_t s, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		s = (s ^ (unsigned char)p[i]) * 1099511628211u;
	return s;
}

static void note(const SSL *ssl, int where, int code)
{
	size_t len = strlen(seen.alerts);

	(void)ssl;
	if (where & SSL_CB_ALERT)
		snprintf(seen.alerts + len, sizeof seen.alerts - len, "%s%s:%s", len ? "," : "",
			 where & SSL_CB_READ ? "got" : "sent", SSL_alert_desc_string_long(code));
}

static void trace(SSL *ssl)
{
	flockfile(stdout);
	printf("%s %s groups=", SSL_get_version(ssl), SSL_get_cipher_name(ssl));
	for (int i = 0, groups[64], n = (int)SSL_get1_groups(ssl, groups); i < n && i < 64; i++)
		printf("%s%d", i ? "," : "", groups[i] & 0xffff);
	printf(" sni=%s resumed=%d in=%llu:%llx out=%llu:%llx alerts=%s\n",
	       SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) ?: "-", SSL_session_reused(ssl),
	       (unsigned long long)seen.in, (unsigned long long)seen.sum_in, (unsigned long long)seen.out,
	       (unsigned long long)seen.sum_out, seen.alerts);
	fflush(stdout);
	funlockfile(stdout);
}

static int receive(SSL *ssl, char *buf, size_t size, size_t *n)
{
	if (SSL_read_ex(ssl, buf, size, n) != 1)
		return 0;
	if (tracing) {
		seen.in += *n;
		seen.sum_in = sum(seen.sum_in, buf, *n);
	}
	return 1;
}

static int send_some(SSL *ssl, const char *buf, size_t size, size_t *n)
{
	if (SSL_write_ex(ssl, buf, size, n) != 1)
		return 0;
	if (tracing) {
		seen.out += *n;
		seen.sum_out = sum(seen.sum_out, buf, *n);
	}
	return 1;
}

static int read_all(SSL *ssl, void *buf, size_t size)
{
	size_t n;

	for (char *p = buf; size > 0; p += n, size -= n)
		if (!receive(ssl, p, size, &n))
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
			if (!send_some(ssl, buf, bytes < size ? (size_t)bytes : size, &n))
				return 0;
		return 1;
	}
	if (r[0] == 'E')
		return bytes <= size && read_all(ssl, buf, bytes) && send_some(ssl, buf, bytes, &n);
	for (; bytes > 0; bytes -= n)
		if (!receive(ssl, buf, bytes < size ? (size_t)bytes : size, &n))
			return 0;
	return send_some(ssl, buf, 1, &n);
}

static void *serve(void *p)
{
	int fd = (int)(intptr_t)p;
	SSL *ssl = SSL_new(context);
	static __thread char buf[1 << 16];

	for (size_t i = 0; tracing && i < sizeof buf; i++)
		buf[i] = (char)(i * 7);
	if (ssl && SSL_set_fd(ssl, fd) == 1 && SSL_accept(ssl) == 1) {
		while (serve_one(ssl, buf, sizeof buf))
			;
		SSL_shutdown(ssl);
	}
	if (tracing && ssl)
		trace(ssl);
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

	if (argc < 3)
		errx(2, "usage: peer CHAIN KEY [trace|any]");
	tracing = argc > 3 && strcmp(argv[3], "trace") == 0;
	signal(SIGPIPE, SIG_IGN);
	context = SSL_CTX_new(TLS_server_method());
	if (!context || SSL_CTX_use_certificate_chain_file(context, argv[1]) != 1 ||
	    SSL_CTX_use_PrivateKey_file(context, argv[2], SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) != 1 ||
	    SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256") != 1 || SSL_CTX_set1_groups_list(context, "X25519") != 1) {
		ERR_print_errors_fp(stderr);
		return 1;
	}
	if (tracing)
		SSL_CTX_set_info_callback(context, note);
	in.sin_addr.s_addr = htonl(argc > 3 && !tracing ? INADDR_ANY : INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&in, sizeof in) < 0 || listen(fd, SOMAXCONN) < 0 ||
	    getsockname(fd, (struct sockaddr *)&in, &len) < 0)
		err(1, "listen");
	printf("%d\n", ntohs(in.sin_port));
	fflush(stdout);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 256 << 10);
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
