#include "peers.h"

#include <stdlib.h>
#include <string.h>

#include "../export.h"
#include "../ssa_option.h"
#include "real.h"

static const char begin[] = "-----BEGIN CERTIFICATE-----", end[] = "-----END CERTIFICATE-----";

static void add(struct conn *c, char *from, size_t len)
{
	datum_t pem = {(unsigned char *)from, (unsigned)len}, der;
	datum_t *chain = realloc(c->answers.chain, (c->answers.length + 1) * sizeof *chain);
	if (!chain)
		return;
	c->answers.chain = chain;
	if (real()->pem_base64_decode2("CERTIFICATE", &pem, &der) == 0)
		chain[c->answers.length++] = der;
}

static void read_chain(struct conn *c)
{
	char *text = option_long_text(c->fd, TLS_PEER_CERTIFICATE_CHAIN);
	for (char *at = text; at && (at = strstr(at, begin));) {
		char *to = strstr(at, end);
		if (!to)
			break;
		to += sizeof end - 1;
		add(c, at, (size_t)(to - at));
		at = to;
	}
	free(text);
	c->answers.read = 1;
}

const datum_t *peers(struct conn *c, unsigned *length)
{
	if (!c->answers.read)
		read_chain(c);
	if (length)
		*length = c->answers.length;
	return c->answers.length ? c->answers.chain : NULL;
}

crt_t peers_leaf(struct conn *c)
{
	crt_t leaf = NULL;
	const datum_t *der = peers(c, NULL);
	if (!der || real()->x509_crt_init(&leaf) < 0)
		return NULL;
	if (real()->x509_crt_import(leaf, der, !FMT_PEM) == 0)
		return leaf;
	real()->x509_crt_deinit(leaf);
	return NULL;
}

EXPORT const datum_t *gnutls_certificate_get_peers(session_t session, unsigned *length)
{
	struct conn *c = conn_of(session);
	return served(c) ? peers(c, length) : real()->certificate_get_peers(session, length);
}

// of_leaf is a time that a certificate says.
static time_t of_leaf(struct conn *c, time_t (*says)(crt_t))
{
	crt_t leaf = peers_leaf(c);
	time_t t = leaf ? says(leaf) : (time_t)-1;
	if (leaf)
		real()->x509_crt_deinit(leaf);
	return t;
}

EXPORT time_t gnutls_certificate_expiration_time_peers(session_t session)
{
	struct conn *c = conn_of(session);
	return served(c) ? of_leaf(c, real()->x509_crt_get_expiration_time) : real()->certificate_expiration_time_peers(session);
}

EXPORT time_t gnutls_certificate_activation_time_peers(session_t session)
{
	struct conn *c = conn_of(session);
	return served(c) ? of_leaf(c, real()->x509_crt_get_activation_time) : real()->certificate_activation_time_peers(session);
}
