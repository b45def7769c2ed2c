// What is kept about each SSL of the program, and about each SSL_CTX. Both hang on the object itself as its ex_data and
// are freed with it.
#ifndef SSA_CONN_H
#define SSA_CONN_H

#include "openssl.h"

// A connection goes through these in order. FAILED is the end of those whose handshake failed.
enum phase {
	PHASE_FRESH,	// nothing was done yet
	PHASE_BOUND,	// a program that moves the bytes itself has been shown which socket it uses, see memory.c
	PHASE_HELLO,	// a server waits for the ClientHello and lets the program's callbacks decide, see hello.c
	PHASE_PENDING,	// the socket is becoming a TLS socket
	PHASE_CONNECTED,
	PHASE_FAILED,
};

// alpn is a list as SSL_set_alpn_protos takes it (RFC 7301, section 3.1).
struct alpn {
	unsigned char *list;
	unsigned len;
};

struct conn {
	enum phase phase;
	// fd is the socket below, -1 as long as it is not known.
	int fd;
	// trapped is whether the program's own BIO has shown it.
	int trapped;
	// memory is whether no socket is below the SSL: the program reads and writes the socket itself.
	int memory;
	// nudges are those the program has been given and has not handed on yet.
	int nudges;
	int server;
	// reason is what SSL_get_error says of the last call.
	int reason;
	// shutdown has SSL_SENT_SHUTDOWN and SSL_RECEIVED_SHUTDOWN.
	int shutdown;
	// broken is whether the connection ended in an error.
	int broken;
	long verify_result;
	// wrote is how much of an SSL_write that is to be repeated has been written.
	size_t wrote;
	// ahead holds what SSL_peek has read and SSL_read not yet given.
	struct {
		unsigned char *bytes;
		size_t at, end;
	} ahead;
	// hello is how a server's handshake in the program's own library goes, up to its decisions.
	struct {
		size_t fed;
		int decided, waited;
	} hello;
	// asked is what the program set on this SSL alone.
	struct alpn asked;
	cert_cb *cert;
	void *cert_arg;
	int cert_set;
	// answers are read from the connection when they are first asked for.
	OPENSSL_STACK *chain;
	char alpn[256];
	int alpn_read;
	int version;
	const SSL_CIPHER *cipher;
	SSL_SESSION *session;
	// unserved is the function that this connection cannot be made without, NULL in general.
	const char *unserved;
};

// context is what the program set on an SSL_CTX and the library does not give back.
struct context {
	struct alpn asked;
	cert_cb *cert;
	void *cert_arg;
	int selects_alpn;
	app_verify_cb *verify;
	void *verify_arg;
	const char *unserved;
};

// conn_of gives what is kept about an SSL, NULL in a program that is not coerced.
struct conn *conn_of(const SSL *ssl);

// conn_known is conn_of for an SSL of which something is kept already, else NULL.
struct conn *conn_known(const SSL *ssl);

// context_of is conn_of for an SSL_CTX.
struct context *context_of(const SSL_CTX *ctx);

// conn_reset makes it a new connection's, with what the program has set.
void conn_reset(struct conn *c);

// alpn_copy keeps a copy of a list.
void alpn_copy(struct alpn *to, const unsigned char *list, unsigned len);

// served says whether a connection is ours and its handshake has ended.
static inline int served(const struct conn *c)
{
	return c && c->phase == PHASE_CONNECTED;
}

#endif
