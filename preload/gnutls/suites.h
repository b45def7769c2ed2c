// The cipher suites that a TLS service may speak of.
#ifndef SSA_GNUTLS_SUITES_H
#define SSA_GNUTLS_SUITES_H

#include <stdint.h>

// suite_number is the number of a suite by its IANA name, 0 for one that is not known.
uint16_t suite_number(const char *name);

#endif
