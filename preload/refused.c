#include "refused.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { REPORTS = 64 };

static struct {
	pthread_mutex_t mu;
	const char *names[REPORTS];
} reported = {.mu = PTHREAD_MUTEX_INITIALIZER};

// first says whether a name was not reported yet. Those above the bound are not reported.
static int first(const char *name)
{
	for (int i = 0; i < REPORTS; i++) {
		if (!reported.names[i]) {
			reported.names[i] = name;
			return 1;
		}
		if (strcmp(reported.names[i], name) == 0)
			return 0;
	}
	return 0;
}

void refused(const char *function)
{
	pthread_mutex_lock(&reported.mu);
	int fresh = first(function);
	pthread_mutex_unlock(&reported.mu);
	if (fresh)
		fprintf(stderr, "ssa: coerce: %s cannot be served\n", function);
}
