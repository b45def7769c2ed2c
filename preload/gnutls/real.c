// Finds the program's own libgnutls, by its name: it may have been loaded at run time and out of the global scope, where
// RTLD_NEXT finds nothing.
#include "real.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

static struct {
	pthread_once_t once;
	void *library;
	void (**free)(void *);
	struct real f;
} table = {.once = PTHREAD_ONCE_INIT};

static void missing(const char *name)
{
	fprintf(stderr, "ssa: coerce: the program's GnuTLS has no function gnutls_%s; it must be 3.6.3 or later\n", name);
	_exit(127);
}

#define FIND(ret, name, params) table.f.name = (ret(*) params)dlsym(table.library, "gnutls_" #name);
#define DEMAND(ret, name, params)                                                                                      \
	if (!table.f.name)                                                                                             \
		missing(#name);

static void find(void)
{
	table.library = dlopen("libgnutls.so.30", RTLD_LAZY | RTLD_NOLOAD);
	if (!table.library)
		missing("init (libgnutls.so.30 is not loaded)");
	REAL_FUNCTIONS(FIND)
	REAL_FUNCTIONS(DEMAND)
	REAL_OPTIONAL(FIND)
	table.free = dlsym(table.library, "gnutls_free");
}

const struct real *real(void)
{
	pthread_once(&table.once, find);
	return &table.f;
}

void *real_by_name(const char *name)
{
	(void)real();
	return dlsym(table.library, name);
}

void real_free(void *allocated)
{
	(void)real();
	(*table.free)(allocated);
}
