// Whom the program trusts.
//
// A program that takes the system's authorities asks for nothing: the policy's trust store takes their place. Which files
// and directories a store was filled from is noted as it is filled, because afterwards it holds only certificates.
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "export.h"
#include "failure.h"
#include "mode.h"
#include "pem.h"
#include "real.h"
#include "request.h"
#include "ssa_option.h"
#include "system_trust.h"

enum { DIRS = 4 };

// filling is how a store was filled.
struct filling {
	// system is how many of its objects are the system's.
	int system;
	char *dirs[DIRS];
};

static struct {
	pthread_once_t once;
	int store;
} index_of = {.once = PTHREAD_ONCE_INIT};

static void free_filling(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int idx, long argl, void *argp)
{
	(void)parent, (void)ad, (void)idx, (void)argl, (void)argp;
	struct filling *f = ptr;
	for (int i = 0; f && i < DIRS; i++)
		free(f->dirs[i]);
	free(f);
}

static void make_index(void)
{
	index_of.store = real()->CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_X509_STORE, 0, NULL, NULL, NULL, free_filling);
}

static struct filling *filling_of(X509_STORE *store)
{
	pthread_once(&index_of.once, make_index);
	struct filling *f = real()->X509_STORE_get_ex_data(store, index_of.store);
	if (f)
		return f;
	f = calloc(1, sizeof *f);
	if (!f || !real()->X509_STORE_set_ex_data(store, index_of.store, f))
		abort();
	return f;
}

// systems says whether a path is where a distribution or the program's library has the system's authorities.
static int systems(const char *path)
{
	return system_trust(path) || same_file(path, real()->X509_get_default_cert_file()) ||
	       same_file(path, real()->X509_get_default_cert_dir());
}

static int objects(X509_STORE *store)
{
	const OPENSSL_STACK *all = real()->X509_STORE_get0_objects(store);
	return all ? real()->OPENSSL_sk_num(all) : 0;
}

static void note_dir(X509_STORE *store, const char *dir)
{
	struct filling *f = filling_of(store);
	if (!dir || systems(dir))
		return;
	for (int i = 0; i < DIRS; i++)
		if (!f->dirs[i]) {
			f->dirs[i] = strdup(dir);
			return;
		}
}

// noted is what a call that filled a store returned, after the store's new objects were counted.
static int noted(X509_STORE *store, int before, int system, int result)
{
	if (system)
		filling_of(store)->system += objects(store) - before;
	return result;
}

EXPORT int X509_STORE_load_locations(X509_STORE *store, const char *file, const char *dir)
{
	int before = objects(store);
	note_dir(store, dir);
	return noted(store, before, file && systems(file), real()->X509_STORE_load_locations(store, file, dir));
}

EXPORT int X509_STORE_load_locations_ex(X509_STORE *store, const char *file, const char *dir, void *lib, const char *query)
{
	int before = objects(store);
	note_dir(store, dir);
	return noted(store, before, file && systems(file), real()->X509_STORE_load_locations_ex(store, file, dir, lib, query));
}

EXPORT int X509_STORE_load_file(X509_STORE *store, const char *file)
{
	int before = objects(store);
	return noted(store, before, systems(file), real()->X509_STORE_load_file(store, file));
}

EXPORT int X509_STORE_load_file_ex(X509_STORE *store, const char *file, void *lib, const char *query)
{
	int before = objects(store);
	return noted(store, before, systems(file), real()->X509_STORE_load_file_ex(store, file, lib, query));
}

EXPORT int X509_STORE_load_path(X509_STORE *store, const char *dir)
{
	note_dir(store, dir);
	return real()->X509_STORE_load_path(store, dir);
}

EXPORT int X509_STORE_set_default_paths(X509_STORE *store)
{
	int before = objects(store);
	return noted(store, before, 1, real()->X509_STORE_set_default_paths(store));
}

