// Finds the program's own libssl and libcrypto. They may have been loaded at run time and out of the global scope, as
// interpreters load them, where RTLD_NEXT finds nothing: so the libraries are asked for by their names.
#include "real.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "export.h"

static struct {
	pthread_mutex_t mu;
	void *ssl, *crypto;
	// ready is set once the functions of libssl are there; crypto_ready once those of libcrypto are.
	_Atomic int ready, crypto_ready;
	struct real f;
} table = {.mu = PTHREAD_MUTEX_INITIALIZER};

static void *loaded(const char *name, const char *other)
{
	void *found = dlopen(name, RTLD_LAZY | RTLD_NOLOAD);
	return found ? found : dlopen(other, RTLD_LAZY | RTLD_NOLOAD);
}

static void missing(const char *name)
{
	fprintf(stderr, "ssa: coerce: the program's TLS library has no function %s; it must be OpenSSL 1.1.1 or 3\n", name);
	_exit(127);
}

#define FIND(ret, name, params) table.f.name = (ret(*) params)dlsym(from, #name);
#define DEMAND(ret, name, params)                                                                                      \
	if (!table.f.name)                                                                                             \
		missing(#name);

static void find_crypto(void *from)
{
	REAL_CRYPTO(FIND)
	REAL_CRYPTO(DEMAND)
	table.crypto = from;
	table.crypto_ready = 1;
}

static void find_ssl(void *from)
{
	REAL_FUNCTIONS(FIND)
	REAL_FUNCTIONS(DEMAND)
	table.ssl = from;
}

static void find_optional(void *from)
{
	REAL_OPTIONAL(FIND)
}

// find looks again until libssl is there: a program may use libcrypto alone and load libssl later.
static void find(void)
{
	void *ssl = loaded("libssl.so.3", "libssl.so.1.1");
	if (ssl) {
		find_crypto(ssl); // dlsym looks through what a library needs
		find_ssl(ssl);
		find_optional(ssl);
		table.ready = 1;
		return;
	}
	if (table.crypto_ready)
		return;
	void *crypto = loaded("libcrypto.so.3", "libcrypto.so.1.1");
	if (!crypto)
		missing("(no libssl or libcrypto is loaded)");
	find_crypto(crypto);
	find_optional(crypto);
}

const struct real *real(void)
{
	if (!table.ready) {
		pthread_mutex_lock(&table.mu);
		if (!table.ready)
			find();
		pthread_mutex_unlock(&table.mu);
	}
	return &table.f;
}

void *real_by_name(const char *name)
{
	(void)real();
	return dlsym(table.ssl ? table.ssl : table.crypto, name);
}
