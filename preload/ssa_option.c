#include "ssa_option.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

int option_set(int fd, int option, const void *value, size_t len)
{
	return setsockopt(fd, IPPROTO_TLS, option, value, (socklen_t)len);
}

int option_set_int(int fd, int option, int value)
{
	return option_set(fd, option, &value, sizeof value);
}

void option_text(int fd, int option, char *buf, size_t size)
{
	socklen_t len = (socklen_t)size - 1;
	if (getsockopt(fd, IPPROTO_TLS, option, buf, &len) < 0)
		len = 0;
	buf[len] = 0;
}

char *option_long_text(int fd, int option)
{
	socklen_t len = 16384; // a chain of usual length; ERANGE says what a longer one takes
	for (int tries = 0; tries < 3; tries++) {
		char *text = malloc((size_t)len + 1);
		if (!text)
			return NULL;
		if (getsockopt(fd, IPPROTO_TLS, option, text, &len) == 0) {
			text[len] = 0;
			return text;
		}
		free(text);
		if (errno != ERANGE)
			return NULL;
	}
	return NULL;
}

int option_int(int fd, int option, int otherwise)
{
	int value = 0;
	socklen_t len = sizeof value;
	if (getsockopt(fd, IPPROTO_TLS, option, &value, &len) < 0 || len != sizeof value)
		return otherwise;
	return value;
}
