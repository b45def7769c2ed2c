// The functions of libc that take the place of which is taken.
#ifndef SSA_LIBC_H
#define SSA_LIBC_H

#include <netdb.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#define LIBC_FUNCTIONS(X)                                                                                              \
	X(ssize_t, read, (int, void *, size_t))                                                                        \
	X(ssize_t, readv, (int, const struct iovec *, int))                                                            \
	X(ssize_t, recv, (int, void *, size_t, int))                                                                   \
	X(ssize_t, recvfrom, (int, void *, size_t, int, struct sockaddr *, socklen_t *))                               \
	X(ssize_t, recvmsg, (int, struct msghdr *, int))                                                               \
	X(ssize_t, write, (int, const void *, size_t))                                                                 \
	X(ssize_t, writev, (int, const struct iovec *, int))                                                           \
	X(ssize_t, send, (int, const void *, size_t, int))                                                             \
	X(ssize_t, sendmsg, (int, const struct msghdr *, int))                                                         \
	X(int, epoll_ctl, (int, int, int, struct epoll_event *))                                                       \
	X(int, epoll_wait, (int, struct epoll_event *, int, int))                                                      \
	X(int, epoll_pwait, (int, struct epoll_event *, int, int, const sigset_t *))                                   \
	X(int, getaddrinfo, (const char *, const char *, const struct addrinfo *, struct addrinfo **))

#define LIBC_MEMBER(ret, name, params) ret(*name) params;

struct libc {
	LIBC_FUNCTIONS(LIBC_MEMBER)
};

// libc finds the functions at its first call.
const struct libc *libc(void);

#endif
