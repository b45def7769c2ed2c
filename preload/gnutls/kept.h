// What is kept beside objects of the library's, which have no room for it: found by the object's address.
#ifndef SSA_GNUTLS_KEPT_H
#define SSA_GNUTLS_KEPT_H

#include <pthread.h>
#include <stddef.h>

enum { KEPT_BUCKETS = 256 };

struct kept {
	pthread_mutex_t mu;
	struct kept_entry *buckets[KEPT_BUCKETS];
};

// kept_find gives what is kept beside an object: size bytes, zero at first. It never gives NULL.
void *kept_find(struct kept *k, const void *object, size_t size);

// kept_take removes it, for the caller to free; NULL when there is none.
void *kept_take(struct kept *k, const void *object);

#endif