EXPORT int X509_STORE_set_default_paths_ex(X509_STORE *store, void *lib, const char *query)
{
	int before = objects(store);
	return noted(store, before, 1, real()->X509_STORE_set_default_paths_ex(store, lib, query));
}

static void add_objects(struct pem *p, X509_STORE *store)
{
	const OPENSSL_STACK *all = real()->X509_STORE_get0_objects(store);
	for (int i = 0; i < real()->OPENSSL_sk_num(all); i++) {
		const X509_OBJECT *o = real()->OPENSSL_sk_value(all, i);
		if (real()->X509_OBJECT_get_type(o) == X509_LU_X509)
			pem_certificate(p, real()->X509_OBJECT_get0_X509(o));
	}
}

static void add_file(struct pem *p, const char *path)
{
	char text[16384];
	FILE *f = fopen(path, "re");
	size_t n;
	while (f && (n = fread(text, 1, sizeof text, f)) > 0)
		pem_text(p, text, n);
	if (f)
		fclose(f);
	pem_text(p, "\n", 1);
}

// is_hashed says whether a name is one that OpenSSL would look for: eight hexadecimal digits, a point and a number.
static int is_hashed(const char *name)
{
	return strspn(name, "0123456789abcdef") == 8 && name[8] == '.' && name[9] && !name[9 + strspn(name + 9, "0123456789")];
}

static void add_dir(struct pem *p, const char *dir)
{
	DIR *d = opendir(dir);
	char path[PATH_MAX];
	for (struct dirent *e; d && (e = readdir(d));)
		if (is_hashed(e->d_name) && snprintf(path, sizeof path, "%s/%s", dir, e->d_name) < (int)sizeof path)
			add_file(p, path);
	if (d)
		closedir(d);
}

static X509_STORE *store_of(SSL *ssl)
{
	X509_STORE *own = NULL;
	if (real()->SSL_ctrl(ssl, SSL_CTRL_GET_VERIFY_CERT_STORE, 0, &own) && own)
		return own;
	return real()->SSL_CTX_get_cert_store(real()->SSL_get_SSL_CTX(ssl));
}

// own says whether a store has something that is not the system's.
static int own(X509_STORE *store)
{
	struct filling *f = filling_of(store);
	return f->dirs[0] || objects(store) > f->system;
}

static int anchors(SSL *ssl, struct conn *c, X509_STORE *store)
{
	struct pem p = pem_new();
	struct filling *f = filling_of(store);
	add_objects(&p, store);
	for (int i = 0; i < DIRS && f->dirs[i]; i++)
		add_dir(&p, f->dirs[i]);
	int good = pem_good(&p);
	int result = good ? option_set(c->fd, TLS_TRUSTED_PEER_CERTIFICATES, p.bytes, p.len) : -1, error = errno;
	pem_free(&p);
	if (!good)
		return fail(c, "the program's trusted certificates cannot be read");
	return result == 0 ? 1 : fail_socket(ssl, c, "TLS_TRUSTED_PEER_CERTIFICATES", error);
}

// ask_clients says whether a server wants its clients' certificates.
static int ask_clients(SSL *ssl, struct conn *c, int mode)
{
	int level = mode & SSL_VERIFY_FAIL_IF_NO_PEER_CERT ? TLS_PEER_AUTH_REQUIRE : TLS_PEER_AUTH_REQUEST;
	if (option_set_int(c->fd, TLS_REQUEST_PEER_AUTH, level) == 0)
		return 1;
	if (errno == EPERM)
		return 1; // the policy demands more
	return fail_socket(ssl, c, "TLS_REQUEST_PEER_AUTH", errno);
}

int request_trust(SSL *ssl, struct conn *c)
{
	int mode = real()->SSL_get_verify_mode(ssl);
	X509_STORE *store = store_of(ssl);
	if (c->server && !(mode & SSL_VERIFY_PEER))
		return 1;
	if (c->server && ask_clients(ssl, c, mode) != 1)
		return -1;
	if (!store || !own(store))
		return 1;
	return anchors(ssl, c, store);
}
