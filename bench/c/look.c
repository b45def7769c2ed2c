/*
 * look CA NAME PORT PATH MODE: asks a web server for a file, as wrk, h2load and client.c do, and writes what it saw: version,
 * suite, group, certificate, the sum of the file, and the alerts that went either way. MODE is "close" for one request,
 * "keep" for two on one connection, "reuse" for a connection that resumes the session of another.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char alerts[256];
static SSL_SESSION *session;

static void fail(const char *what)
{
	ERR_print_errors_fp(stderr);
	errx(1, "%s", what);
}

static void note(const SSL *ssl, int where, int code)
{
	size_t len = strlen(alerts);

	(void)ssl;
	if (where & SSL_CB_ALERT)
		snprintf(alerts + len, sizeof alerts - len, "%s%s:%s", len ? "," : "", where & SSL_CB_READ ? "got" : "sent",
			 SSL_alert_desc_string_long(code));
}

static int keep(SSL *ssl, SSL_SESSION *fresh)
{
	(void)ssl;
	SSL_SESSION_free(session);
	session = fresh;
	return 1;
}

static SSL_CTX *prepare(const char *ca)
{
	SSL_CTX *c = SSL_CTX_new(TLS_client_method());

	if (!c || SSL_CTX_load_verify_locations(c, ca, NULL) != 1 || SSL_CTX_set1_groups_list(c, "X25519") != 1)
		fail("load the authority");
	SSL_CTX_set_verify(c, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(c, keep);
	SSL_CTX_set_info_callback(c, note);
	return c;
}

static SSL *reach(SSL_CTX *c, const char *name, int port)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((in_port_t)port)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	SSL *ssl = SSL_new(c);

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || connect(fd, (struct sockaddr *)&in, sizeof in) < 0)
		err(1, "connect");
	if (!ssl || SSL_set_fd(ssl, fd) != 1 || SSL_set1_host(ssl, name) != 1 || SSL_set_tlsext_host_name(ssl, name) != 1 ||
	    (session && SSL_set_session(ssl, session) != 1) || SSL_connect(ssl) != 1)
		fail("handshake");
	return ssl;
}

/* get gives the sum of a file, and what came of it in *size. */
static uint64_t get(SSL *ssl, const char *path, const char *how, uint64_t *size)
{
	char text[1 << 12], *end = NULL, *length;
	int n = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: %s\r\n\r\n", path, how);
	uint64_t sum = 0, left;
	size_t have = 0, more;

	if (SSL_write_ex(ssl, text, (size_t)n, &more) != 1)
		fail("ask");
	for (memset(text, 0, sizeof text); !end; have += more) {
		if (have == sizeof text - 1 || SSL_read_ex(ssl, text + have, sizeof text - 1 - have, &more) != 1)
			fail("read the header");
		end = strstr(text, "\r\n\r\n");
	}
	length = strcasestr(text, "\r\ncontent-length:");
	if (!length || length > end || !strstr(text, " 200 "))
		errx(1, "the server says %s", text);
	*size = left = strtoull(length + 17, NULL, 10);
	more = have - (size_t)(end + 4 - text);
	memmove(text, end + 4, more);
	for (;;) {
		for (size_t i = 0; i < more; i++)
			sum = (sum ^ (unsigned char)text[i]) * 1099511628211u;
		left -= more;
		if (left == 0)
			return sum;
		if (SSL_read_ex(ssl, text, left < sizeof text ? left : sizeof text, &more) != 1)
			fail("read the file");
	}
}

/* end waits for the server's end, says ours, and writes what was seen. */
static void end(SSL *ssl, uint64_t size, uint64_t sum)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned length = 0;
	char byte;
	size_t n;

	if (SSL_read_ex(ssl, &byte, 1, &n) == 1 || SSL_get_error(ssl, 0) != SSL_ERROR_ZERO_RETURN)
		fail("wait for the end");
	SSL_shutdown(ssl);
	if (X509_digest(SSL_get0_peer_certificate(ssl), EVP_sha256(), digest, &length) != 1)
		fail("see the certificate");
	printf("%s %s group=%ld verified=%ld certificate=", SSL_get_version(ssl), SSL_get_cipher_name(ssl), SSL_get_negotiated_group(ssl),
	       SSL_get_verify_result(ssl));
	for (unsigned i = 0; i < 8; i++)
		printf("%02x", digest[i]);
	printf(" resumed=%d file=%llu:%llx alerts=%s\n", SSL_session_reused(ssl), (unsigned long long)size, (unsigned long long)sum, alerts);
	alerts[0] = '\0';
	close(SSL_get_fd(ssl));
	SSL_free(ssl);
}

int main(int argc, char **argv)
{
	if (argc != 6)
		errx(2, "usage: look CA NAME PORT PATH close|keep|reuse");
	SSL_CTX *c = prepare(argv[1]);
	int port = atoi(argv[3]);
	uint64_t size, sum;
	SSL *ssl = reach(c, argv[2], port);

	if (strcmp(argv[5], "keep") == 0)
		get(ssl, argv[4], "keep-alive", &size);
	sum = get(ssl, argv[4], "close", &size);
	end(ssl, size, sum);
	if (strcmp(argv[5], "reuse") != 0)
		return 0;
	ssl = reach(c, argv[2], port);
	sum = get(ssl, argv[4], "close", &size);
	end(ssl, size, sum);
	return 0;
}
