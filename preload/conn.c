#include "conn.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "mode.h"
#include "real.h"

static struct {
	pthread_once_t once;
	int ssl, ctx;
} indexes = {.once = PTHREAD_ONCE_INIT};

static void free_answers(struct conn *c)
{
	if (c->chain)
		real()->OPENSSL_sk_pop_free(c->chain, (void (*)(void *))real()->X509_free);
	if (c->session)
		real()->SSL_SESSION_free(c->session);
	c->chain = NULL;
	c->session = NULL;
}

static void free_conn(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int idx, long argl, void *argp)
{
	(void)parent, (void)ad, (void)idx, (void)argl, (void)argp;
	struct conn *c = ptr;
	if (!c)
		return;
	memory_forget(c);
	free_answers(c);
	free(c->ahead.bytes);
	free(c->asked.list);
	free(c);
}

static void free_context(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int idx, long argl, void *argp)
{
	(void)parent, (void)ad, (void)idx, (void)argl, (void)argp;
	struct context *x = ptr;
	if (x)
		free(x->asked.list);
	free(x);
}

static void make_indexes(void)
{
	indexes.ssl = real()->CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_SSL, 0, NULL, NULL, NULL, free_conn);
	indexes.ctx = real()->CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_SSL_CTX, 0, NULL, NULL, NULL, free_context);
}

struct conn *conn_known(const SSL *ssl)
{
	if (!ssl || !coerced())
		return NULL;
	pthread_once(&indexes.once, make_indexes);
	return real()->SSL_get_ex_data(ssl, indexes.ssl);
}

struct conn *conn_of(const SSL *ssl)
{
	struct conn *c = conn_known(ssl);
	if (c || !ssl || !coerced())
		return c;
	c = calloc(1, sizeof *c);
	if (!c || !real()->SSL_set_ex_data((SSL *)ssl, indexes.ssl, c))
		abort(); // without memory nothing can be refused either
	c->fd = -1;
	return c;
}

struct context *context_of(const SSL_CTX *ctx)
{
	if (!ctx || !coerced())
		return NULL;
	pthread_once(&indexes.once, make_indexes);
	struct context *x = real()->SSL_CTX_get_ex_data(ctx, indexes.ctx);
	if (x)
		return x;
	x = calloc(1, sizeof *x);
	if (!x || !real()->SSL_CTX_set_ex_data((SSL_CTX *)ctx, indexes.ctx, x))
		abort();
	return x;
}

void conn_reset(struct conn *c)
{
	memory_forget(c);
	free_answers(c);
	free(c->ahead.bytes);
	struct conn fresh = {
	    .fd = -1, .asked = c->asked, .cert = c->cert, .cert_arg = c->cert_arg, .cert_set = c->cert_set, .unserved = c->unserved};
	*c = fresh;
}

void alpn_copy(struct alpn *to, const unsigned char *list, unsigned len)
{
	free(to->list);
	to->list = len ? malloc(len) : NULL;
	to->len = to->list ? len : 0;
	if (to->len)
		memcpy(to->list, list, len);
}
