#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "failure.h"
#include "mode.h"
#include "real.h"
#include "request.h"
#include "ssa_option.h"

enum { LIST_MAX = 4096 };

static int among(const OPENSSL_STACK *ciphers, const char *name)
{
	for (int i = 0; i < real()->OPENSSL_sk_num(ciphers); i++) {
		const char *have = real()->SSL_CIPHER_standard_name(real()->OPENSSL_sk_value(ciphers, i));
		if (have && strcmp(have, name) == 0)
			return 1;
	}
	return 0;
}

// narrow leaves those names of a list with colons that the program has too. It returns how many were left out.
static int narrow(char *list, const OPENSSL_STACK *ciphers)
{
	char kept[LIST_MAX] = "", *state = NULL;
	int dropped = 0;
	for (char *name = strtok_r(list, ":", &state); name; name = strtok_r(NULL, ":", &state)) {
		if (!among(ciphers, name)) {
			dropped++;
			continue;
		}
		if (*kept)
			strcat(kept, ":");
		strcat(kept, name); // a part of list, which has LIST_MAX bytes
	}
	strcpy(list, kept);
	return dropped;
}

// request_ciphers asks for those suites of the policy that the program has set too.
int request_ciphers(SSL *ssl, struct conn *c)
{
	char list[LIST_MAX];
	option_text(c->fd, TLS_TRUSTED_CIPHERS, list, sizeof list);
	// As they are set: what is left of them for one version is all that a server's SSL has after the ClientHello otherwise.
	const OPENSSL_STACK *ciphers = real()->SSL_get_ciphers(ssl);
	int dropped = ciphers && *list ? narrow(list, ciphers) : 0;
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
