#include "trap.h"

#include <errno.h>

static __thread struct {
	int set, fd;
	ssize_t result;
} trap;

void trap_set(ssize_t result)
{
	trap.set = 1;
	trap.fd = -1;
	trap.result = result;
}

int trap_take(void)
{
	trap.set = 0;
	return trap.fd;
}

int trap_caught(int fd, ssize_t *result)
{
	if (!trap.set)
		return 0;
	trap.fd = fd;
	*result = trap.result;
	errno = EAGAIN;
	return 1;
}
