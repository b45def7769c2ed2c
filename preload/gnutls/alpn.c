#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../export.h"
#include "../ssa_option.h"
#include "failure.h"
#include "real.h"
#include "request.h"

// plain says whether a protocol's name can stand in a list with commas.
static int plain(const datum_t *name)
{
	return name->size && !memchr(name->data, ',', name->size) && !memchr(name->data, 0, name->size);
}

// joined is a list with commas, which the caller frees; NULL when it cannot be written so.
static char *joined(const datum_t *names, unsigned n)
{
	size_t size = 1, at = 0;
	for (unsigned i = 0; i < n; i++)
		size += names[i].size + 1;
	char *list = malloc(size);
	for (unsigned i = 0; list && i < n; i++) {
		if (!plain(&names[i])) {
			free(list);
			return NULL;
		}
		if (at)
			list[at++] = ',';
		memcpy(list + at, names[i].data, names[i].size);
		at += names[i].size;
	}
	if (list)
		list[at] = 0;
	return list;
}

static int ask(struct conn *c, const char *list)
{
	if (!*list || option_set(c->fd, TLS_ALPN, list, strlen(list)) == 0)
		return 0;
	return fail_socket(c, "TLS_ALPN", errno);
}

// request_alpn asks for the program's list; on a server for the one protocol that the library has selected.
int request_alpn(session_t session, struct conn *c)
{
	datum_t selected;
	if (!c->server)
		return c->alpn ? ask(c, c->alpn) : 0;
	if (real()->alpn_get_selected_protocol(session, &selected) < 0)
		return 0;
	char *one = joined(&selected, 1);
	int result = one ? ask(c, one) : fail(c, "the application protocol selected cannot be asked for");
	free(one);
	return result;
}

EXPORT int gnutls_alpn_set_protocols(session_t session, const datum_t *names, unsigned n, unsigned flags)
{
	struct conn *c = conn_of(session);
	int result = real()->alpn_set_protocols(session, names, n, flags);
	if (!c || result < 0)
		return result;
	free(c->alpn);
	c->alpn = joined(names, n);
	return c->alpn ? result : E_INVALID_REQUEST;
}

EXPORT int gnutls_alpn_get_selected_protocol(session_t session, datum_t *selected)
{
	struct conn *c = conn_of(session);
	if (!served(c))
		return real()->alpn_get_selected_protocol(session, selected);
	option_text(c->fd, TLS_ALPN, c->answers.alpn, sizeof c->answers.alpn);
	*selected = (datum_t){(unsigned char *)c->answers.alpn, (unsigned)strlen(c->answers.alpn)};
	return selected->size ? E_SUCCESS : E_REQUESTED_DATA_NOT_AVAILABLE;
}
