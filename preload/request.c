#include "request.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "failure.h"
#include "mode.h"
#include "names.h"
#include "real.h"
#include "refused.h"
#include "ssa_option.h"

// unserved looks for what the program has set and no connection of ours can have.
static int unserved(SSL *ssl, struct conn *c)
{
	struct context *x = context_of(real()->SSL_get_SSL_CTX(ssl));
	const char *name = c->unserved ? c->unserved : x->unserved;
	if (!name)
		return 1;
	refused(name);
	if (option_set(c->fd, TLS_COERCE, name, strlen(name)) < 0)
		return fail_socket(ssl, c, name, errno); // and it is in the audit log
	return best_effort() ? 1 : fail(c, "the program has called %s, which cannot be served to a coerced program", name);
}

int request_make(SSL *ssl, struct conn *c)
{
	static int (*const parts[])(SSL *, struct conn *) = {
	    unserved, request_versions, request_ciphers, request_alpn, request_trust, request_credentials};
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		if (parts[i](ssl, c) != 1)
			return -1;
	return 1;
}

void request_name(SSL *ssl, struct conn *c, char *name, size_t size)
{
	X509_VERIFY_PARAM *param = real()->SSL_get0_param(ssl);
	const char *host = NULL;
	if (real()->X509_VERIFY_PARAM_get0_host)
		host = real()->X509_VERIFY_PARAM_get0_host(param, 0);
	if (!host || !*host)
		host = real()->SSL_get_servername(ssl, 0);
	if (host && *host) {
		snprintf(name, size, "%s", host);
		return;
	}
	char *ip = real()->X509_VERIFY_PARAM_get1_ip_asc ? real()->X509_VERIFY_PARAM_get1_ip_asc(param) : NULL;
	if (ip) {
		snprintf(name, size, "%s", ip);
		real()->CRYPTO_free(ip, "ssa", 0);
		return;
	}
	real()->ERR_clear_error(); // that there is no address
	names_of_peer(c->fd, name, size);
}
