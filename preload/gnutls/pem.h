// Text in PEM being put together.
#ifndef SSA_GNUTLS_PEM_H
#define SSA_GNUTLS_PEM_H

#include "conn.h"

struct pem {
	char *bytes;
	size_t len;
	int bad;
};

// pem_add takes what a function of the library has allocated; result is what that returned.
void pem_add(struct pem *p, int result, datum_t text);

void pem_certificate(struct pem *p, crt_t cert);
void pem_key(struct pem *p, x509_privkey_t key);

// pem_free wipes and frees it.
void pem_free(struct pem *p);

#endif
