/*
 * What the C test programs share. A program takes name=value arguments, sets options from them and writes
 * "name value" lines on what happened; a call that fails writes "fail CALL ERRNO TLS_ERROR" and ends it.
 */
#ifndef TLS_H
#define TLS_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <ssa.h>

/* fail reports the errno of a call on fd and the reason that TLS_ERROR gives. */
static inline void fail(int fd, const char *call)
{
	const char *name = strerrorname_np(errno);
	char why[4096] = "";
	socklen_t len = sizeof why;

	getsockopt(fd, IPPROTO_TLS, TLS_ERROR, why, &len);
	printf("fail %s %s %s\n", call, name, why);
	exit(1);
}

/* arg finds the nth value of a name among the arguments, NULL when there is none. */
static inline const char *arg(char **argv, const char *name, int nth)
{
	size_t len = strlen(name);

	for (; *argv; argv++)
		if (strncmp(*argv, name, len) == 0 && (*argv)[len] == '=' && nth-- == 0)
			return *argv + len + 1;
	return NULL;
}

static inline void set_text(int fd, int option, const char *value)
{
	if (value && setsockopt(fd, IPPROTO_TLS, option, value, (socklen_t)strlen(value)) < 0)
		fail(fd, "setsockopt");
}

static inline void set_int(int fd, int option, const char *value)
{
	int n = value ? (int)strtol(value, NULL, 0) : 0;

	if (value && setsockopt(fd, IPPROTO_TLS, option, &n, sizeof n) < 0)
		fail(fd, "setsockopt");
}

/* configure sets every option that an argument names. */
static inline void configure(int fd, char **argv)
{
	set_text(fd, TLS_REMOTE_HOSTNAME, arg(argv, "name", 0));
	set_text(fd, TLS_HOSTNAME, arg(argv, "names", 0));
	set_text(fd, TLS_TRUSTED_PEER_CERTIFICATES, arg(argv, "ca", 0));
	for (int i = 0; arg(argv, "cert", i); i++) {
		set_text(fd, TLS_CERTIFICATE_CHAIN, arg(argv, "cert", i));
		set_text(fd, TLS_PRIVATE_KEY, arg(argv, "key", i));
	}
	set_text(fd, TLS_ALPN, arg(argv, "alpn", 0));
	set_text(fd, TLS_TRUSTED_CIPHERS, arg(argv, "ciphers", 0));
	set_text(fd, TLS_DISABLE_CIPHER, arg(argv, "without", 0));
	set_int(fd, TLS_REQUEST_PEER_AUTH, arg(argv, "auth", 0));
	set_int(fd, TLS_SESSION_TTL, arg(argv, "ttl", 0));
	set_int(fd, TLS_SESSION_REUSE, arg(argv, "reuse", 0));
	set_int(fd, TLS_VERSION_MIN, arg(argv, "min", 0));
	set_int(fd, TLS_VERSION_MAX, arg(argv, "max", 0));
}

/* get_text reads a text option; one that cannot be read gives its errno in angle brackets. */
static inline const char *get_text(int fd, int option, char *buf, socklen_t size)
{
	if (getsockopt(fd, IPPROTO_TLS, option, buf, &size) < 0)
		snprintf(buf, 64, "<%s>", strerrorname_np(errno));
	return buf;
}

static inline int get_int(int fd, int option)
{
	int n = -1;
	socklen_t len = sizeof n;

	return getsockopt(fd, IPPROTO_TLS, option, &n, &len) < 0 ? -errno : n;
}

static inline const char *address(int (*get)(int, struct sockaddr *, socklen_t *), int fd, char *buf)
{
	struct sockaddr_storage ss = {0};
	socklen_t len = sizeof ss;
	char host[INET6_ADDRSTRLEN] = "";

	if (get(fd, (struct sockaddr *)&ss, &len) < 0)
		return strerrorname_np(errno);
	struct sockaddr_in *in = (struct sockaddr_in *)&ss;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&ss;
	if (ss.ss_family == AF_INET)
		inet_ntop(AF_INET, &in->sin_addr, host, sizeof host);
	else
		inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof host);
	sprintf(buf, ss.ss_family == AF_INET ? "%s:%d" : "[%s]:%d", host, ntohs(in->sin_port));
	return buf;
}

/* describe writes what a connection is, into a string that lives until the next call. */
static inline const char *describe(int fd)
{
	static char out[1 << 17], text[1 << 16];
	char local[96], remote[96];
	uint64_t id = 0;
	socklen_t len = sizeof id;
	int n = 0, certs = 0;

	getsockopt(fd, IPPROTO_TLS, TLS_ID, &id, &len);
	get_text(fd, TLS_PEER_CERTIFICATE_CHAIN, text, sizeof text);
	for (const char *p = text; (p = strstr(p, "-----BEGIN CERTIFICATE-----")); p++)
		certs++;
	n += sprintf(out + n, "version 0x%04x\n", get_int(fd, TLS_CHOSEN_VERSION));
	n += sprintf(out + n, "cipher %s\n", get_text(fd, TLS_CHOSEN_CIPHER, text, sizeof text));
	n += sprintf(out + n, "alpn %s\n", get_text(fd, TLS_ALPN, text, sizeof text));
	n += sprintf(out + n, "resumed %d\n", get_int(fd, TLS_RESUMED_SESSION));
	n += sprintf(out + n, "identity %s\n", get_text(fd, TLS_PEER_IDENTITY, text, sizeof text));
	n += sprintf(out + n, "sni %s\n", get_text(fd, TLS_HOSTNAME, text, sizeof text));
	n += sprintf(out + n, "id %s\n", id ? "yes" : "no");
	n += sprintf(out + n, "chain %d\n", certs);
	n += sprintf(out + n, "local %s\n", address(getsockname, fd, local));
	sprintf(out + n, "remote %s\n", address(getpeername, fd, remote));
	return out;
}

static inline void send_all(int fd, const char *data, size_t len)
{
	for (ssize_t n; len > 0; data += n, len -= (size_t)n)
		if ((n = send(fd, data, len, MSG_NOSIGNAL)) < 0)
			fail(fd, "send");
}

#endif
