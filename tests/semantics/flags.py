"""Close-on-exec and non-blocking: flags stay what the program has set."""
import fcntl
import os
import select
import socket

from lab import libc, scenario


def cloexec(s):
    """Whether a descriptor is closed by exec."""
    return bool(fcntl.fcntl(s, fcntl.F_GETFD) & fcntl.FD_CLOEXEC)


def nonblock(s):
    """Whether an open file description is non-blocking."""
    return bool(fcntl.fcntl(s, fcntl.F_GETFL) & os.O_NONBLOCK)


@scenario
def share_flags_of_socket(lab):
    for key, flags in (("plain", 0), ("cloexec", socket.SOCK_CLOEXEC), ("nonblock", socket.SOCK_NONBLOCK),
                       ("both", socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK)):
        fd = socket_raw(lab, flags)
        lab.log(key, [cloexec(fd), nonblock(fd)])
        os.close(fd)


def socket_raw(lab, flags):
    """socket(2) without Python's own SOCK_CLOEXEC."""
    return libc.socket(socket.AF_INET, socket.SOCK_STREAM | flags, lab.proto)


@scenario
def share_flags_of_accept(lab):
    """The flags of an accepted socket come from accept4 alone, not from the listener (accept(2))."""

    listener = lab.listener()
    for waiting in (True, False):
        listener.setblocking(waiting)
        for key, flags in (("plain", 0), ("cloexec", socket.SOCK_CLOEXEC), ("nonblock", socket.SOCK_NONBLOCK)):
            lab.client().connect(listener.getsockname())
            lab.until(listener, select.POLLIN)
            fd = libc.accept4(listener.fileno(), None, None, flags)
            lab.log(f"{key}, listener {'blocking' if waiting else 'nonblocking'}", [cloexec(fd), nonblock(fd)])
    lab.raw("unknown flag", "accept4", listener.fileno(), None, None, 1)
    fd = None
    lab.client().connect(listener.getsockname())
    lab.until(listener, select.POLLIN)
    fd = libc.accept(listener.fileno(), None, None)
    lab.log("accept", [cloexec(fd), nonblock(fd)])


@scenario
def share_flags_stay(lab):
    """F_GETFL is what the program set, whatever happened meanwhile."""
    listener = lab.listener()
    for key, block in (("blocking", True), ("nonblocking", False)):
        c = lab.client()
        c.setblocking(block)
        seen = [nonblock(c)]
        c.connect_ex(listener.getsockname())
        lab.until(c, select.POLLOUT)
        seen.append(nonblock(c))
        s, _ = listener.accept()
        seen.append(nonblock(s))
        s.sendall(b"x")
        lab.until(c, select.POLLIN)
        seen += [nonblock(c), nonblock(s), nonblock(listener)]
        lab.log(key, seen)
    flags = fcntl.fcntl(c, fcntl.F_GETFL)
    lab.log("flags", flags & ~os.O_NONBLOCK)
    lab.log("mode change seen through a copy", [c.dup().setblocking(True), nonblock(c)])
