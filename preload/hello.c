// A server's program decides by the ClientHello: which context serves the name, which protocol is spoken, which certificate
// is shown, whether the client is welcome at all. All of that is callbacks of the library's. So the ClientHello is peeked
// at, without taking it from the socket, and given to the library, which goes through its handshake as far as the callback
// for certificates. There it is held: what it has found is what is asked for, and the TLS service does the handshake.
//
// The library goes on to its answer where the protocol is selected later than that, in TLS 1.2. Nobody gets the answer,
// but for an alert.
#include "hello.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "export.h"
#include "failure.h"
#include "libc.h"
#include "real.h"

enum {
	// PEEK_MAX bounds a ClientHello; the library's own bound is 128 KiB.
	PEEK_MAX = 64 << 10,
	ALERT_MAX = 512,
	RECORD_ALERT = 21,
};

// rehearsal are the BIOs of the SSL while its library reads a copy.
struct rehearsal {
	BIO *rbio, *wbio, *in, *out;
};

// expect lets the socket count as readable only when it has more than n bytes, so that the program does not spin over the
// first part of a ClientHello.
static void expect(int fd, size_t n)
{
	int low = (int)n + 1;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &low, sizeof low);
}

// peek reads what is there of the ClientHello without taking it.
static ssize_t peek(struct conn *c, unsigned char *buf)
{
	ssize_t n;
	do
		n = libc()->recv(c->fd, buf, PEEK_MAX, MSG_PEEK);
	while (n < 0 && errno == EINTR);
	return n;
}

static int nothing_there(struct conn *c, ssize_t n)
{
	if (n == 0)
		return fail(c, "the client has closed the connection before its ClientHello");
	c->reason = errno == EAGAIN ? SSL_ERROR_WANT_READ : SSL_ERROR_SYSCALL;
	return -1;
}

static int rehearse(SSL *ssl, struct rehearsal *r)
{
	*r = (struct rehearsal){.rbio = real()->SSL_get_rbio(ssl),
				.wbio = real()->SSL_get_wbio(ssl),
				.in = real()->BIO_new(real()->BIO_s_mem()),
				.out = real()->BIO_new(real()->BIO_s_mem())};
	if (!r->in || !r->out)
		return 0;
	real()->BIO_up_ref(r->rbio);
	real()->BIO_up_ref(r->wbio);
	real()->BIO_up_ref(r->out);
	real()->SSL_set_bio(ssl, r->in, r->out);
	return 1;
}

// restore gives the SSL its BIOs back.
static void restore(SSL *ssl, struct rehearsal *r)
{
	real()->SSL_set0_rbio(ssl, r->rbio);
	real()->SSL_set0_wbio(ssl, r->wbio);
}

// send_alert sends the library's alert, the last thing it has written.
static void send_alert(struct conn *c, BIO *out)
{
	unsigned char record[ALERT_MAX];
	int n = real()->BIO_read(out, record, sizeof record);
	if (n > 0 && record[0] == RECORD_ALERT)
		(void)!send(c->fd, record, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT);
}

// over is what the library's handshake came to. It waits for more bytes after its answer, or for what decide holds it by.
static int over(SSL *ssl, struct conn *c, int result, BIO *out)
{
	c->reason = real()->SSL_get_error(ssl, result);
	if (c->reason == SSL_ERROR_SSL) {
		send_alert(c, out);
		c->phase = PHASE_FAILED;
		return result;
	}
	int answered = c->reason == SSL_ERROR_WANT_READ && real()->BIO_ctrl(out, BIO_CTRL_PENDING, 0, NULL) > 0;
	if (c->hello.decided || answered)
		return 1;
	if (c->reason == SSL_ERROR_WANT_READ) {
		expect(c->fd, c->hello.fed);
		c->hello.waited = 1;
	}
	return result;
}

// decide is the program's callback for certificates and ours: the library is held here.
static int decide(SSL *ssl, void *arg)
{
	(void)arg;
	struct conn *c = conn_of(ssl);
	struct context *x = context_of(real()->SSL_get_SSL_CTX(ssl));
	cert_cb *cb = c->cert_set ? c->cert : x->cert;
	int result = cb ? cb(ssl, c->cert_set ? c->cert_arg : x->cert_arg) : 1;
	if (result != 1)
		return result;
	c->hello.decided = 1;
	int selects_later = x->selects_alpn && real()->SSL_version(ssl) < TLS1_3_VERSION;
	return selects_later ? 1 : -1;
}

// feed gives the library what it has not had yet.
static int feed(SSL *ssl, struct conn *c, const unsigned char *bytes, size_t n)
{
	struct rehearsal r;
	if (!rehearse(ssl, &r))
		return fail(c, "no memory for a ClientHello");
	real()->BIO_write(r.in, bytes + c->hello.fed, (int)(n - c->hello.fed));
	c->hello.fed = n;
	real()->SSL_set_cert_cb(ssl, decide, NULL);
	int result = real()->SSL_do_handshake(ssl);
	restore(ssl, &r); // the library's error is in the SSL and in the thread's queue, not in the BIOs
	result = over(ssl, c, result, r.out);
	real()->BIO_free(r.out);
	return result;
}

int hello_decide(SSL *ssl, struct conn *c)
{
	unsigned char *bytes = malloc(PEEK_MAX);
	ssize_t n = bytes ? peek(c, bytes) : -1;
	// Nothing new is given to the library when it waits for one of the program's callbacks.
	int result = n > 0 ? feed(ssl, c, bytes, (size_t)n) : nothing_there(c, n);
	free(bytes);
	if (result == 1 && c->hello.waited)
		expect(c->fd, 0);
	return result;
}

EXPORT void SSL_CTX_set_cert_cb(SSL_CTX *ctx, cert_cb *cb, void *arg)
{
	struct context *x = context_of(ctx);
	if (x) {
		x->cert = cb;
		x->cert_arg = arg;
	}
	real()->SSL_CTX_set_cert_cb(ctx, cb, arg);
}

EXPORT void SSL_set_cert_cb(SSL *ssl, cert_cb *cb, void *arg)
{
	struct conn *c = conn_of(ssl);
	if (c) {
		c->cert = cb;
		c->cert_arg = arg;
		c->cert_set = 1;
	}
	real()->SSL_set_cert_cb(ssl, cb, arg);
}

// SSL_set_SSL_CTX replaces the callback for certificates by the other context's.
EXPORT SSL_CTX *SSL_set_SSL_CTX(SSL *ssl, SSL_CTX *ctx)
{
	struct conn *c = conn_of(ssl);
	SSL_CTX *result = real()->SSL_set_SSL_CTX(ssl, ctx);
	if (c && c->phase == PHASE_HELLO)
		real()->SSL_set_cert_cb(ssl, decide, NULL);
	return result;
}
