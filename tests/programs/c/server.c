/*
 * server PORT [name=value…]: serves one connection after the other, "times" of them, one thread for each. It
 * answers a request with a page that describes the connection.
 */
#define _GNU_SOURCE
#include <pthread.h>

#include "tls.h"

static pthread_mutex_t describing = PTHREAD_MUTEX_INITIALIZER;

static const char head[] = "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n";

static void *serve(void *p)
{
	int fd = (int)(intptr_t)p;
	char request[4096], page[1 << 17];
	ssize_t n;

	pthread_mutex_lock(&describing);
	strcpy(page, describe(fd));
	printf("connection\n%s", page);
	pthread_mutex_unlock(&describing);
	n = read(fd, request, sizeof request - 1);
	if (n > 0) {
		request[n] = '\0';
		printf("request %.*s\n", (int)strcspn(request, "\r\n"), request);
		send_all(fd, head, strlen(head));
		send_all(fd, page, strlen(page));
	} else {
		printf("request <%s>\n", n < 0 ? strerrorname_np(errno) : "end");
	}
	close(fd);
	return NULL;
}

int main(int argc, char **argv)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	socklen_t len = sizeof in;
	const char *times;
	pthread_t threads[64];
	int count, one = 1, fd = socket(AF_INET, SOCK_STREAM, IPPROTO_TLS);

	if (argc < 2)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (fd < 0)
		fail(fd, "socket");
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	in.sin_port = htons((in_port_t)atoi(argv[1]));
	configure(fd, argv);
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0)
		fail(fd, "setsockopt");
	if (bind(fd, (struct sockaddr *)&in, sizeof in) < 0)
		fail(fd, "bind");
	if (listen(fd, 16) < 0)
		fail(fd, "listen");
	if (getsockname(fd, (struct sockaddr *)&in, &len) < 0)
		fail(fd, "getsockname");
	printf("port %d\n", ntohs(in.sin_port));
	times = arg(argv, "times", 0);
	count = times ? atoi(times) : 1;
	for (int i = 0; i < count && i < 64; i++) {
		int conn = accept(fd, NULL, NULL);
		if (conn < 0)
			fail(fd, "accept");
		if (pthread_create(&threads[i], NULL, serve, (void *)(intptr_t)conn) != 0)
			return 3;
	}
	for (int i = 0; i < count && i < 64; i++)
		pthread_join(threads[i], NULL);
	close(fd);
	printf("done\n");
	return 0;
}
