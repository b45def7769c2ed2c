/*
 * client CA NAME [ADDRESS:]PORT MODE COUNT [BYTES]: a client of the server of peer.c, or of a web server, which measures
 * something COUNT times and writes one number of nanoseconds a line:
 *
 *	full, resumed           connect, handshake, one byte and close
 *	download, upload        BYTES over one connection
 *	fetch, refetch          a new connection for each download of BYTES; refetch resumes sessions
 *	ping                    1 KB to the peer and back over one connection, a thousand times a second
 *	many-down, many-up      BYTES in all over eight connections at once
 *	get, reget              a new connection to a web server for each GET of the file BYTES.bin; reget resumes sessions
 *	hold                    connections to a web server, each with a GET of 1.bin: as many as the latest line of input says,
 *	                        with "ready" when they are there; they are held until the end of input
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "transport.h"

static char buffer[1 << 16];

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* request asks the peer of peer.c for something: 'D' to be sent bytes, 'U' to receive them. */
static void request(struct connection *c, char what, uint64_t bytes)
{
	unsigned char r[9] = {(unsigned char)what};

	for (int i = 0; i < 8; i++)
		r[1 + i] = (unsigned char)(bytes >> (8 * i));
	transport_write(c, r, sizeof r);
}

static void receive(struct connection *c, uint64_t bytes)
{
	while (bytes > 0) {
		ssize_t n = transport_read(c, buffer, sizeof buffer);
		if (n == 0)
			errx(1, "the peer ended the connection");
		bytes -= (uint64_t)n;
	}
}

static void handshakes(const struct sockaddr_in *to, int count)
{
	for (int i = 0; i < count; i++) {
		uint64_t start = now();
		struct connection *c = transport_connect(to);
		request(c, 'D', 1);
		receive(c, 1);
		transport_close(c);
		printf("%llu\n", (unsigned long long)(now() - start));
	}
}

static void transfers(const struct sockaddr_in *to, int count, int up, uint64_t bytes)
{
	struct connection *c = transport_connect(to);

	for (int i = 0; i < count; i++) {
		uint64_t start = now();
		request(c, up ? 'U' : 'D', bytes);
		for (uint64_t left = up ? bytes : 0; left > 0;) {
			size_t n = left < sizeof buffer ? (size_t)left : sizeof buffer;
			transport_write(c, buffer, n);
			left -= n;
		}
		receive(c, up ? 1 : bytes);
		printf("%llu\n", (unsigned long long)(now() - start));
	}
	transport_close(c);
}

static void fetches(const struct sockaddr_in *to, int count, uint64_t bytes)
{
	for (int i = 0; i < count; i++) {
		uint64_t start = now();
		struct connection *c = transport_connect(to);
		request(c, 'D', bytes);
		receive(c, bytes);
		transport_close(c);
		printf("%llu\n", (unsigned long long)(now() - start));
	}
}

static void ping(const struct sockaddr_in *to, int count)
{
	struct connection *c = transport_connect(to);
	uint64_t due = now();

	for (int i = 0; i < count; i++, due += 1000000) {
		struct timespec t = {.tv_sec = (time_t)(due / 1000000000u), .tv_nsec = (long)(due % 1000000000u)};
		static char question[9 + 1024] = {'E', 0, 4};

		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
		uint64_t start = now();
		transport_write(c, question, sizeof question);
		receive(c, 1024);
		printf("%llu\n", (unsigned long long)(now() - start));
	}
	transport_close(c);
}

enum { MANY = 8 };

/* many moves the bytes over connections of processes of its own, as OpenSSL has no lock that threads could share. */
static void many(const struct sockaddr_in *to, int count, int up, uint64_t bytes)
{
	for (int i = 0; i < count; i++) {
		uint64_t start = now();
		int status, bad = 0;

		for (int k = 0; k < MANY; k++)
			if (fork() == 0) {
				if (!freopen("/dev/null", "w", stdout))
					err(1, "/dev/null");
				transfers(to, 1, up, bytes / MANY);
				exit(0);
			}
		while (wait(&status) > 0)
			bad |= status;
		if (bad)
			errx(1, "one of the connections failed");
		printf("%llu\n", (unsigned long long)(now() - start));
	}
}

