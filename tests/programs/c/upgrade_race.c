/* Has four threads upgrade one connection at the same time, over and over: upgrade_race PORT TRUST. */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <ssa.h>

enum { ROUNDS = 30, THREADS = 4 };

static int fd;
static pthread_barrier_t start;

/* Succeeds, or says that another thread is at it or has done it. */
static void *upgrade(void *failed)
{
	pthread_barrier_wait(&start);
	if (setsockopt(fd, IPPROTO_TCP, TCP_UPGRADE_TLS, "localhost", 9) == 0)
		return NULL;
	if (errno != EALREADY && errno != EISCONN)
		err(1, "upgrade");
	return failed;
}

static void once(in_port_t port, const char *trust)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	pthread_t threads[THREADS];
	int failures = 0;
	char answer[4];

	fd = socket(AF_INET, SOCK_STREAM, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) < 0)
		err(1, "connect");
	if (setsockopt(fd, IPPROTO_TLS, TLS_TRUSTED_PEER_CERTIFICATES, trust, (socklen_t)strlen(trust)) < 0)
		err(1, "trust");
	for (int i = 0; i < THREADS; i++)
		if ((errno = pthread_create(&threads[i], NULL, upgrade, &fd)) != 0)
			err(1, "pthread_create");
	for (int i = 0; i < THREADS; i++) {
		void *failed;
		pthread_join(threads[i], &failed);
		failures += failed != NULL;
	}
	if (failures == THREADS)
		errx(1, "no thread upgraded the connection");
	if (send(fd, "abc\n", 4, MSG_NOSIGNAL) != 4 || recv(fd, answer, 4, MSG_WAITALL) != 4 || memcmp(answer, "cba\n", 4) != 0)
		err(1, "talk");
	close(fd);
}

int main(int argc, char **argv)
{
	if (argc != 3)
		errx(2, "usage: upgrade_race PORT TRUST");
	pthread_barrier_init(&start, NULL, THREADS);
	for (int i = 0; i < ROUNDS; i++)
		once((in_port_t)atoi(argv[1]), argv[2]);
	puts("ok");
	return 0;
}
