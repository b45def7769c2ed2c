#include "failure.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../export.h"
#include "../mode.h"
#include "../ssa_option.h"
#include "real.h"

enum { TEXT_MAX = 512 };

// last is what gnutls_strerror says of the failure this thread has met.
static __thread struct {
	int error;
	char text[TEXT_MAX];
} last;

static int failed(struct conn *c, int error, const char *text)
{
	last.error = error;
	snprintf(last.text, TEXT_MAX, "%s", text);
	c->phase = PHASE_FAILED;
	c->error = error;
	return error;
}

int fail(struct conn *c, const char *format, ...)
{
	char text[TEXT_MAX];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	return failed(c, E_INTERNAL_ERROR, text);
}

int fail_certificate(struct conn *c, unsigned status, const char *text)
{
	c->status = status | STATUS_INVALID;
	return failed(c, E_CERTIFICATE_VERIFICATION_ERROR, text);
}

// status_of is the library's word for a refusal.
static unsigned status_of(int error, const char *text)
{
	if (error == EKEYEXPIRED)
		return STATUS_EXPIRED;
	if (error == EKEYREVOKED)
		return STATUS_REVOKED;
	return strstr(text, ", not for \"") ? STATUS_UNEXPECTED_OWNER : STATUS_SIGNER_NOT_FOUND;
}

static int number_of(int error)
{
	static const struct {
		int error, number;
	} known[] = {{EPROTO, E_UNEXPECTED_PACKET}, {EACCES, E_INSUFFICIENT_SECURITY}, {EPERM, E_INSUFFICIENT_SECURITY},
		     {ETIMEDOUT, E_TIMEDOUT},	    {ECONNRESET, E_PREMATURE_TERMINATION}, {EINTR, E_INTERRUPTED}};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (known[i].error == error)
			return known[i].number;
	return E_INTERNAL_ERROR;
}

int fail_socket(struct conn *c, const char *attempt, int error)
{
	char text[TEXT_MAX] = "";
	if (c->fd >= 0)
		option_text(c->fd, TLS_ERROR, text, sizeof text);
	if (error == ENOPROTOOPT && !*text)
		return fail(c, "%s: %s: the program is coerced but does not run under ssa run", attempt, strerror(error));
	if (!*text)
		snprintf(text, sizeof text, "%s: %s", attempt, strerror(error));
	if (error == EKEYREJECTED || error == EKEYEXPIRED || error == EKEYREVOKED)
		return fail_certificate(c, status_of(error, text), text);
	return failed(c, number_of(error), text);
}

int wait_for(struct conn *c, int writes)
{
	c->writes = writes;
	return E_AGAIN;
}

EXPORT const char *gnutls_strerror(int error)
{
	return error != E_SUCCESS && error == last.error && coerced() ? last.text : real()->strerror(error);
}

EXPORT void gnutls_perror(int error)
{
	fprintf(stderr, "GnuTLS error: %s\n", gnutls_strerror(error));
}
