#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "failure.h"
#include "mode.h"
#include "real.h"
#include "request.h"
#include "ssa_option.h"
#include "suite_list.h"

static int among(const void *program, const char *name)
{
	const OPENSSL_STACK *ciphers = program;
	for (int i = 0; i < real()->OPENSSL_sk_num(ciphers); i++) {
		const char *have = real()->SSL_CIPHER_standard_name(real()->OPENSSL_sk_value(ciphers, i));
		if (have && strcmp(have, name) == 0)
			return 1;
	}
	return 0;
}

// request_ciphers asks for those suites of the policy that the program has set too.
int request_ciphers(SSL *ssl, struct conn *c)
{
	char list[SUITE_LIST_MAX];
	option_text(c->fd, TLS_TRUSTED_CIPHERS, list, sizeof list);
	// As they are set: what is left of them for one version is all that a server's SSL has after the ClientHello otherwise.
	const OPENSSL_STACK *ciphers = real()->SSL_get_ciphers(ssl);
	int dropped = ciphers && *list ? suite_list_narrow(list, among, ciphers) : 0;
	if (!dropped)
		return 1;
	if (!*list)
		return fail(c, "the program allows none of the cipher suites that the policy does");
	if (option_set(c->fd, TLS_TRUSTED_CIPHERS, list, strlen(list)) == 0)
		return 1;
	if (errno == EOPNOTSUPP && best_effort())
		return 1;
	return fail_socket(ssl, c, "TLS_TRUSTED_CIPHERS", errno);
}
