#include "registration.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "libc.h"

// registration is the last one of a descriptor.
struct registration {
	int epfd, there, watched;
	struct epoll_event event;
};

static struct {
	pthread_mutex_t mu;
	// watched is looked at without mu: almost always nothing is.
	_Atomic int watched;
	struct registration *of; // by descriptor
	int size;
} table = {.mu = PTHREAD_MUTEX_INITIALIZER};

// at finds a descriptor's place, NULL without memory: then the program misses a wake-up.
static struct registration *at(int fd)
{
	if (fd < 0)
		return NULL;
	if (fd >= table.size) {
		int size = fd + fd / 2 + 64;
		struct registration *of = realloc(table.of, (size_t)size * sizeof *of);
		if (!of)
			return NULL;
		memset(of + table.size, 0, (size_t)(size - table.size) * sizeof *of);
		table.of = of;
		table.size = size;
	}
	return &table.of[fd];
}

// apply registers what the program has asked for and, while it is watched, the end of the handshake.
static void apply(int fd, const struct registration *r)
{
	struct epoll_event event = r->event;
	if (r->watched)
		event.events |= EPOLLIN | EPOLLOUT;
	if (r->there)
		(void)libc()->epoll_ctl(r->epfd, EPOLL_CTL_MOD, fd, &event);
}

void registration_note(int epfd, int op, int fd, const struct epoll_event *event)
{
	pthread_mutex_lock(&table.mu);
	struct registration *r = at(fd);
	if (r) {
		r->epfd = epfd;
		r->there = op != EPOLL_CTL_DEL;
		if (r->there)
			r->event = *event;
		if (r->watched)
			apply(fd, r);
	}
	pthread_mutex_unlock(&table.mu);
}

static void watch(int fd, int on)
{
	pthread_mutex_lock(&table.mu);
	struct registration *r = at(fd);
	if (r && r->watched != on) {
		r->watched = on;
		table.watched += on ? 1 : -1;
		apply(fd, r);
	}
	pthread_mutex_unlock(&table.mu);
}

void registration_watch(int fd)
{
	watch(fd, 1);
}

void registration_restore(int fd)
{
	if (table.watched)
		watch(fd, 0);
}

// of_event finds the watched registration that an event is of.
static struct registration *of_event(int epfd, const struct epoll_event *event)
{
	for (int fd = 0; fd < table.size; fd++) {
		struct registration *r = &table.of[fd];
		if (r->watched && r->epfd == epfd && r->event.data.u64 == event->data.u64)
			return r;
	}
	return NULL;
}

void registration_translate(int epfd, struct epoll_event *events, int n)
{
	if (!table.watched || n <= 0)
		return;
	pthread_mutex_lock(&table.mu);
	for (int i = 0; i < n; i++)
		if (of_event(epfd, &events[i]))
			events[i].events = EPOLLIN;
	pthread_mutex_unlock(&table.mu);
}
