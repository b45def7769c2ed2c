#include "kept.h"

#include <stdint.h>
#include <stdlib.h>

struct kept_entry {
	const void *object;
	void *value;
	struct kept_entry *next;
};

static struct kept_entry **place(struct kept *k, const void *object)
{
	uintptr_t n = (uintptr_t)object;
	struct kept_entry **at = &k->buckets[(n >> 4 ^ n >> 12) % KEPT_BUCKETS];
	while (*at && (*at)->object != object)
		at = &(*at)->next;
	return at;
}

static struct kept_entry *make(const void *object, size_t size)
{
	struct kept_entry *e = calloc(1, sizeof *e);
	if (e)
		e->value = calloc(1, size);
	if (!e || !e->value)
		abort(); // without memory nothing can be refused either
	e->object = object;
	return e;
}

void *kept_find(struct kept *k, const void *object, size_t size)
{
	pthread_mutex_lock(&k->mu);
	struct kept_entry **at = place(k, object);
	if (!*at)
		*at = make(object, size);
	void *value = (*at)->value;
	pthread_mutex_unlock(&k->mu);
	return value;
}

void *kept_take(struct kept *k, const void *object)
{
	pthread_mutex_lock(&k->mu);
	struct kept_entry **at = place(k, object), *e = *at;
	if (e)
		*at = e->next;
	pthread_mutex_unlock(&k->mu);
	void *value = e ? e->value : NULL;
	free(e);
	return value;
}
