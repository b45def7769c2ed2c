// A private key in PEM, kept with the key itself as its ex_data and wiped with it: to write one takes longer than the
// rest of a request. OpenSSL 1.1.1 cannot keep anything with a key.
#ifndef SSA_KEY_TEXT_H
#define SSA_KEY_TEXT_H

#include <stddef.h>

#include "openssl.h"

struct key_text {
	size_t len;
	char bytes[];
};

// key_text_kept gives what is kept with a key, as long as the key lives; NULL when nothing is.
const struct key_text *key_text_kept(const EVP_PKEY *key);

// key_text_keep keeps a copy.
void key_text_keep(EVP_PKEY *key, const char *bytes, size_t len);

#endif
