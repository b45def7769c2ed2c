// The names that the program has looked up, so that a peer of which it only gives the library a socket is verified by the
// name it meant.
#ifndef SSA_NAMES_H
#define SSA_NAMES_H

#include <stddef.h>

// names_of_peer is the name last looked up for the address a socket is connected to, else the address; empty when there is
// none.
void names_of_peer(int fd, char *name, size_t size);

#endif
