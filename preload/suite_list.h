// Lists of cipher suites: names with colons between them, as TLS_TRUSTED_CIPHERS has them.
#ifndef SSA_SUITE_LIST_H
#define SSA_SUITE_LIST_H

enum { SUITE_LIST_MAX = 4096 }; // bytes, with the end

// suite_allowed says whether the program allows a suite.
typedef int suite_allowed(const void *program, const char *name);

// suite_list_narrow leaves the allowed names of a list of SUITE_LIST_MAX bytes at most. It returns how many were left out.
int suite_list_narrow(char *list, suite_allowed *allowed, const void *program);

#endif
