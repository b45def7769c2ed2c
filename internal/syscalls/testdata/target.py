"""The program of the tests: makes the calls it is told to, with addresses as given, and prints what came of them.

Each line of standard input is a command with its words; each gets one line of answer.
"""
import ctypes
import fcntl
import mmap
import os
import select
import socket
import sys

libc = ctypes.CDLL(None, use_errno=True)
PAGE, SIZE = 4096, 1 << 20
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]
libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
base = libc.mmap(None, SIZE + PAGE, mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, -1, 0)
libc.mprotect(base + SIZE, PAGE, 0)


def call(name, *args):
    function = getattr(libc, name)
    function.restype = ctypes.c_int
    ctypes.set_errno(0)
    value = function(*[ctypes.c_uint64(int(a)) for a in args])
    return f"{value} {ctypes.get_errno() if value < 0 else 0}"


def store(addr, data):
    ctypes.memmove(int(addr), bytes.fromhex(data), len(data) // 2)
    return "0"


def load(addr, n):
    return "=" + ctypes.string_at(int(addr), int(n)).hex()


def poll(fd, events):
    p = select.poll()
    p.register(int(fd), int(events))
    return str(sum(e for _, e in p.poll(0)))


def flags(fd):
    nonblock = fcntl.fcntl(int(fd), fcntl.F_GETFL) & os.O_NONBLOCK != 0
    return f"{int(nonblock)} {fcntl.fcntl(int(fd), fcntl.F_GETFD) & fcntl.FD_CLOEXEC}"


def send(fd, data):
    b = bytes.fromhex(data)
    n = libc.send(int(fd), b, len(b), socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
    return f"{n} {ctypes.get_errno() if n < 0 else 0}"


def recv(fd, n):
    b = ctypes.create_string_buffer(int(n))
    got = libc.recv(int(fd), b, int(n), socket.MSG_DONTWAIT)
    return f"={b.raw[:max(got, 0)].hex()} {ctypes.get_errno() if got < 0 else 0}"


def close(fd):
    if int(fd) in epolls:
        epolls.pop(int(fd)).close()
    else:
        os.close(int(fd))
    return "0"


def plain(extra):
    return str(socket.socket(socket.AF_INET, socket.SOCK_STREAM | int(extra)).detach())


def dialled(port, nonblock):
    s = socket.create_connection(("127.0.0.1", int(port)))
    s.setblocking(nonblock == "0")
    return str(s.detach())


def dup(fd):
    return str(os.dup(int(fd)))


def epoll(*_):
    made = select.epoll()
    epolls[made.fileno()] = made
    return str(made.fileno())


epolls = {}


def watch(ep, fd, events):
    epolls[int(ep)].register(int(fd), int(events))
    return "0"


def wait(ep):
    return " ".join(f"{fd}:{events}" for fd, events in epolls[int(ep)].poll(0)) or "none"


names = (call, store, load, poll, flags, send, recv, close, plain, dialled, dup, epoll, watch, wait)
commands = {f.__name__: f for f in names}
print(base, SIZE, flush=True)
for line in sys.stdin:
    words = line.split()
    print(commands[words[0]](*words[1:]), flush=True)
