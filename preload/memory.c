#include "memory.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "failure.h"
#include "handshake.h"
#include "libc.h"
#include "real.h"
#include "registration.h"

enum { SECRET = 16 };

// token is what stands for a handshake in what a program sends. It is of this length and no other.
struct token {
	unsigned char secret[SECRET];
	uint64_t id;
};

static const char nudge[] = "ssa: go on";

// waiting is a handshake of a program that moves the bytes itself.
struct waiting {
	SSL *ssl;
	struct conn *c;
	uint64_t id;
	struct waiting *next;
};

static struct {
	pthread_mutex_t mu;
	// count is looked at without mu: almost always nobody waits.
	_Atomic int count;
	unsigned char secret[SECRET];
	uint64_t last;
	struct waiting *list;
} table = {.mu = PTHREAD_MUTEX_INITIALIZER};

static int add(SSL *ssl, struct conn *c, struct token *t)
{
	struct waiting *w = calloc(1, sizeof *w);
	if (!w)
		return 0;
	pthread_mutex_lock(&table.mu);
	if (!table.last && getrandom(table.secret, SECRET, 0) != SECRET)
		abort();
	*w = (struct waiting){ssl, c, ++table.last, table.list};
	table.list = w;
	table.count++;
	memcpy(t->secret, table.secret, SECRET);
	t->id = w->id;
	pthread_mutex_unlock(&table.mu);
	return 1;
}

int memory_start(SSL *ssl, struct conn *c)
{
	struct token t;
	if (!add(ssl, c, &t))
		return fail(c, "no memory for a handshake");
	if (real()->BIO_write(real()->SSL_get_wbio(ssl), &t, sizeof t) != sizeof t)
		return fail(c, "the program's BIO takes nothing");
	c->phase = PHASE_BOUND;
	c->reason = SSL_ERROR_WANT_READ;
	return -1;
}

// by_token finds the handshake of a token. It is the program's own thread that can free the SSL meanwhile, and it is here.
static struct waiting *by_token(const struct token *t)
{
	struct waiting *w = NULL;
	pthread_mutex_lock(&table.mu);
	if (memcmp(t->secret, table.secret, SECRET) == 0)
		for (w = table.list; w && w->id != t->id; w = w->next)
			;
	pthread_mutex_unlock(&table.mu);
	return w;
}

static struct waiting *by_fd(int fd)
{
	pthread_mutex_lock(&table.mu);
	struct waiting *w = table.list;
	while (w && w->c->fd != fd)
		w = w->next;
	pthread_mutex_unlock(&table.mu);
	return w;
}

// begin is a handshake whose socket has become known.
static ssize_t begin(struct waiting *w, int fd)
{
	struct conn *c = w->c;
	c->fd = fd;
	if (c->server) {
		c->phase = PHASE_HELLO;
		return sizeof(struct token);
	}
	(void)handshake_upgrade(w->ssl, c);
	if (c->phase == PHASE_FAILED) {
		errno = EPROTO;
		return -1;
	}
	return sizeof(struct token);
}

int memory_sent(int fd, const void *bytes, size_t len, ssize_t *result)
{
	struct token t;
	if (!table.count || len != sizeof t)
		return 0;
	memcpy(&t, bytes, sizeof t);
	struct waiting *w = by_token(&t);
	if (!w || w->c->phase != PHASE_BOUND)
		return 0;
	*result = begin(w, fd);
	return 1;
}

static int waits(int fd)
{
	int flags = fcntl(fd, F_GETFL);
	return !(flags >= 0 && (flags & O_NONBLOCK));
}

// due says whether the handshake can go on. Otherwise errno or the end of the connection is the program's.
static int due(struct conn *c, int fd, ssize_t *result)
{
	char byte;
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	if (c->phase == PHASE_HELLO) {
		*result = libc()->recv(fd, &byte, 1, MSG_PEEK);
		return *result > 0;
	}
	if (c->phase != PHASE_PENDING)
		return 1;
	*result = -1;
	int n = poll(&p, 1, waits(fd) ? -1 : 0);
	if (n == 0)
		errno = EAGAIN;
	return n > 0;
}

int memory_nudge(int fd, void *bytes, size_t len, ssize_t *result)
{
	if (!table.count || len < sizeof nudge)
		return 0;
	struct waiting *w = by_fd(fd);
	if (!w || w->c->phase == PHASE_BOUND)
		return 0;
	if (!due(w->c, fd, result))
		return 1;
	registration_restore(fd);
	memcpy(bytes, nudge, sizeof nudge);
	*result = sizeof nudge;
	w->c->nudges++;
	return 1;
}

void memory_take(SSL *ssl)
{
	char taken[sizeof nudge];
	struct conn *c = conn_of(ssl);
	for (; c->nudges; c->nudges--)
		(void)real()->BIO_read(real()->SSL_get_rbio(ssl), taken, sizeof taken);
}

void memory_ready(struct conn *c)
{
	if (c->memory && !c->nudges)
		memory_forget(c);
}

void memory_forget(struct conn *c)
{
	if (!c->memory)
		return;
	pthread_mutex_lock(&table.mu);
	for (struct waiting **at = &table.list; *at; at = &(*at)->next)
		if ((*at)->c == c) {
			struct waiting *w = *at;
			*at = w->next;
			free(w);
			table.count--;
			break;
		}
	pthread_mutex_unlock(&table.mu);
}
