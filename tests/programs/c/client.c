/*
 * client HOST PORT [name=value…]: connects, sends the value of "send" (a GET when there is none) and writes the
 * answer. A HOST that is no address is connected to with AF_HOSTNAME. "times" repeats that in one process,
 * "until=line" reads one line of the answer instead of all.
 */
#define _GNU_SOURCE
#include "tls.h"

static void connect_to(int fd, const char *host, in_port_t port)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = port};
	struct sockaddr_host name = {.sin_family = AF_HOSTNAME, .sin_port = port};
	int rc;

	strncpy(name.sin_addr.name, host, sizeof name.sin_addr.name - 1);
	if (inet_pton(AF_INET, host, &in.sin_addr) == 1)
		rc = connect(fd, (struct sockaddr *)&in, sizeof in);
	else
		rc = connect(fd, (struct sockaddr *)&name, sizeof name);
	if (rc < 0)
		fail(fd, "connect");
}

static void answer(int fd, int line)
{
	char buf[1 << 14];
	ssize_t n;

	while ((n = read(fd, buf, sizeof buf)) > 0) {
		fwrite(buf, 1, (size_t)n, stdout);
		if (line && memchr(buf, '\n', (size_t)n))
			return;
	}
	if (n < 0)
		fail(fd, "read");
}

int main(int argc, char **argv)
{
	const char *text, *times, *until;

	if (argc < 3)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	text = arg(argv, "send", 0);
	until = arg(argv, "until", 0);
	times = arg(argv, "times", 0);
	for (int i = 1; i <= (times ? atoi(times) : 1); i++) {
		int fd = socket(AF_INET, SOCK_STREAM, IPPROTO_TLS);
		if (fd < 0)
			fail(fd, "socket");
		printf("connection %d\n", i);
		configure(fd, argv);
		connect_to(fd, argv[1], htons((in_port_t)atoi(argv[2])));
		printf("%s", describe(fd));
		text = text ? text : "GET / HTTP/1.0\r\n\r\n";
		send_all(fd, text, strlen(text));
		printf("answer\n");
		answer(fd, until && strcmp(until, "line") == 0);
		close(fd);
	}
	printf("done\n");
	return 0;
}
