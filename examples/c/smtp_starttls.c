/* Asks a mail server over TLS what it can do: smtp_starttls HOST PORT [TRUST]. Run it under `ssa run`. */
#include <err.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <ssa.h>

static int dial(const char *host, const char *port)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list;
	int fd = -1, e = getaddrinfo(host, port, &hints, &list);

	if (e != 0)
		errx(1, "%s: %s", host, gai_strerror(e));
	for (struct addrinfo *a = list; a != NULL; a = a->ai_next) {
		fd = socket(a->ai_family, a->ai_socktype, a->ai_protocol);
		if (fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) == 0)
			break;
		if (a->ai_next == NULL)
			err(1, "connect to %s", host);
		close(fd);
	}
	freeaddrinfo(list);
	return fd;
}

/* Reads one line, byte by byte: what follows the answer to STARTTLS is TLS and not ours to read. */
static void read_line(int fd, char *line, size_t size)
{
	size_t n = 0;

	while (n + 1 < size && (n == 0 || line[n - 1] != '\n')) {
		ssize_t got = recv(fd, line + n, 1, 0);
		if (got <= 0)
			err(1, "read");
		n++;
	}
	line[n] = '\0';
}

/* Sends a command, if any, and prints the answer, whose last line has a space after its code. */
static void converse(int fd, const char *command, const char *code)
{
	char line[1024];

	if (send(fd, command, strlen(command), MSG_NOSIGNAL) != (ssize_t)strlen(command))
		err(1, "send");
	do {
		read_line(fd, line, sizeof line);
		fputs(line, stdout);
		if (strncmp(line, code, 3) != 0)
			errx(1, "the server says: %s", line);
	} while (line[3] == '-');
}

static void upgrade(int fd, const char *host, const char *trust)
{
	char why[1024] = "no further reason";
	socklen_t len = sizeof why;

	if (trust != NULL && setsockopt(fd, IPPROTO_TLS, TLS_TRUSTED_PEER_CERTIFICATES, trust, (socklen_t)strlen(trust)) < 0)
		err(1, "trust %s", trust);
	if (setsockopt(fd, IPPROTO_TCP, TCP_UPGRADE_TLS, host, (socklen_t)strlen(host)) == 0)
		return;
	const char *reason = strerror(errno);
	getsockopt(fd, IPPROTO_TLS, TLS_ERROR, why, &len);
	errx(1, "TLS with %s: %s: %s", host, reason, why);
}

int main(int argc, char **argv)
{
	if (argc < 3 || argc > 4)
		errx(2, "usage: smtp_starttls HOST PORT [TRUST]");
	int fd = dial(argv[1], argv[2]);

	converse(fd, "", "220");
	converse(fd, "EHLO localhost\r\n", "250");
	converse(fd, "STARTTLS\r\n", "220");
	upgrade(fd, argv[1], argv[3]);
	converse(fd, "EHLO localhost\r\n", "250");
	converse(fd, "QUIT\r\n", "221");
	close(fd);
	return 0;
}
