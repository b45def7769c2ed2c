"""Tries to reach a wrapped destination without connect(): ways.py PORT. Prints "ok every way" when none works."""
import ctypes
import errno
import os
import socket
import sys

PORT = int(sys.argv[1])
TO = ("127.0.0.1", PORT)
MSG_FASTOPEN, TCP_FASTOPEN_CONNECT, IPPROTO_MPTCP, IO_URING_SETUP = 0x20000000, 30, 262, 425


def fails_with(name, call, *args):
    try:
        call(*args)
    except OSError as e:
        assert errno.errorcode[e.errno] == name, (name, e)
        return
    raise AssertionError(f"{name}: it succeeded")


fails_with("EPROTONOSUPPORT", socket.socket, socket.AF_INET, socket.SOCK_STREAM, IPPROTO_MPTCP)
s = socket.socket()
fails_with(errno.errorcode[errno.EOPNOTSUPP], s.sendto, b"PING\r\n", MSG_FASTOPEN, TO)
fails_with(errno.errorcode[errno.EOPNOTSUPP], s.sendmsg, [b"PING\r\n"], [], MSG_FASTOPEN, TO)
libc = ctypes.CDLL(None, use_errno=True)
assert libc.syscall(IO_URING_SETUP, 1, None) == -1 and ctypes.get_errno() == errno.ENOSYS

# A socket that would connect only when it sends connects as TLS.
s.setsockopt(socket.IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1)
s.connect(TO)
s.sendall(b"PING\r\n")
assert s.recv(7) == b"+PONG\r\n"

# Connected by one descriptor, by a mapped address, bound before, by a child.
s = socket.socket(socket.AF_INET6)
s.connect(("::ffff:127.0.0.1", PORT))
s.sendall(b"PING\r\n")
assert s.recv(7) == b"+PONG\r\n"
s = socket.socket()
s.bind(("127.0.0.1", 0))
port = s.getsockname()[1]
twin = s.dup()
twin.connect(TO)
s.sendall(b"PING\r\n")
assert twin.recv(7) == b"+PONG\r\n" and s.getsockname()[1] == port
if (pid := os.fork()) == 0:
    s = socket.create_connection(TO)
    s.sendall(b"PING\r\n")
    os._exit(s.recv(7) != b"+PONG\r\n")
assert os.waitpid(pid, 0)[1] == 0

# UDP to the same port is not TCP.
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", TO)
print("ok every way")
