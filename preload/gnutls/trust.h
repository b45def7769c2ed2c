#ifndef SSA_GNUTLS_TRUST_H
#define SSA_GNUTLS_TRUST_H

#include "gnutls.h"

// trust_forget is called when credentials go, and their list of authorities with them.
void trust_forget(credentials_t cred);

#endif
