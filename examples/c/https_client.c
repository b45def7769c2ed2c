/* Fetches a page over TLS: https_client HOST PORT. Run it under `ssa run`. */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <ssa.h>

static void explain(int fd, const char *host)
{
	const char *reason = strerror(errno);
	char why[1024] = "no further reason";
	socklen_t len = sizeof why;

	getsockopt(fd, IPPROTO_TLS, TLS_ERROR, why, &len);
	errx(1, "connect to %s: %s: %s", host, reason, why);
}

static void send_all(int fd, const char *data, size_t len)
{
	for (ssize_t n; len > 0; data += n, len -= (size_t)n)
		if ((n = send(fd, data, len, MSG_NOSIGNAL)) < 0)
			err(1, "send");
}

int main(int argc, char **argv)
{
	char buf[4096];
	ssize_t n;
	struct sockaddr_host addr = {.sin_family = AF_HOSTNAME};

	if (argc != 3 || strlen(argv[1]) >= sizeof addr.sin_addr.name)
		errx(2, "usage: https_client HOST PORT");
	addr.sin_port = htons((in_port_t)atoi(argv[2]));
	strcpy(addr.sin_addr.name, argv[1]);

	int fd = socket(AF_INET, SOCK_STREAM, IPPROTO_TLS);
	if (fd < 0)
		err(1, "socket");
	if (connect(fd, (struct sockaddr *)&addr, sizeof addr) < 0)
		explain(fd, argv[1]);

	int len = snprintf(buf, sizeof buf, "GET / HTTP/1.0\r\nHost: %s\r\n\r\n", argv[1]);
	send_all(fd, buf, (size_t)len);
	while ((n = read(fd, buf, sizeof buf)) > 0)
		if (fwrite(buf, 1, (size_t)n, stdout) != (size_t)n)
			err(1, "write");
	if (n < 0)
		err(1, "read");
	close(fd);
	return 0;
}
