#include <errno.h>

#include "failure.h"
#include "real.h"
#include "request.h"
#include "ssa_option.h"

enum { LOWEST = 0x0301, HIGHEST = TLS1_3_VERSION };

// allowed says whether the program would speak a version: what it has as bounds, without what its options leave out.
static int allowed(SSL *ssl, int version)
{
	static const uint64_t left_out[] = {SSL_OP_NO_TLSv1, SSL_OP_NO_TLSv1_1, SSL_OP_NO_TLSv1_2, SSL_OP_NO_TLSv1_3};
	long min = real()->SSL_ctrl(ssl, SSL_CTRL_GET_MIN_PROTO_VERSION, 0, NULL);
	long max = real()->SSL_ctrl(ssl, SSL_CTRL_GET_MAX_PROTO_VERSION, 0, NULL);
	if ((min && version < min) || (max && version > max))
		return 0;
	return !(real()->SSL_get_options(ssl) & left_out[version - LOWEST]);
}

// request_versions asks for the program's bounds. Those wider than the policy's are no request.
int request_versions(SSL *ssl, struct conn *c)
{
	int min = LOWEST, max = HIGHEST;
	while (min <= HIGHEST && !allowed(ssl, min))
		min++;
	while (max >= min && !allowed(ssl, max))
		max--;
	if (min > max)
		return fail(c, "the program allows no version of TLS");
	if (option_set_int(c->fd, TLS_VERSION_MIN, min) < 0 && errno != EPERM)
		return fail_socket(ssl, c, "TLS_VERSION_MIN", errno);
	if (max == HIGHEST || option_set_int(c->fd, TLS_VERSION_MAX, max) == 0)
		return 1;
	int error = errno;
	if (error == EPERM && option_int(c->fd, TLS_VERSION_MIN, max + 1) <= max)
		return 1; // the policy's is lower still
	return fail_socket(ssl, c, "TLS_VERSION_MAX", error);
}
