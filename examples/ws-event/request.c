#define _GNU_SOURCE
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ws_event.h"

/* A piece of the request; it is not terminated. */
struct piece {
	const char *at;
	size_t len;
};

static bool is(struct piece p, const char *word)
{
	return p.len == strlen(word) && strncasecmp(p.at, word, p.len) == 0;
}

/* Takes what stands before a character off the front. */
static struct piece cut(struct piece *from, char end)
{
	const char *stop = memchr(from->at, end, from->len);
	struct piece first = {from->at, stop ? (size_t)(stop - from->at) : from->len};
	size_t taken = first.len + (stop ? 1 : 0);

	from->at += taken;
	from->len -= taken;
	return first;
}

static struct piece trim(struct piece p)
{
	while (p.len > 0 && isspace((unsigned char)p.at[0]))
		p.at++, p.len--;
	while (p.len > 0 && isspace((unsigned char)p.at[p.len - 1]))
		p.len--;
	return p;
}

static int hex(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : (tolower((unsigned char)c) - 'a') + 10;
}

/* Decodes the path of a target (RFC 3986, section 2.1), without the query. */
static int decode(char *path, struct piece target)
{
	size_t n = 0;
	struct piece p = cut(&target, '?');

	if (p.len == 0 || p.at[0] != '/')
		return 400;
	for (size_t i = 0; i < p.len; i++) {
		char c = p.at[i];
		if (c == '%') {
			if (p.len - i < 3 || !isxdigit((unsigned char)p.at[i + 1]) || !isxdigit((unsigned char)p.at[i + 2]))
				return 400;
			c = (char)(hex(p.at[i + 1]) << 4 | hex(p.at[i + 2]));
			i += 2;
		}
		if (c == '\0')
			return 400;
		path[n++] = c;
	}
	path[n] = '\0';
	return 0;
}

static int parse_line(struct request *r, struct piece line)
{
	struct piece method = cut(&line, ' '), target = cut(&line, ' ');

	if (!is(line, "HTTP/1.1") && !is(line, "HTTP/1.0"))
		return 505;
	r->keep = is(line, "HTTP/1.1");
	r->head = is(method, "HEAD");
	if (!r->head && !is(method, "GET"))
		return 501;
	return decode(r->path, target);
}

static int parse_field(struct request *r, struct piece line)
{
	struct piece name = cut(&line, ':'), value = trim(line);

	if (is(name, "Connection") && is(value, "close"))
		r->keep = false;
	if (is(name, "Connection") && is(value, "keep-alive"))
		r->keep = true;
	/* A body would be taken for the next request. */
	if (is(name, "Transfer-Encoding") || (is(name, "Content-Length") && !is(value, "0")))
		return 413;
	return 0;
}

size_t request_parse(struct request *r, const char *text, size_t len)
{
	const char *end = memmem(text, len, "\r\n\r\n", 4);
	struct piece header = {text, end ? (size_t)(end - text) : 0};

	if (!end)
		return 0;
	r->status = parse_line(r, trim(cut(&header, '\n')));
	while (header.len > 0 && r->status == 0)
		r->status = parse_field(r, trim(cut(&header, '\n')));
	if (r->status != 0)
		r->keep = false;
	return (size_t)(end - text) + 4;
}
