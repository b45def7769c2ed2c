#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ws_event.h"

static const struct {
	int status;
	const char *reason;
} reasons[] = {
	{200, "OK"}, {400, "Bad Request"}, {403, "Forbidden"}, {404, "Not Found"}, {413, "Content Too Large"},
	{431, "Request Header Fields Too Large"}, {500, "Internal Server Error"}, {501, "Not Implemented"},
	{505, "HTTP Version Not Supported"},
};

static const struct {
	const char *suffix, *type;
} types[] = {
	{".html", "text/html; charset=utf-8"}, {".css", "text/css"}, {".js", "text/javascript"}, {".json", "application/json"},
	{".txt", "text/plain; charset=utf-8"}, {".svg", "image/svg+xml"}, {".png", "image/png"}, {".jpg", "image/jpeg"},
};

static const char *reason_of(int status)
{
	for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "";
}

static const char *type_of(const char *path)
{
	const char *dot = strrchr(path, '.');

	for (size_t i = 0; dot && i < sizeof types / sizeof types[0]; i++)
		if (strcmp(dot, types[i].suffix) == 0)
			return types[i].type;
	return "application/octet-stream";
}

/* Opens a file below the root and nowhere else, whatever links and dots say (openat2(2)). */
static int open_below(int root, const char *path)
{
	struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK, .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};

	while (*path == '/')
		path++;
	return (int)syscall(SYS_openat2, root, *path ? path : ".", &how, sizeof how);
}

static int status_of(int error)
{
	switch (error) {
	case ENOENT:
	case ENOTDIR:
	case ENAMETOOLONG:
		return 404;
	case EACCES:
	case EPERM:
	case EXDEV:
	case ELOOP:
		return 403;
	}
	return 500;
}

/* Finds the file a path means, that of a directory being its index.html; gives the status. */
static int find(int root, const char *path, int *file, off_t *size)
{
	struct stat about;
	int fd = open_below(root, path);

	if (fd >= 0 && fstat(fd, &about) == 0 && S_ISDIR(about.st_mode)) {
		int index = open_below(fd, "index.html");
		int error = errno;
		close(fd);
		errno = error;
		fd = index;
	}
	if (fd < 0)
		return status_of(errno);
	if (fstat(fd, &about) < 0 || !S_ISREG(about.st_mode)) {
		close(fd);
		return 403;
	}
	*file = fd;
	*size = about.st_size;
	return 200;
}

/* Appends a small file to its header, so that both go in one call; the rest of a larger one is left to sendfile(2). */
static size_t append(struct connection *c, char *text, size_t len)
{
	ssize_t n = pread(c->file, text + len, (size_t)c->file_end, 0);

	if (n == c->file_end) {
		close(c->file);
		c->file = -1;
		return len + (size_t)n;
	}
	return len;
}

void response_begin(struct connection *c, const struct request *r, int root)
{
	static char text[512 + SMALL_FILE]; /* one thread, and nothing stays in it */
	off_t size = 0;
	int status = r->status ? r->status : find(root, r->path, &c->file, &size);
	bool body = status == 200 && !r->head;

	c->last = !r->keep;
	c->file_at = 0;
	c->file_end = size;
	if (!body && c->file >= 0) {
		close(c->file);
		c->file = -1;
	}
	const char *type = status == 200 ? type_of(r->path[strlen(r->path) - 1] == '/' ? ".html" : r->path) : "text/plain";
	size_t len = (size_t)snprintf(text, 512,
		"HTTP/1.1 %d %s\r\nServer: ws-event\r\nContent-Type: %s\r\nContent-Length: %lld\r\nConnection: %s\r\n\r\n",
		status, reason_of(status), type, (long long)size, r->keep ? "keep-alive" : "close");
	if (body && size <= SMALL_FILE)
		len = append(c, text, len);
	if (!response_send(c, text, len))
		c->last = true;
}

/* Keeps what could not be sent. False: the connection is lost. */
static bool keep_rest(struct connection *c, const char *text, size_t len)
{
	c->rest = malloc(len);
	if (!c->rest)
		return false;
	memcpy(c->rest, text, len);
	c->rest_at = 0;
	c->rest_len = len;
	c->writing = true;
	return true;
}

/* Sends, and keeps for later what there is no room for. False: the connection is lost. */
bool response_send(struct connection *c, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = send(c->fd, text, len, MSG_NOSIGNAL | (c->file >= 0 ? MSG_MORE : 0));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return keep_rest(c, text, len);
		if (n < 0)
			return false;
		text += n;
		len -= (size_t)n;
	}
	return response_continue(c);
}

static bool send_rest(struct connection *c)
{
	while (c->rest_at < c->rest_len) {
		ssize_t n = send(c->fd, c->rest + c->rest_at, c->rest_len - c->rest_at, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN;
		c->rest_at += (size_t)n;
	}
	free(c->rest);
	c->rest = NULL;
	return true;
}

/* Sends what is left, as far as there is room. False: the connection is lost. */
bool response_continue(struct connection *c)
{
	if (c->rest && !send_rest(c))
		return false;
	if (c->rest)
		return true;
	while (c->file >= 0 && c->file_at < c->file_end) {
		ssize_t n = sendfile(c->fd, c->file, &c->file_at, (size_t)(c->file_end - c->file_at));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			c->writing = true;
			return true;
		}
		if (n <= 0)
			return false; /* the file has shrunk: the length that was promised cannot be kept */
	}
	response_end(c);
	return true;
}

void response_end(struct connection *c)
{
	if (c->file >= 0)
		close(c->file);
	free(c->rest);
	c->file = -1;
	c->rest = NULL;
	c->writing = false;
}
