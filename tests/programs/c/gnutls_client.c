// A client of GnuTLS that moves its bytes by functions of its own, without blocking, twice: HOST PORT TRUST accept|refuse; or
// that writes more than fits at once: HOST PORT TRUST bulk.
#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LINES = 1000000, LINE = 8 };

static int refuses, bulk, asked;

struct transport {
	gnutls_session_t session;
	int fd;
};

static ssize_t pull(gnutls_transport_ptr_t ptr, void *to, size_t len)
{
	struct transport *t = ptr;
	ssize_t n = recv(t->fd, to, len, 0);
	if (n < 0)
		gnutls_transport_set_errno(t->session, errno);
	return n;
}

static ssize_t push(gnutls_transport_ptr_t ptr, const void *from, size_t len)
{
	struct transport *t = ptr;
	ssize_t n = send(t->fd, from, len, MSG_NOSIGNAL);
	if (n < 0)
		gnutls_transport_set_errno(t->session, errno);
	return n;
}

static int verify(gnutls_session_t session)
{
	unsigned n = 0, status = 1;
	asked++;
	if (!gnutls_certificate_get_peers(session, &n) || gnutls_certificate_verify_peers3(session, "localhost", &status) < 0)
		return -1;
	printf("peers %u status %u\n", n, status);
	gnutls_certificate_verify_peers3(session, "other.test", &status);
	printf("unexpected %d\n", (status & GNUTLS_CERT_UNEXPECTED_OWNER) != 0);
	return refuses ? -1 : 0;
}

static int connected(const char *host, const char *port)
{
	struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *to;
	if (getaddrinfo(host, port, &hints, &to) != 0)
		exit(2);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(fd, to->ai_addr, to->ai_addrlen) < 0)
		exit(2);
	freeaddrinfo(to);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

// again waits when a call is to be repeated.
static int again(struct transport *t, ssize_t result)
{
	struct pollfd p = {.fd = t->fd, .events = gnutls_record_get_direction(t->session) ? POLLOUT : POLLIN};
	if (result != GNUTLS_E_AGAIN && result != GNUTLS_E_INTERRUPTED)
		return 0;
	return poll(&p, 1, 10000) == 1;
}

static void binding(gnutls_session_t session)
{
	unsigned char hash[64];
	size_t size = sizeof hash;
	gnutls_datum_t b;
	gnutls_fingerprint(GNUTLS_DIG_SHA256, gnutls_certificate_get_peers(session, NULL), hash, &size);
	if (gnutls_session_channel_binding(session, GNUTLS_CB_TLS_SERVER_END_POINT, &b) < 0)
		return;
	printf("binding %s\n", b.size == size && memcmp(b.data, hash, size) == 0 ? "same" : "differs");
	gnutls_free(b.data);
}

static void ask(struct transport *t)
{
	static const char *const request[] = {"GET / HTTP/1.1\r\n", "Host: localhost\r\n", "Connection: close\r\n\r\n"};
	char page[65536];
	ssize_t n;
	gnutls_record_cork(t->session);
	for (int i = 0; i < 3; i++)
		gnutls_record_send(t->session, request[i], strlen(request[i]));
	printf("corked %zu\n", gnutls_record_check_corked(t->session));
	printf("uncorked %d\n", gnutls_record_uncork(t->session, GNUTLS_RECORD_WAIT));
	do
		while ((n = gnutls_record_recv(t->session, page, sizeof page)) > 0)
			fwrite(page, 1, (size_t)n, stdout);
	while (again(t, n));
	printf("end %zd\n", n);
}

// write_lines repeats calls that have to wait, with the same bytes and with none in turn.
static void write_lines(struct transport *t)
{
	char *lines = malloc(LINES * LINE + 1);
	size_t at = 0;
	ssize_t n;
	int waited = 0;
	for (int i = 0; i < LINES; i++)
		sprintf(lines + i * LINE, "%07d\n", i);
	while (at < LINES * LINE) {
		n = gnutls_record_send(t->session, lines + at, LINES * LINE - at);
		while (again(t, n))
			n = waited++ % 2 ? gnutls_record_send(t->session, NULL, 0) : gnutls_record_send(t->session, lines + at, LINES * LINE - at);
		if (n <= 0)
			break;
		at += (size_t)n;
	}
	printf("written %zu waited %d\n", at, waited > 1);
	free(lines);
}

static int talk(gnutls_certificate_credentials_t cred, char **argv)
{
	struct transport t = {.fd = connected(argv[1], argv[2])};
	int result;
	gnutls_init(&t.session, GNUTLS_CLIENT | GNUTLS_NONBLOCK);
	gnutls_set_default_priority(t.session);
	gnutls_credentials_set(t.session, GNUTLS_CRD_CERTIFICATE, cred);
	gnutls_server_name_set(t.session, GNUTLS_NAME_DNS, argv[1], strlen(argv[1]));
	gnutls_transport_set_ptr(t.session, &t);
	gnutls_transport_set_pull_function(t.session, pull);
	gnutls_transport_set_push_function(t.session, push);
	do
		result = gnutls_handshake(t.session);
	while (again(&t, result));
	printf("handshake %d %s\n", result, gnutls_strerror(result));
	if (result == 0) {
		printf("version %s resumed %d\n", gnutls_protocol_get_name(gnutls_protocol_get_version(t.session)),
		       gnutls_session_is_resumed(t.session));
		binding(t.session);
		(bulk ? write_lines : ask)(&t);
		gnutls_bye(t.session, GNUTLS_SHUT_WR);
	}
	gnutls_deinit(t.session);
	close(t.fd);
	return result;
}

int main(int argc, char **argv)
{
	gnutls_certificate_credentials_t cred;
	if (argc != 5)
		return 2;
	refuses = strcmp(argv[4], "refuse") == 0;
	bulk = strcmp(argv[4], "bulk") == 0;
	gnutls_certificate_allocate_credentials(&cred);
	gnutls_certificate_set_x509_trust_file(cred, argv[3], GNUTLS_X509_FMT_PEM);
	gnutls_certificate_set_verify_function(cred, verify);
	int result = talk(cred, argv) || (!refuses && !bulk && talk(cred, argv));
	gnutls_certificate_free_credentials(cred);
	printf("asked %d\n", asked);
	return result != 0;
}
