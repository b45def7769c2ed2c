#include <errno.h>
#include <string.h>

#include "failure.h"
#include "export.h"
#include "real.h"
#include "request.h"
#include "ssa_option.h"

// names writes a list with length bytes as one with commas. It returns 0 when a name cannot be written so.
static int names(const struct alpn *a, char *to, size_t size)
{
	size_t at = 0;
	for (unsigned i = 0; i < a->len; i += a->list[i] + 1u) {
		size_t n = a->list[i];
		if (!n || i + 1 + n > a->len || at + n + 2 > size || memchr(a->list + i + 1, ',', n) || memchr(a->list + i + 1, 0, n))
			return 0;
		if (at)
			to[at++] = ',';
		memcpy(to + at, a->list + i + 1, n);
		at += n;
	}
	to[at] = 0;
	return 1;
}

// wanted is the program's list; for a server the one protocol that its callback has selected.
static int wanted(SSL *ssl, struct conn *c, char *to, size_t size)
{
	const unsigned char *selected;
	unsigned len = 0;
	if (!c->server) {
		struct context *x = context_of(real()->SSL_get_SSL_CTX(ssl));
		return names(c->asked.len ? &c->asked : &x->asked, to, size);
	}
	real()->SSL_get0_alpn_selected(ssl, &selected, &len);
	if (len >= size || (len && memchr(selected, ',', len)))
		return 0;
	if (len)
		memcpy(to, selected, len);
	to[len] = 0;
	return 1;
}

int request_alpn(SSL *ssl, struct conn *c)
{
	char list[4096];
	if (!wanted(ssl, c, list, sizeof list))
		return fail(c, "the application protocols the program has set cannot be asked for");
	if (!*list || option_set(c->fd, TLS_ALPN, list, strlen(list)) == 0)
		return 1;
	return fail_socket(ssl, c, "TLS_ALPN", errno);
}

EXPORT int SSL_CTX_set_alpn_protos(SSL_CTX *ctx, const unsigned char *list, unsigned len)
{
	struct context *x = context_of(ctx);
	if (x)
		alpn_copy(&x->asked, list, len);
	return real()->SSL_CTX_set_alpn_protos(ctx, list, len);
}

EXPORT int SSL_set_alpn_protos(SSL *ssl, const unsigned char *list, unsigned len)
{
	struct conn *c = conn_of(ssl);
	if (c)
		alpn_copy(&c->asked, list, len);
	return real()->SSL_set_alpn_protos(ssl, list, len);
}

EXPORT void SSL_CTX_set_alpn_select_cb(SSL_CTX *ctx, alpn_select_cb *cb, void *arg)
{
	struct context *x = context_of(ctx);
	if (x)
		x->selects_alpn = cb != NULL;
	real()->SSL_CTX_set_alpn_select_cb(ctx, cb, arg);
}

EXPORT void SSL_get0_alpn_selected(const SSL *ssl, const unsigned char **data, unsigned *len)
{
	struct conn *c = conn_known(ssl);
	if (!served(c)) {
		real()->SSL_get0_alpn_selected(ssl, data, len);
		return;
	}
	if (!c->alpn_read)
		option_text(c->fd, TLS_ALPN, c->alpn, sizeof c->alpn);
	c->alpn_read = 1;
	*len = (unsigned)strlen(c->alpn);
	*data = *len ? (unsigned char *)c->alpn : NULL;
}
