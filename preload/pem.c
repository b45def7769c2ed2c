#include "pem.h"

#include "key_text.h"
#include "real.h"

enum { BIO_C_GET_BUF_MEM_DATA = BIO_CTRL_INFO };

struct pem pem_new(void)
{
	return (struct pem){.bio = real()->BIO_new(real()->BIO_s_mem())};
}

void pem_certificate(struct pem *p, X509 *cert)
{
	p->bad |= !p->bio || !real()->PEM_write_bio_X509(p->bio, cert);
}

void pem_certificates(struct pem *p, const OPENSSL_STACK *certs)
{
	for (int i = 0; certs && i < real()->OPENSSL_sk_num(certs); i++)
		pem_certificate(p, real()->OPENSSL_sk_value(certs, i));
}

// write_key writes a key for the first time.
static void write_key(struct pem *p, EVP_PKEY *key)
{
	struct pem alone = pem_new();
	alone.bad |= !alone.bio || !real()->PEM_write_bio_PrivateKey(alone.bio, key, NULL, NULL, 0, NULL, NULL);
	if (pem_good(&alone)) {
		key_text_keep(key, alone.bytes, alone.len);
		pem_text(p, alone.bytes, alone.len);
	}
	p->bad |= alone.bad;
	pem_free(&alone);
}

void pem_key(struct pem *p, EVP_PKEY *key)
{
	const struct key_text *kept = key_text_kept(key);
	if (kept)
		pem_text(p, kept->bytes, kept->len);
	else
		write_key(p, key);
}

void pem_text(struct pem *p, const void *text, size_t len)
{
	p->bad |= !p->bio || real()->BIO_write(p->bio, text, (int)len) != (int)len;
}

int pem_good(struct pem *p)
{
	if (p->bad)
		return 0;
	p->len = (size_t)real()->BIO_ctrl(p->bio, BIO_C_GET_BUF_MEM_DATA, 0, &p->bytes);
	return 1;
}

void pem_free(struct pem *p)
{
	if (!p->bad && pem_good(p))
		real()->OPENSSL_cleanse(p->bytes, p->len);
	real()->BIO_free(p->bio);
}
