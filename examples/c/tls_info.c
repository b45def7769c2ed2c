/* Says what a TLS connection is: tls_info HOST PORT. Run it under `ssa run`. */
#include <arpa/inet.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <ssa.h>

static void text(int fd, int option, const char *what)
{
	char value[4096];
	socklen_t len = sizeof value;

	if (getsockopt(fd, IPPROTO_TLS, option, value, &len) < 0)
		err(1, "%s", what);
	printf("%-10s %s\n", what, value);
}

static int number(int fd, int option)
{
	int value;
	socklen_t len = sizeof value;

	if (getsockopt(fd, IPPROTO_TLS, option, &value, &len) < 0)
		err(1, "getsockopt %d", option);
	return value;
}

int main(int argc, char **argv)
{
	struct sockaddr_host addr = {.sin_family = AF_HOSTNAME};

	if (argc != 3 || strlen(argv[1]) >= sizeof addr.sin_addr.name)
		errx(2, "usage: tls_info HOST PORT");
	addr.sin_port = htons((in_port_t)atoi(argv[2]));
	strcpy(addr.sin_addr.name, argv[1]);

	int fd = socket(AF_INET, SOCK_STREAM, IPPROTO_TLS);
	if (fd < 0)
		err(1, "socket");
	if (connect(fd, (struct sockaddr *)&addr, sizeof addr) < 0)
		err(1, "connect to %s", argv[1]);
	printf("%-10s 1.%d\n", "TLS", number(fd, TLS_CHOSEN_VERSION) - TLS_VERSION_10);
	text(fd, TLS_CHOSEN_CIPHER, "cipher");
	text(fd, TLS_PEER_IDENTITY, "peer");
	printf("%-10s %s\n", "resumed", number(fd, TLS_RESUMED_SESSION) ? "yes" : "no");
	close(fd);
	return 0;
}
