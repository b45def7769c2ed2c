/* Answers every request with a small page: https_server PORT CHAIN KEY. Run it under `ssa run`. */
#include <arpa/inet.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <ssa.h>

static void set(int fd, int option, const char *value)
{
	char why[1024] = "no further reason";
	socklen_t len = sizeof why;

	if (setsockopt(fd, IPPROTO_TLS, option, value, (socklen_t)strlen(value)) == 0)
		return;
	getsockopt(fd, IPPROTO_TLS, TLS_ERROR, why, &len);
	errx(1, "use %s: %s", value, why);
}

static void answer(int fd, const struct sockaddr_in *from)
{
	char buf[4096], host[INET_ADDRSTRLEN];
	if (read(fd, buf, sizeof buf) > 0) {
		inet_ntop(AF_INET, &from->sin_addr, host, sizeof host);
		int len = snprintf(buf, sizeof buf, "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n"
			"Hello %s, port %d.\n", host, ntohs(from->sin_port));
		if (send(fd, buf, (size_t)len, MSG_NOSIGNAL) != len)
			warn("send to %s", host);
	}
	close(fd);
}

int main(int argc, char **argv)
{
	struct sockaddr_in addr = {.sin_family = AF_INET}, from;

	if (argc != 4)
		errx(2, "usage: https_server PORT CHAIN KEY");
	addr.sin_port = htons((in_port_t)atoi(argv[1]));
	int fd = socket(AF_INET, SOCK_STREAM, IPPROTO_TLS);
	if (fd < 0)
		err(1, "socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
	if (bind(fd, (struct sockaddr *)&addr, sizeof addr) < 0)
		err(1, "bind to port %s", argv[1]);
	set(fd, TLS_CERTIFICATE_CHAIN, argv[2]);
	set(fd, TLS_PRIVATE_KEY, argv[3]);
	if (listen(fd, SOMAXCONN) < 0)
		err(1, "listen on port %s", argv[1]);
	for (socklen_t len = sizeof from; ; len = sizeof from) {
		int conn = accept(fd, (struct sockaddr *)&from, &len);
		if (conn < 0)
			err(1, "accept");
		answer(conn, &from);
	}
}
