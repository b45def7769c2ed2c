#include "key_text.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "real.h"

static struct {
	pthread_once_t once;
	int key;
	// mu orders those who look and those who keep.
	pthread_mutex_t mu;
} index_of = {.once = PTHREAD_ONCE_INIT, .key = -1, .mu = PTHREAD_MUTEX_INITIALIZER};

static void free_text(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int idx, long argl, void *argp)
{
	(void)parent, (void)ad, (void)idx, (void)argl, (void)argp;
	struct key_text *t = ptr;
	if (t)
		real()->OPENSSL_cleanse(t, sizeof *t + t->len);
	free(t);
}

// leave_out keeps a copy of a key (EVP_PKEY_dup) from having the same text.
static int leave_out(CRYPTO_EX_DATA *to, const CRYPTO_EX_DATA *from, void *ptr, int idx, long argl, void *argp)
{
	(void)to, (void)from, (void)idx, (void)argl, (void)argp;
	*(void **)ptr = NULL;
	return 1;
}

static void make_index(void)
{
	if (real()->EVP_PKEY_set_ex_data && real()->EVP_PKEY_get_ex_data)
		index_of.key = real()->CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_EVP_PKEY, 0, NULL, NULL, (void *)leave_out, free_text);
}

const struct key_text *key_text_kept(const EVP_PKEY *key)
{
	pthread_once(&index_of.once, make_index);
	if (index_of.key < 0)
		return NULL;
	pthread_mutex_lock(&index_of.mu);
	const struct key_text *t = real()->EVP_PKEY_get_ex_data(key, index_of.key);
	pthread_mutex_unlock(&index_of.mu);
	return t;
}

void key_text_keep(EVP_PKEY *key, const char *bytes, size_t len)
{
	struct key_text *t = index_of.key < 0 ? NULL : malloc(sizeof *t + len);
	if (!t)
		return;
	t->len = len;
	memcpy(t->bytes, bytes, len);
	pthread_mutex_lock(&index_of.mu);
	int kept = !real()->EVP_PKEY_get_ex_data(key, index_of.key) && real()->EVP_PKEY_set_ex_data(key, index_of.key, t);
	pthread_mutex_unlock(&index_of.mu);
	if (!kept)
		free_text(NULL, t, NULL, 0, 0, NULL);
}
