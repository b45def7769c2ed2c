// The options of TLS sockets (tls_socket(7)), and how they are set and read here.
#ifndef SSA_OPTION_H
#define SSA_OPTION_H

#include <stddef.h>

#include "../include/ssa.h"

// option_set sets an option on a socket. It returns 0, or -1 with errno.
int option_set(int fd, int option, const void *value, size_t len);

// option_set_int is option_set for an int.
int option_set_int(int fd, int option, int value);

// option_text reads text into buf, always terminated; empty when there is none.
void option_text(int fd, int option, char *buf, size_t size);

// option_long_text reads text of any length; NULL when there is none. The caller frees it.
char *option_long_text(int fd, int option);

// option_int reads an int, or gives the other value.
int option_int(int fd, int option, int otherwise);

#endif
