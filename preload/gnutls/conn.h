// What is kept about each session of the program, and about each of its credentials.
#ifndef SSA_GNUTLS_CONN_H
#define SSA_GNUTLS_CONN_H

#include <stdint.h>

#include "gnutls.h"

// A connection goes through these in order. FAILED is the end of those whose handshake failed.
enum phase {
	PHASE_FRESH,
	PHASE_HELLO,   // a server waits for the ClientHello and lets the program's callbacks decide, see hello.c
	PHASE_PENDING, // the socket is becoming a TLS socket
	PHASE_CONNECTED,
	PHASE_FAILED,
};

enum { NAME_SIZE = 256, SUITES_MAX = 128, RECORD_MAX = 16384 };

// wishes are what the program's priorities allow.
struct wishes {
	int set;
	// versions has bit 0 for TLS 1.0 and so on.
	unsigned versions;
	int nsuites;
	uint16_t suites[SUITES_MAX];
};

struct conn {
	enum phase phase;
	int fd, server, datagram, no_signal;
	// error is what the handshake failed with.
	int error;
	// writes is whether the last call waits to write; gnutls_record_get_direction.
	int writes;
	// status is of the verification, a combination of STATUS_; all bits before it.
	unsigned status;
	// broken is whether the connection ended in an error, closed whether we have sent close_notify.
	int broken, closed;
	unsigned timeout_ms;
	// What the program has set.
	struct wishes wishes;
	char sni[NAME_SIZE], verify[NAME_SIZE];
	char *alpn;
	int request;
	pull_func *pull;
	push_func *push;
	pull_timeout_func *pull_timeout;
	session_func *post_hello, *verify_func;
	const char *unserved;
	// instead is by what it has set credentials that are no certificates, which matter when it has none that are.
	const char *instead;
	// hello is how far the library is with a copy of the ClientHello.
	struct {
		unsigned char *bytes;
		size_t at, end, fed;
		int decided;
	} hello;
	// unsent is what is to be written when the program repeats a call, or uncorks.
	struct {
		char *bytes;
		size_t len, size;
		// whole is the length of the record that a repeated call is about.
		size_t whole;
		int corked;
	} unsent;
	// answers are read from the connection when they are first asked for.
	struct {
		datum_t *chain;
		unsigned length;
		int read;
		char alpn[NAME_SIZE], suite[NAME_SIZE], id[8];
		datum_t ours;
	} answers;
};

struct credentials {
	session_func *verify;
	retrieve_func *retrieve;
	retrieve2_func *retrieve2;
	retrieve3_func *retrieve3;
	const char *unserved;
};

// conn_of gives what is kept about a session, NULL in a program that is not coerced.
struct conn *conn_of(session_t session);

// credentials_of is conn_of for credentials.
struct credentials *credentials_of(credentials_t cred);

// credentials_in are the certificate credentials of a session, NULL when it has none.
credentials_t credentials_in(session_t session);

// served says whether a connection is ours and its handshake has ended.
static inline int served(const struct conn *c)
{
	return c && c->phase == PHASE_CONNECTED;
}

#endif