/* get reads a file from a web server. With keep the connection lives on, else its end is part of the answer. */
static void get(struct connection *c, uint64_t bytes, int keep)
{
	char line[256], *end = NULL;
	size_t have = 0;
	int n = snprintf(line, sizeof line, "GET /%llu.bin HTTP/1.1\r\nHost: localhost\r\nConnection: %s\r\n\r\n",
			 (unsigned long long)bytes, keep ? "keep-alive" : "close");

	transport_write(c, line, (size_t)n);
	while (!end) {
		ssize_t more = have < sizeof buffer ? transport_read(c, buffer + have, sizeof buffer - have) : 0;
		if (more == 0)
			errx(1, "the web server sent half a header");
		have += (size_t)more;
		end = memmem(buffer, have, "\r\n\r\n", 4);
	}
	if (!memmem(buffer, have, " 200 ", 5))
		errx(1, "the web server says %.*s", (int)strcspn(buffer, "\r"), buffer);
	have -= (size_t)(end + 4 - buffer);
	if (have > bytes)
		errx(1, "the web server sent too much");
	receive(c, bytes - have);
	if (!keep && transport_read(c, buffer, 1) != 0)
		errx(1, "the web server does not end the connection");
}

static void gets_of(const struct sockaddr_in *to, int count, uint64_t bytes)
{
	for (int i = 0; i < count; i++) {
		uint64_t start = now();
		struct connection *c = transport_connect(to);
		get(c, bytes, 0);
		transport_close(c);
		printf("%llu\n", (unsigned long long)(now() - start));
	}
}

static void hold(const struct sockaddr_in *to)
{
	int have = 0, want;

	while (scanf("%d", &want) == 1) {
		for (; have < want; have++)
			get(transport_connect(to), 1, 1);
		puts("ready");
	}
}

static struct sockaddr_in address(const char *text)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	const char *colon = strchr(text, ':');
	char host[64] = "127.0.0.1";

	if (colon)
		snprintf(host, sizeof host, "%.*s", (int)(colon - text), text);
	in.sin_port = htons((in_port_t)atoi(colon ? colon + 1 : text));
	if (inet_pton(AF_INET, host, &in.sin_addr) != 1)
		errx(2, "%s is no address", host);
	return in;
}

int main(int argc, char **argv)
{
	if (argc < 6)
		errx(2, "usage: client CA NAME [ADDRESS:]PORT MODE COUNT [BYTES]");
	const char *mode = argv[4];
	const struct sockaddr_in in = address(argv[3]), *to = &in;
	int count = atoi(argv[5]);
	uint64_t bytes = argc > 6 ? strtoull(argv[6], NULL, 10) : 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	transport_init(argv[1], argv[2], strncmp(mode, "re", 2) == 0);
	if (strcmp(mode, "hold") == 0)
		hold(to);
	else if (strcmp(mode, "get") == 0 || strcmp(mode, "reget") == 0)
		gets_of(to, count, bytes);
	else if (strcmp(mode, "download") == 0 || strcmp(mode, "upload") == 0)
		transfers(to, count, mode[0] == 'u', bytes);
	else if (strcmp(mode, "fetch") == 0 || strcmp(mode, "refetch") == 0)
		fetches(to, count, bytes);
	else if (strcmp(mode, "ping") == 0)
		ping(to, count);
	else if (strcmp(mode, "many-down") == 0 || strcmp(mode, "many-up") == 0)
		many(to, count, mode[5] == 'u', bytes);
	else
		handshakes(to, count);
	return 0;
}
