#include "names.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "export.h"
#include "libc.h"

enum {
	NAMES = 256, // those looked up last
	NAME_MAX_LEN = 254,
};

// address is one of either family, IPv4 as IPv6 has it (RFC 4291, section 2.5.5.2).
struct address {
	unsigned char bytes[16];
};

static struct {
	pthread_mutex_t mu;
	unsigned next;
	struct {
		struct address address;
		char name[NAME_MAX_LEN];
	} known[NAMES];
} names = {.mu = PTHREAD_MUTEX_INITIALIZER};

static int address_of(const struct sockaddr *sa, struct address *a)
{
	memset(a, 0, sizeof *a);
	if (sa->sa_family == AF_INET6) {
		memcpy(a->bytes, &((const struct sockaddr_in6 *)sa)->sin6_addr, 16);
		return 1;
	}
	if (sa->sa_family != AF_INET)
		return 0;
	a->bytes[10] = a->bytes[11] = 0xff;
	memcpy(a->bytes + 12, &((const struct sockaddr_in *)sa)->sin_addr, 4);
	return 1;
}

static unsigned slot(const struct address *a)
{
	for (unsigned i = 0; i < NAMES; i++)
		if (*names.known[i].name && memcmp(&names.known[i].address, a, sizeof *a) == 0)
			return i;
	return names.next++ % NAMES;
}

static void remember(const char *name, const struct sockaddr *sa)
{
	struct address a;
	if (strlen(name) >= NAME_MAX_LEN || !address_of(sa, &a))
		return;
	pthread_mutex_lock(&names.mu);
	unsigned i = slot(&a);
	names.known[i].address = a;
	snprintf(names.known[i].name, NAME_MAX_LEN, "%s", name);
	pthread_mutex_unlock(&names.mu);
}

static int find(const struct address *a, char *name, size_t size)
{
	int found = 0;
	pthread_mutex_lock(&names.mu);
	for (unsigned i = 0; i < NAMES && !found; i++) {
		found = *names.known[i].name && memcmp(&names.known[i].address, a, sizeof *a) == 0;
		if (found)
			snprintf(name, size, "%s", names.known[i].name);
	}
	pthread_mutex_unlock(&names.mu);
	return found;
}

void names_of_peer(int fd, char *name, size_t size)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof sa;
	struct address a;
	*name = 0;
	if (getpeername(fd, (struct sockaddr *)&sa, &len) < 0 || !address_of((struct sockaddr *)&sa, &a))
		return;
	if (!find(&a, name, size))
		getnameinfo((struct sockaddr *)&sa, len, name, (socklen_t)size, NULL, 0, NI_NUMERICHOST);
}

EXPORT int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **res)
{
	int result = libc()->getaddrinfo(node, service, hints, res);
	if (result == 0 && node)
		for (const struct addrinfo *a = *res; a; a = a->ai_next)
			remember(node, a->ai_addr);
	return result;
}
