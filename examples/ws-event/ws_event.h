/* A static file web server that waits for many connections at once with epoll(7). */
#ifndef WS_EVENT_H
#define WS_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

enum {
	REQUEST_MAX = 8192,   /* bytes of a request with its header */
	SMALL_FILE = 64 << 10, /* bytes of a file that is sent with its header in one call */
};

#ifndef IDLE_SECONDS
#define IDLE_SECONDS 60 /* how long a connection may do nothing */
#endif

/* A connection: what has come of a request, and what is still to be sent. */
struct connection {
	int fd;
	bool last;      /* no further request is answered */
	bool writing;   /* waits for room to send, not for a request */
	time_t active;  /* when something last happened */
	struct connection *older, *newer;

	char *rest;     /* of the header and a small file, what could not be sent at once */
	size_t rest_at, rest_len;
	int file;       /* -1: none */
	off_t file_at, file_end;

	size_t in_len;
	char in[REQUEST_MAX];
};

/* What a request asks for. */
struct request {
	bool head;      /* HEAD: the header alone */
	bool keep;      /* the connection stays open */
	int status;     /* 0, or why the request cannot be answered */
	char path[REQUEST_MAX];
};

/* request.c: reads one request from text; gives its length, 0 when it is not complete. */
size_t request_parse(struct request *r, const char *text, size_t len);

/* response.c */
void response_begin(struct connection *c, const struct request *r, int root);
bool response_send(struct connection *c, const char *text, size_t len);
bool response_continue(struct connection *c);
void response_end(struct connection *c);

/* listener.c: HTTPS with a chain and its key, plain HTTP without. */
int listener_open(const char *address, const char *port, const char *chain, const char *key);

#endif
