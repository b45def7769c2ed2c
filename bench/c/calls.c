/*
 * calls NAME COUNT [THREADS [ours]]: each of THREADS threads makes one socket call COUNT times and writes how many nanoseconds
 * each took, one number a line: "getsockname", "bind" and "connect" (UDP), "setsockopt" (SO_RCVBUF), "socket" (and close). With
 * "ours" getsockname, setsockopt and socket are those of TLS sockets.
 */
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

static int call(int tcp, int udp)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	socklen_t len = sizeof in;
	int size = 1 << 16, fd;

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	in.sin_port = strcmp(name, "connect") == 0 ? htons(9) : 0;
	if (strcmp(name, "getsockname") == 0)
		return getsockname(tcp, (struct sockaddr *)&in, &len);
	if (strcmp(name, "bind") == 0)
		return bind(udp, (struct sockaddr *)&in, sizeof in);
	if (strcmp(name, "connect") == 0)
		return connect(udp, (struct sockaddr *)&in, sizeof in);
	if (strcmp(name, "setsockopt") == 0)
		return setsockopt(tcp, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
	fd = socket(AF_INET, SOCK_STREAM, protocol);
	return fd < 0 ? -1 : close(fd);
}

static void *repeat(void *unused)
{
	uint64_t *times = calloc((size_t)count, sizeof *times);
	int tcp = socket(AF_INET, SOCK_STREAM, protocol);

	(void)unused;
	if (!times || tcp < 0)
		err(1, "socket");
	for (int i = 0; i < count; i++) {
		int udp = strcmp(name, "bind") == 0 || strcmp(name, "connect") == 0 ? socket(AF_INET, SOCK_DGRAM, 0) : -1;
		uint64_t start = now();
		if (call(tcp, udp) < 0)
			err(1, "%s", name);
		times[i] = now() - start;
		if (udp >= 0)
			close(udp);
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
