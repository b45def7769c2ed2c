// The calls that move bytes, as far as connections without a socket below the SSL need it (memory.h, trap.h). Any other
// call goes on to libc after two tests.
#include "libc.h"

#include <dlfcn.h>

#include "export.h"
#include "memory.h"
#include "registration.h"
#include "trap.h"

static struct {
	_Atomic int ready;
	struct libc f;
} table;

#define FIND(ret, name, params) table.f.name = (ret(*) params)dlsym(RTLD_NEXT, #name);

// Two threads may find the same.
const struct libc *libc(void)
{
	if (!table.ready) {
		LIBC_FUNCTIONS(FIND)
		table.ready = 1;
	}
	return &table.f;
}

__attribute__((constructor)) static void find_early(void)
{
	(void)libc();
}

EXPORT ssize_t read(int fd, void *buf, size_t len)
{
	ssize_t n;
	if (trap_caught(fd, &n))
		return n;
	return memory_nudge(fd, buf, len, &n) ? n : libc()->read(fd, buf, len);
}

EXPORT ssize_t recv(int fd, void *buf, size_t len, int flags)
{
	ssize_t n;
	if (trap_caught(fd, &n))
		return n;
	return memory_nudge(fd, buf, len, &n) ? n : libc()->recv(fd, buf, len, flags);
}

EXPORT ssize_t recvfrom(int fd, void *buf, size_t len, int flags, struct sockaddr *restrict from, socklen_t *restrict size)
{
	ssize_t n;
	if (trap_caught(fd, &n))
		return n;
	return memory_nudge(fd, buf, len, &n) ? n : libc()->recvfrom(fd, buf, len, flags, from, size);
}

EXPORT ssize_t readv(int fd, const struct iovec *v, int count)
{
	ssize_t n;
	if (trap_caught(fd, &n))
		return n;
	return count > 0 && memory_nudge(fd, v->iov_base, v->iov_len, &n) ? n : libc()->readv(fd, v, count);
}

EXPORT ssize_t recvmsg(int fd, struct msghdr *m, int flags)
{
	ssize_t n;
	if (trap_caught(fd, &n))
		return n;
	struct iovec *v = m->msg_iov;
	return m->msg_iovlen > 0 && memory_nudge(fd, v->iov_base, v->iov_len, &n) ? n : libc()->recvmsg(fd, m, flags);
}

EXPORT ssize_t __read_chk(int fd, void *buf, size_t len, size_t size)
{
	return read(fd, buf, len <= size ? len : size);
}

EXPORT ssize_t __recv_chk(int fd, void *buf, size_t len, size_t size, int flags)
{
	return recv(fd, buf, len <= size ? len : size, flags);
}

EXPORT ssize_t write(int fd, const void *buf, size_t len)
{
	ssize_t n;
	if (trap_caught(fd, &n))
		return n;
	return memory_sent(fd, buf, len, &n) ? n : libc()->write(fd, buf, len);
}

EXPORT ssize_t send(int fd, const void *buf, size_t len, int flags)
{
	ssize_t n;
	if (trap_caught(fd, &n))
		return n;
	return memory_sent(fd, buf, len, &n) ? n : libc()->send(fd, buf, len, flags);
}

EXPORT ssize_t writev(int fd, const struct iovec *v, int count)
{
	ssize_t n;
	if (trap_caught(fd, &n))
		return n;
	return count == 1 && memory_sent(fd, v->iov_base, v->iov_len, &n) ? n : libc()->writev(fd, v, count);
}

EXPORT ssize_t sendmsg(int fd, const struct msghdr *m, int flags)
{
	ssize_t n;
	if (trap_caught(fd, &n))
		return n;
	const struct iovec *v = m->msg_iov;
	return m->msg_iovlen == 1 && memory_sent(fd, v->iov_base, v->iov_len, &n) ? n : libc()->sendmsg(fd, m, flags);
}

EXPORT int epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)
{
	int result = libc()->epoll_ctl(epfd, op, fd, event);
	if (result == 0)
		registration_note(epfd, op, fd, event);
	return result;
}

EXPORT int epoll_wait(int epfd, struct epoll_event *events, int max, int timeout)
{
	int n = libc()->epoll_wait(epfd, events, max, timeout);
	registration_translate(epfd, events, n);
	return n;
}

EXPORT int epoll_pwait(int epfd, struct epoll_event *events, int max, int timeout, const sigset_t *mask)
{
	int n = libc()->epoll_pwait(epfd, events, max, timeout, mask);
	registration_translate(epfd, events, n);
	return n;
}
