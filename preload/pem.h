// Text in PEM being put together.
#ifndef SSA_PEM_H
#define SSA_PEM_H

#include "openssl.h"

struct pem {
	BIO *bio;
	int bad;
	char *bytes;
	size_t len;
};

struct pem pem_new(void);
void pem_certificate(struct pem *p, X509 *cert);
void pem_certificates(struct pem *p, const OPENSSL_STACK *certs);
void pem_key(struct pem *p, EVP_PKEY *key);
void pem_text(struct pem *p, const void *text, size_t len);

// pem_good sets bytes and len. It returns 0 when something could not be written.
int pem_good(struct pem *p);

// pem_free wipes and frees it.
void pem_free(struct pem *p);

#endif
