#include "failure.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "export.h"
#include "real.h"
#include "ssa_option.h"

enum {
	TEXT_MAX = 512,
	// Errors carry a number, and programs look the words up by it, some of them later and without what stands beside
	// it. So each text gets a number of its own, for as long as this many others have not failed.
	TEXTS = 64,
};

// entry is ERR_STRING_DATA.
struct entry {
	unsigned long error;
	const char *string;
};

static struct {
	pthread_mutex_t mu;
	int library;
	unsigned next;
	char texts[TEXTS][TEXT_MAX];
	struct entry entries[TEXTS + 1]; // and the end
} reasons = {.mu = PTHREAD_MUTEX_INITIALIZER};

// last is what X509_verify_cert_error_string says of the error this thread has met.
static __thread struct {
	long error;
	char text[TEXT_MAX];
} last;

static void load_reasons(void)
{
	reasons.library = real()->ERR_get_next_error_library();
	for (unsigned i = 0; i < TEXTS; i++)
		reasons.entries[i] = (struct entry){i + 1, reasons.texts[i]};
	real()->ERR_load_strings(reasons.library, reasons.entries);
}

// put adds an error to the thread's queue.
static void put(int library, int reason)
{
	if (!real()->ERR_set_error) {
		real()->ERR_put_error(library, 0, reason, "ssa", 0);
		return;
	}
	real()->ERR_new();
	real()->ERR_set_debug("ssa", 0, "coerce");
	real()->ERR_set_error(library, reason, NULL);
}

static void put_reason(const char *text)
{
	pthread_mutex_lock(&reasons.mu);
	if (!reasons.library)
		load_reasons();
	unsigned slot = reasons.next++ % TEXTS;
	snprintf(reasons.texts[slot], TEXT_MAX, "%s", text);
	pthread_mutex_unlock(&reasons.mu);
	put(reasons.library, (int)slot + 1);
}

static int failed(struct conn *c)
{
	c->phase = PHASE_FAILED;
	c->reason = SSL_ERROR_SSL;
	return -1;
}

int fail(struct conn *c, const char *format, ...)
{
	char text[TEXT_MAX];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	put_reason(text);
	return failed(c);
}

int fail_certificate(SSL *ssl, struct conn *c, long error, const char *text)
{
	last.error = error;
	snprintf(last.text, sizeof last.text, "%s", text);
	c->verify_result = error;
	real()->SSL_set_verify_result(ssl, error);
	put(ERR_LIB_SSL, SSL_R_CERTIFICATE_VERIFY_FAILED);
	real()->ERR_add_error_data(1, text);
	return failed(c);
}

// verify_error is the library's number for a refusal.
static long verify_error(int error, const char *text)
{
	if (error == EKEYEXPIRED)
		return X509_V_ERR_CERT_HAS_EXPIRED;
	if (error == EKEYREVOKED)
		return X509_V_ERR_CERT_REVOKED;
	if (strstr(text, ", not for \""))
		return X509_V_ERR_HOSTNAME_MISMATCH;
	return X509_V_ERR_APPLICATION_VERIFICATION;
}

int fail_socket(SSL *ssl, struct conn *c, const char *attempt, int error)
{
	char text[TEXT_MAX] = "";
	if (c->fd >= 0)
		option_text(c->fd, TLS_ERROR, text, sizeof text);
	if (error == ENOPROTOOPT && !*text)
		return fail(c, "%s: %s: the program is coerced but does not run under ssa run", attempt, strerror(error));
	if (!*text)
		return fail(c, "%s: %s", attempt, strerror(error));
	if (error == EKEYREJECTED || error == EKEYEXPIRED || error == EKEYREVOKED)
		return fail_certificate(ssl, c, verify_error(error, text), text);
	return fail(c, "%s", text);
}

EXPORT const char *X509_verify_cert_error_string(long n)
{
	if (n != X509_V_OK && n == last.error)
		return last.text;
	return real()->X509_verify_cert_error_string(n);
}
