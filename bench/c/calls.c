/*
 * calls NAME COUNT: makes one socket call COUNT times on sockets that are no TLS sockets and writes how many nanoseconds each
 * took, one number a line. The calls: "getsockname", "bind" (UDP), "connect" (UDP), "setsockopt" (of SO_RCVBUF).
 */
#include <arpa/inet.h>
#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t timed(const char *call, int tcp, int udp)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	socklen_t len = sizeof in;
	int size = 1 << 16, rc;
	uint64_t start;

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	in.sin_port = strcmp(call, "connect") == 0 ? htons(9) : 0;
	start = now();
	if (strcmp(call, "getsockname") == 0)
		rc = getsockname(tcp, (struct sockaddr *)&in, &len);
	else if (strcmp(call, "bind") == 0)
		rc = bind(udp, (struct sockaddr *)&in, sizeof in);
	else if (strcmp(call, "connect") == 0)
		rc = connect(udp, (struct sockaddr *)&in, sizeof in);
	else
		rc = setsockopt(tcp, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
	start = now() - start;
	if (rc < 0)
		err(1, "%s", call);
	return start;
}

int main(int argc, char **argv)
{
	if (argc != 3)
		errx(2, "usage: calls NAME COUNT");
	int tcp = socket(AF_INET, SOCK_STREAM, 0);
	if (tcp < 0)
		err(1, "socket");
	for (int i = atoi(argv[2]); i > 0; i--) {
		int udp = socket(AF_INET, SOCK_DGRAM, 0);
		if (udp < 0)
			err(1, "socket");
		printf("%llu\n", (unsigned long long)timed(argv[1], tcp, udp));
		close(udp);
	}
	return 0;
}
