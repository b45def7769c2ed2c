/*
 * calls NAME COUNT [THREADS [ours]]: each of THREADS threads makes one socket call COUNT times and writes how many nanoseconds
 * each took, one number a line: "getsockname", "getsockopt" (SO_TYPE), "setsockopt" (SO_RCVBUF) and "listen" on a TCP socket,
 * "accept4" on one that listens and has nobody, "bind", "connect" and "getpeername" on a fresh UDP socket, "socket" (and
 * close). With "ours" the sockets are TLS sockets; all but listen, accept4, connect and getpeername can then be had.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <arpa/inet.h>
#include <err.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <ssa.h>

static const char *name;
static int count, protocol;

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* A socket to call on, made before the clock starts. */
struct subject {
	int fd;
	struct sockaddr_in in;
	socklen_t len;
	int size;
};

static int sockname(struct subject *s)
{
	return getsockname(s->fd, (struct sockaddr *)&s->in, &s->len);
}

static int peername(struct subject *s)
{
	return getpeername(s->fd, (struct sockaddr *)&s->in, &s->len);
}

static int get(struct subject *s)
{
	socklen_t len = sizeof s->size;
	return getsockopt(s->fd, SOL_SOCKET, SO_TYPE, &s->size, &len);
}

static int set(struct subject *s)
{
	s->size = 1 << 16;
	return setsockopt(s->fd, SOL_SOCKET, SO_RCVBUF, &s->size, sizeof s->size);
}

static int listening(struct subject *s)
{
	return listen(s->fd, 1);
}

static int accepting(struct subject *s)
{
	return accept4(s->fd, NULL, NULL, SOCK_NONBLOCK) < 0 && errno == EAGAIN ? 0 : -1;
}

static int binding(struct subject *s)
{
	return bind(s->fd, (struct sockaddr *)&s->in, sizeof s->in);
}

static int connecting(struct subject *s)
{
	s->in.sin_port = htons(9);
	return connect(s->fd, (struct sockaddr *)&s->in, sizeof s->in);
}

static int making(struct subject *s)
{
	(void)s;
	int fd = socket(AF_INET, SOCK_STREAM, protocol);
	return fd < 0 ? -1 : close(fd);
}

/* fresh says that each call needs a socket of its own; before is done first. */
static const struct kind {
	const char *name;
	int (*call)(struct subject *), (*before)(struct subject *);
	int type, fresh;
} kinds[] = {
	{"getsockname", sockname, NULL, SOCK_STREAM, 0}, {"getsockopt", get, NULL, SOCK_STREAM, 0}, {"setsockopt", set, NULL, SOCK_STREAM, 0},
	{"listen", listening, NULL, SOCK_STREAM, 0}, {"accept4", accepting, listening, SOCK_STREAM, 0}, {"bind", binding, NULL, SOCK_DGRAM, 1},
	{"connect", connecting, NULL, SOCK_DGRAM, 1}, {"getpeername", peername, connecting, SOCK_DGRAM, 0}, {"socket", making, NULL, SOCK_STREAM, 0},
};

static const struct kind *kind_of(const char *what)
{
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (strcmp(kinds[i].name, what) == 0)
			return &kinds[i];
	errx(2, "no call is called %s", what);
}

static struct subject prepare(const struct kind *k)
{
	struct subject s = {.in = {.sin_family = AF_INET}, .len = sizeof s.in};

	s.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	s.fd = socket(AF_INET, (protocol ? SOCK_STREAM : k->type) | SOCK_NONBLOCK, protocol);
	if (s.fd < 0 || (k->before && k->before(&s) < 0))
		err(1, "prepare a socket");
	return s;
}

static void *repeat(void *unused)
{
	const struct kind *k = kind_of(name);
	uint64_t *times = calloc((size_t)count, sizeof *times);
	struct subject s = prepare(k);

	(void)unused;
	if (!times)
		err(1, "calloc");
	for (int i = 0; i < count; i++) {
		if (k->fresh && i > 0) {
			close(s.fd);
			s = prepare(k);
		}
		uint64_t start = now();
		if (k->call(&s) < 0)
			err(1, "%s", name);
		times[i] = now() - start;
	}
	return times;
}

int main(int argc, char **argv)
{
	pthread_t threads[64];
	int n = argc > 3 ? atoi(argv[3]) : 1;

	if (argc < 3 || n < 1 || n > 64)
		errx(2, "usage: calls NAME COUNT [THREADS [ours]]");
	name = argv[1];
	count = atoi(argv[2]);
	protocol = argc > 4 ? IPPROTO_TLS : 0;
	for (int i = 0; i < n; i++)
		if (pthread_create(&threads[i], NULL, repeat, NULL) != 0)
			errx(1, "no thread");
	for (int i = 0; i < n; i++) {
		void *times;
		pthread_join(threads[i], &times);
		for (int k = 0; k < count; k++)
			printf("%llu\n", (unsigned long long)((uint64_t *)times)[k]);
	}
	return 0;
}
