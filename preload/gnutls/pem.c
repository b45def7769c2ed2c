#include "pem.h"

#include <stdlib.h>
#include <string.h>

#include "real.h"

static void wipe(void *bytes, size_t len)
{
	if (len)
		real()->memset(bytes, 0, len);
}

// longer copies, because realloc(3) could leave a key behind.
static char *longer(struct pem *p, size_t len)
{
	char *bytes = malloc(len);
	if (!bytes)
		return NULL;
	if (p->len)
		memcpy(bytes, p->bytes, p->len);
	pem_free(p);
	return bytes;
}

void pem_add(struct pem *p, int result, datum_t text)
{
	if (result < 0) {
		p->bad = 1;
		return;
	}
	size_t len = p->len;
	char *bytes = longer(p, len + text.size);
	if (bytes) {
		memcpy(bytes + len, text.data, text.size);
		*p = (struct pem){bytes, len + text.size, p->bad};
	} else {
		p->bad = 1;
	}
	wipe(text.data, text.size);
	real_free(text.data);
}

void pem_certificate(struct pem *p, crt_t cert)
{
	datum_t text = {0};
	int result = real()->x509_crt_export2(cert, FMT_PEM, &text);
	pem_add(p, result, text);
}

// pem_key writes PKCS #8, the one form that all kinds of keys have.
void pem_key(struct pem *p, x509_privkey_t key)
{
	datum_t text = {0};
	int result = real()->x509_privkey_export2_pkcs8(key, FMT_PEM, NULL, PKCS_PLAIN, &text);
	pem_add(p, result, text);
}

void pem_free(struct pem *p)
{
	wipe(p->bytes, p->len);
	free(p->bytes);
	p->bytes = NULL;
	p->len = 0;
}
