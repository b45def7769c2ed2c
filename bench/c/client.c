/*
 * client CA NAME PORT MODE COUNT [BYTES]: does something COUNT times and writes how many nanoseconds each took, one number
 * a line. The modes: "full" and "resumed" connect, shake hands, fetch one byte and close; "download" and "upload" move
 * BYTES over one connection; "idle" opens COUNT connections, writes "ready" and keeps them until its input ends.
 */
#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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

static void handshakes(int port, int count)
{
	for (int i = 0; i < count; i++) {
		uint64_t start = now();
		struct connection *c = transport_connect(port);
		request(c, 'D', 1);
		receive(c, 1);
		transport_close(c);
		printf("%llu\n", (unsigned long long)(now() - start));
	}
}

static void transfers(int port, int count, int up, uint64_t bytes)
{
	struct connection *c = transport_connect(port);

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

static void idle(int port, int count)
{
	for (int i = 0; i < count; i++) {
		struct connection *c = transport_connect(port);
		request(c, 'D', 1);
		receive(c, 1);
	}
	puts("ready");
	while (getchar() != EOF)
		;
}

int main(int argc, char **argv)
{
	if (argc < 6)
		errx(2, "usage: client CA NAME PORT MODE COUNT [BYTES]");
	const char *mode = argv[4];
	int port = atoi(argv[3]), count = atoi(argv[5]);
	uint64_t bytes = argc > 6 ? strtoull(argv[6], NULL, 10) : 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	transport_init(argv[1], argv[2], strcmp(mode, "resumed") == 0);
	if (strcmp(mode, "idle") == 0)
		idle(port, count);
	else if (strcmp(mode, "download") == 0 || strcmp(mode, "upload") == 0)
		transfers(port, count, mode[0] == 'u', bytes);
	else
		handshakes(port, count);
	return 0;
}
