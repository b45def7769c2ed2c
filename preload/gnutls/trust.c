// Whom the program trusts.
//
// A program that takes the system's authorities asks for nothing: the policy's trust store takes their place. How many of a
// list are the system's is noted as it is filled, because afterwards it holds only certificates.
#include <errno.h>
#include <stdlib.h>

#include "../export.h"
#include "../mode.h"
#include "../ssa_option.h"
#include "../system_trust.h"
#include "failure.h"
#include "kept.h"
#include "pem.h"
#include "real.h"
#include "request.h"
#include "trust.h"

// filling is how a list was filled.
struct filling {
	int system;
};

static struct kept lists = {.mu = PTHREAD_MUTEX_INITIALIZER};

// each calls a function for each certificate of a list and counts them.
static int each(trust_list_t list, void (*f)(struct pem *, crt_t), struct pem *p)
{
	trust_iter_t iter = NULL;
	crt_t cert;
	int n = 0;
	while (real()->x509_trust_list_iter_get_ca(list, &iter, &cert) == 0) {
		if (f)
			f(p, cert);
		real()->x509_crt_deinit(cert);
		n++;
	}
	return n;
}

static struct filling *filling_of(trust_list_t list)
{
	return kept_find(&lists, list, sizeof(struct filling));
}

static trust_list_t list_of(credentials_t cred)
{
	trust_list_t list = NULL;
	real()->certificate_get_trust_list(cred, &list);
	return list;
}

// nested is how many of the calls below this thread is in: the library's own go through them too.
static __thread int nested;

// count is how many certificates a list has before a call that fills it with the system's.
static int count(trust_list_t list, int system)
{
	return nested++ == 0 && system && coerced() ? each(list, NULL, NULL) : 0;
}

// noted is what that call returned, after the new certificates were counted.
static int noted(trust_list_t list, int before, int system, int result)
{
	if (--nested == 0 && system && coerced())
		filling_of(list)->system += each(list, NULL, NULL) - before;
	return result;
}

EXPORT int gnutls_certificate_set_x509_system_trust(credentials_t cred)
{
	int before = count(list_of(cred), 1);
	int result = real()->certificate_set_x509_system_trust(cred);
	return noted(list_of(cred), before, 1, result);
}

EXPORT int gnutls_certificate_set_x509_trust_file(credentials_t cred, const char *path, int format)
{
	int system = system_trust(path), before = count(list_of(cred), system);
	int result = real()->certificate_set_x509_trust_file(cred, path, format);
	return noted(list_of(cred), before, system, result);
}

EXPORT int gnutls_certificate_set_x509_trust_dir(credentials_t cred, const char *path, int format)
{
	int system = system_trust(path), before = count(list_of(cred), system);
	int result = real()->certificate_set_x509_trust_dir(cred, path, format);
	return noted(list_of(cred), before, system, result);
}

EXPORT int gnutls_x509_trust_list_add_system_trust(trust_list_t list, unsigned flags, unsigned verify)
{
	int before = count(list, 1);
	int result = real()->x509_trust_list_add_system_trust(list, flags, verify);
	return noted(list, before, 1, result);
}

EXPORT int gnutls_x509_trust_list_add_trust_file(trust_list_t list, const char *path, const char *crls, int format, unsigned flags,
						 unsigned verify)
{
	int system = system_trust(path), before = count(list, system);
	int result = real()->x509_trust_list_add_trust_file(list, path, crls, format, flags, verify);
	return noted(list, before, system, result);
}

EXPORT int gnutls_x509_trust_list_add_trust_dir(trust_list_t list, const char *path, const char *crls, int format, unsigned flags,
						unsigned verify)
{
	int system = system_trust(path), before = count(list, system);
	int result = real()->x509_trust_list_add_trust_dir(list, path, crls, format, flags, verify);
	return noted(list, before, system, result);
}

EXPORT void gnutls_x509_trust_list_deinit(trust_list_t list, unsigned all)
{
	if (list && coerced())
		free(kept_take(&lists, list));
	real()->x509_trust_list_deinit(list, all);
}

void trust_forget(credentials_t cred)
{
	trust_list_t list = list_of(cred);
	if (list)
		free(kept_take(&lists, list));
}

static int anchors(struct conn *c, trust_list_t list)
{
	struct pem p = {0};
	int n = each(list, pem_certificate, &p);
	if (n <= filling_of(list)->system || p.bad) {
		pem_free(&p);
		return p.bad ? fail(c, "the program's trusted certificates cannot be read") : 0;
	}
	int result = option_set(c->fd, TLS_TRUSTED_PEER_CERTIFICATES, p.bytes, p.len), error = errno;
	pem_free(&p);
	return result == 0 ? 0 : fail_socket(c, "TLS_TRUSTED_PEER_CERTIFICATES", error);
}

// ask_clients says that a server wants its clients' certificates.
static int ask_clients(struct conn *c)
{
	int level = c->request == CERT_REQUIRE ? TLS_PEER_AUTH_REQUIRE : TLS_PEER_AUTH_REQUEST;
	if (option_set_int(c->fd, TLS_REQUEST_PEER_AUTH, level) == 0 || errno == EPERM)
		return 0; // or the policy demands more
	return fail_socket(c, "TLS_REQUEST_PEER_AUTH", errno);
}

int request_trust(session_t session, struct conn *c)
{
	credentials_t cred = credentials_in(session);
	if (c->server && c->request == CERT_IGNORE)
		return 0;
	int result = c->server ? ask_clients(c) : 0;
	if (result != 0 || !cred)
		return result;
	return anchors(c, list_of(cred));
}
