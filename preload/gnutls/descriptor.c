// Finds the socket: the library's own functions have its descriptor for their pointer; functions of the program's are asked
// to pull, while the calls that would read from a descriptor note it and read nothing (../trap.h).
#include "descriptor.h"

#include <stdint.h>

#include "../export.h"
#include "../trap.h"
#include "failure.h"
#include "real.h"

static int by_trap(struct conn *c, void *pointer)
{
	char byte;
	trap_set(-1);
	ssize_t n = c->pull(pointer, &byte, 1);
	int fd = trap_take();
	return n > 0 ? -1 : fd; // what it had in store would be lost
}

int descriptor_find(session_t session, struct conn *c)
{
	void *in, *out;
	real()->transport_get_ptr2(session, &in, &out);
	if (c->pull)
		c->fd = by_trap(c, in);
	else
		c->fd = in == out ? (int)(intptr_t)in : -1;
	if (c->fd < 0)
		return fail(c, "cannot find the socket below the program's own functions");
	return 0;
}

EXPORT void gnutls_transport_set_pull_function(session_t session, pull_func *f)
{
	struct conn *c = conn_of(session);
	if (c)
		c->pull = f;
	real()->transport_set_pull_function(session, f);
}

EXPORT void gnutls_transport_set_push_function(session_t session, push_func *f)
{
	struct conn *c = conn_of(session);
	if (c)
		c->push = f;
	real()->transport_set_push_function(session, f);
}

EXPORT void gnutls_transport_set_pull_timeout_function(session_t session, pull_timeout_func *f)
{
	struct conn *c = conn_of(session);
	if (c)
		c->pull_timeout = f;
	real()->transport_set_pull_timeout_function(session, f);
}
