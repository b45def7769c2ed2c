/*
 * ws-event [-a ADDRESS] [-p PORT] [-c CHAIN -k KEY] ROOT
 *
 * Serves the files below ROOT to many connections from one thread: over HTTP, or with a certificate chain and its key over
 * HTTPS. Both are the same program; listener.c has the difference. For HTTPS run it under `ssa run`.
 *
 *  1. The listener is ready: connections are accepted, until there are no more.
 *  2. A connection is readable: each request in what came is answered as far as there is room to send.
 *  3. A connection that waited for room is writable: its answer goes on, and then the requests behind it.
 *  4. Once a second connections that did nothing for too long are closed.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ws_event.h"

/* The server: its connections in the order of their last activity. */
struct server {
	int epoll, listener, signals, root;
	bool paused; /* accepting, for want of descriptors */
	time_t now;
	struct connection ends; /* before the oldest and after the newest */
};

static void watch(struct server *s, int operation, int fd, uint32_t events, void *data)
{
	struct epoll_event e = {.events = events, .data.ptr = data};

	if (epoll_ctl(s->epoll, operation, fd, &e) < 0)
		err(1, "epoll_ctl");
}

static void unlink_connection(struct connection *c)
{
	c->older->newer = c->newer;
	c->newer->older = c->older;
}

static void touch(struct server *s, struct connection *c)
{
	if (c->older)
		unlink_connection(c);
	c->active = s->now;
	c->older = s->ends.older;
	c->newer = &s->ends;
	c->older->newer = c->newer->older = c;
}

static void drop(struct server *s, struct connection *c)
{
	response_end(c);
	unlink_connection(c);
	close(c->fd);
	free(c);
	if (s->paused) {
		s->paused = false;
		watch(s, EPOLL_CTL_MOD, s->listener, EPOLLIN, NULL);
	}
}

static void adopt(struct server *s, int fd)
{
	struct connection *c = calloc(1, sizeof *c);

	if (!c) {
		close(fd);
		return;
	}
	c->fd = fd;
	c->file = -1;
	touch(s, c);
	watch(s, EPOLL_CTL_ADD, fd, EPOLLIN, c);
}

static void accept_all(struct server *s)
{
	int fd;

	while ((fd = accept4(s->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
		adopt(s, fd);
	if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
		s->paused = true; /* until a connection ends */
		watch(s, EPOLL_CTL_MOD, s->listener, 0, NULL);
	}
}

/* Answers the requests that have come. False: the connection is over. */
static bool answer_all(struct server *s, struct connection *c)
{
	struct request r;
	size_t len;

	while (!c->writing && !c->last && (len = request_parse(&r, c->in, c->in_len)) > 0) {
		memmove(c->in, c->in + len, c->in_len - len);
		c->in_len -= len;
		response_begin(c, &r, s->root);
	}
	if (!c->writing && !c->last && c->in_len == sizeof c->in) {
		r = (struct request){.status = 431};
		response_begin(c, &r, s->root);
	}
	return c->writing || !c->last;
}

static bool receive(struct connection *c)
{
	ssize_t n = recv(c->fd, c->in + c->in_len, sizeof c->in - c->in_len, 0);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	c->in_len += (size_t)n;
	return n > 0;
}

static void serve(struct server *s, struct connection *c)
{
	bool waited = c->writing;

	touch(s, c);
	if (!(waited ? response_continue(c) : receive(c)) || !answer_all(s, c)) {
		drop(s, c);
		return;
	}
	if (c->writing != waited)
		watch(s, EPOLL_CTL_MOD, c->fd, c->writing ? EPOLLOUT : EPOLLIN, c);
}

static void expire(struct server *s)
{
	while (s->ends.newer != &s->ends && s->now - s->ends.newer->active > IDLE_SECONDS)
		drop(s, s->ends.newer);
}

static time_t seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

static void run(struct server *s)
{
	struct epoll_event events[256];

	for (;;) {
		int n = epoll_wait(s->epoll, events, 256, s->ends.newer == &s->ends ? -1 : 1000);
		if (n < 0 && errno != EINTR)
			err(1, "epoll_wait");
		s->now = seconds();
		for (int i = 0; i < n; i++) {
			if (events[i].data.ptr == &s->signals)
				return;
			if (events[i].data.ptr == NULL)
				accept_all(s);
			else
				serve(s, events[i].data.ptr);
		}
		expire(s);
	}
}

static int termination(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

static unsigned port_of(int fd)
{
	struct sockaddr_storage name;
	socklen_t len = sizeof name;

	if (getsockname(fd, (struct sockaddr *)&name, &len) < 0)
		err(1, "getsockname");
	return ntohs(name.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&name)->sin6_port : ((struct sockaddr_in *)&name)->sin_port);
}

static _Noreturn void usage(void)
{
	errx(2, "usage: ws-event [-a ADDRESS] [-p PORT] [-c CHAIN -k KEY] ROOT");
}

int main(int argc, char **argv)
{
	const char *address = NULL, *port = NULL, *chain = NULL, *key = NULL;
	struct server s = {.ends = {.older = &s.ends, .newer = &s.ends}};

	for (int option; (option = getopt(argc, argv, "a:p:c:k:")) != -1;)
		switch (option) {
		case 'a': address = optarg; break;
		case 'p': port = optarg; break;
		case 'c': chain = optarg; break;
		case 'k': key = optarg; break;
		default: usage();
		}
	if (optind != argc - 1 || !chain != !key)
		usage();
	s.root = open(argv[optind], O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (s.root < 0)
		err(1, "%s", argv[optind]);
	s.listener = listener_open(address, port ? port : chain ? "443" : "80", chain, key);
	s.epoll = epoll_create1(EPOLL_CLOEXEC);
	s.signals = termination();
	if (s.epoll < 0 || s.signals < 0)
		err(1, "epoll_create1, signalfd");
	watch(&s, EPOLL_CTL_ADD, s.listener, EPOLLIN, NULL);
	watch(&s, EPOLL_CTL_ADD, s.signals, EPOLLIN, &s.signals);
	printf("serving %s on port %u, %s\n", argv[optind], port_of(s.listener), chain ? "https" : "http");
	fflush(stdout);
	s.now = seconds();
	run(&s);
	while (s.ends.newer != &s.ends)
		drop(&s, s.ends.newer);
	return 0;
}
