/* transport.h with GnuTLS in the process. */
#include <err.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "transport.h"

struct connection {
	int fd;
	gnutls_session_t session;
};

static gnutls_certificate_credentials_t credentials;
static gnutls_priority_t priority;
static gnutls_datum_t kept;
static const char *peer;
static int resuming;

static void check(const char *what, int rc)
{
	if (rc < 0)
		errx(1, "%s: %s", what, gnutls_strerror(rc));
}

void transport_init(const char *ca, const char *name, int resume)
{
	peer = name;
	resuming = resume;
	check("credentials", gnutls_certificate_allocate_credentials(&credentials));
	check("load the authority", gnutls_certificate_set_x509_trust_file(credentials, ca, GNUTLS_X509_FMT_PEM));
	check("priorities", gnutls_priority_init(&priority,
		"NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-GCM:-GROUP-ALL:+GROUP-X25519", NULL));
}

/* keep holds the latest session, for the next connection. */
static int keep(gnutls_session_t session, unsigned type, unsigned when, unsigned incoming, const gnutls_datum_t *message)
{
	(void)type;
	(void)when;
	(void)message;
	if (incoming) {
		gnutls_free(kept.data);
		kept.data = NULL;
		gnutls_session_get_data2(session, &kept);
	}
	return 0;
}

struct connection *transport_connect(const struct sockaddr_in *to)
{
	struct connection *c = malloc(sizeof *c);
	int rc;

	if (!c || (c->fd = socket(AF_INET, SOCK_STREAM, 0)) < 0)
		err(1, "socket");
	if (connect(c->fd, (const struct sockaddr *)to, sizeof *to) < 0 ||
	    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int)) < 0)
		err(1, "connect");
	check("session", gnutls_init(&c->session, GNUTLS_CLIENT));
	check("priorities", gnutls_priority_set(c->session, priority));
	check("credentials", gnutls_credentials_set(c->session, GNUTLS_CRD_CERTIFICATE, credentials));
	check("name", gnutls_server_name_set(c->session, GNUTLS_NAME_DNS, peer, strlen(peer)));
	gnutls_session_set_verify_cert(c->session, peer, 0);
	gnutls_transport_set_int(c->session, c->fd);
	if (resuming) {
		gnutls_handshake_set_hook_function(c->session, GNUTLS_HANDSHAKE_NEW_SESSION_TICKET, GNUTLS_HOOK_POST, keep);
		if (kept.data)
			check("resume", gnutls_session_set_data(c->session, kept.data, kept.size));
	}
	while ((rc = gnutls_handshake(c->session)) < 0)
		if (gnutls_error_is_fatal(rc)) {
			gnutls_alert_send_appropriate(c->session, rc);
			check("handshake", rc);
		}
	return c;
}

ssize_t transport_read(struct connection *c, void *buf, size_t size)
{
	ssize_t n;

	while ((n = gnutls_record_recv(c->session, buf, size)) < 0)
		if (gnutls_error_is_fatal((int)n))
			check("read", (int)n);
	return n;
}

void transport_write(struct connection *c, const void *buf, size_t size)
{
	for (ssize_t n; size > 0; buf = (const char *)buf + n, size -= (size_t)n)
		if ((n = gnutls_record_send(c->session, buf, size)) < 0)
			check("write", (int)n);
}

void transport_close(struct connection *c)
{
	gnutls_bye(c->session, GNUTLS_SHUT_WR);
	gnutls_deinit(c->session);
	close(c->fd);
	free(c);
}
