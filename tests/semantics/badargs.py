"""Arguments that no program should pass, and some do."""
import ctypes
import os
import resource
import socket
import struct

from connecting import sockaddr
from lab import drain, events, libc, poll, scenario

P, I = ctypes.c_void_p, ctypes.c_int
WILD = (("null", 0), ("wild", 0x10), ("kernel", 0xffffffff81000000), ("unmapped", 0x7ff000000000))
SOL, TCP = socket.SOL_SOCKET, socket.IPPROTO_TCP


def states(lab):
    """A socket in each state a bad call can find it in."""
    listener = lab.listener()
    c, s = lab.connected(listener)
    return ("fresh", lab.client()), ("client", c), ("server", s), ("listener", listener)


@scenario
def bad_sockaddr(lab):
    for state, s in states(lab):
        for key, p in WILD:
            for name in "connect", "bind":
                lab.raw(f"{name} {state} {key}", name, s.fileno(), P(p), 16)


@scenario
def bad_sockaddr_length(lab):
    a = sockaddr((lab.host, 9))
    for n in (-1, 0, 1, 129, 2**31 - 1, -2**31):
        for name in "connect", "bind":
            lab.raw(f"{name} {n}", name, lab.client().fileno(), a + bytes(300), n)


@scenario
def bad_sockaddr_at_end_of_page(lab):
    """An address that crosses into unmapped memory."""
    page = os.sysconf("SC_PAGESIZE")
    libc.mmap.restype = P
    at = libc.mmap(None, ctypes.c_size_t(2 * page), 3, 0x22, -1, ctypes.c_long(0))
    libc.munmap(P(at + page), ctypes.c_size_t(page))
    a = sockaddr(lab.dead())
    ctypes.memmove(at + page - 16, a, 16)
    lab.raw("fits", "connect", lab.client().fileno(), P(at + page - 16), 16)
    lab.raw("crosses", "connect", lab.client().fileno(), P(at + page - 8), 16)
    lab.raw("set crosses", "setsockopt", lab.client().fileno(), SOL, socket.SO_KEEPALIVE, P(at + page - 2), 4)


@scenario
def bad_name_pointers(lab):
    for state, s in states(lab):
        for name in "getsockname", "getpeername":
            for key, p in WILD:
                size = I(16)
                lab.raw(f"{name} {state} address {key}", name, s.fileno(), P(p), ctypes.byref(size))
                lab.raw(f"{name} {state} length {key}", name, s.fileno(), ctypes.create_string_buffer(16), P(p))


@scenario
def bad_name_zero_length(lab):
    """With room for nothing the address pointer is not touched."""
    c, _ = lab.pair()
    size = I(0)
    lab.raw("getpeername", "getpeername", c.fileno(), P(0), ctypes.byref(size))
    lab.log("length", size.value)


@scenario
def bad_accept_pointers(lab):
    listener = lab.listener()
    for key, p in WILD[1:]:
        c = lab.client()
        c.connect(listener.getsockname())
        lab.until(listener, 1)
        size = I(16)
        lab.raw(f"address {key}", "accept", listener.fileno(), P(p), ctypes.byref(size))
        lab.log(f"address {key} then", events(poll(listener)))
        c = lab.client()
        c.connect(listener.getsockname())
        lab.until(listener, 1)
        lab.raw(f"length {key}", "accept", listener.fileno(), ctypes.create_string_buffer(16), P(p))
        lab.log(f"length {key} then", events(poll(listener)))
    lab.client().connect(listener.getsockname())
    lab.until(listener, 1)
    size = I(-1)
    lab.raw("length -1", "accept", listener.fileno(), ctypes.create_string_buffer(16), ctypes.byref(size))


@scenario
def bad_setsockopt(lab):
    rows = [("keepalive", SOL, socket.SO_KEEPALIVE), ("nodelay", TCP, socket.TCP_NODELAY),
            ("ttl", socket.IPPROTO_IP, socket.IP_TTL), ("rcvtimeo", SOL, socket.SO_RCVTIMEO),
            ("congestion", TCP, socket.TCP_CONGESTION)]
    for state, s in states(lab):
        for name, level, option in rows:
            for key, p in WILD:
                lab.raw(f"{state} {name} {key}", "setsockopt", s.fileno(), level, option, P(p), 16)
            for n in (0, -1, -2**31, 2**31 - 1):
                value = struct.pack("ll", 1, 0)
                lab.raw(f"{state} {name} length {n}", "setsockopt", s.fileno(), level, option, value, n)


@scenario
def bad_getsockopt(lab):
    rows = [("keepalive", SOL, socket.SO_KEEPALIVE), ("nodelay", TCP, socket.TCP_NODELAY),
            ("ttl", socket.IPPROTO_IP, socket.IP_TTL), ("error", SOL, socket.SO_ERROR), ("type", SOL, socket.SO_TYPE),
            ("domain", SOL, socket.SO_DOMAIN), ("info", TCP, socket.TCP_INFO)]
    for state, s in states(lab):
        for name, level, option in rows:
            for key, p in WILD:
                size = I(4)
                at = ctypes.byref(size)
                lab.raw(f"{state} {name} value {key}", "getsockopt", s.fileno(), level, option, P(p), at)
                value = ctypes.create_string_buffer(4)
                lab.raw(f"{state} {name} length {key}", "getsockopt", s.fileno(), level, option, value, P(p))
            for n in (-1, -2**31):
                size = I(n)
                value = ctypes.create_string_buffer(64)
                lab.raw(f"{state} {name} size {n}", "getsockopt", s.fileno(), level, option, value, ctypes.byref(size))


@scenario
def bad_descriptors(lab):
    """Numbers that are no socket."""
    r, w = os.pipe()
    os.close(w)
    path = os.open("/dev/null", os.O_PATH)
    a, value, size = sockaddr((lab.host, 9)), ctypes.create_string_buffer(16), I(16)
    for key, fd in ("closed", w), ("-1", -1), ("huge", 2**31 - 1), ("pipe", r), ("path", path):
        lab.raw(f"connect {key}", "connect", fd, a, 16)
        lab.raw(f"bind {key}", "bind", fd, a, 16)
        lab.raw(f"listen {key}", "listen", fd, 1)
        lab.raw(f"accept {key}", "accept", fd, None, None)
        lab.raw(f"accept4 {key}", "accept4", fd, None, None, 0)
        lab.raw(f"getsockname {key}", "getsockname", fd, value, ctypes.byref(size))
        lab.raw(f"getpeername {key}", "getpeername", fd, value, ctypes.byref(size))
        lab.raw(f"setsockopt {key}", "setsockopt", fd, TCP, socket.TCP_NODELAY, value, 4)
        lab.raw(f"getsockopt {key}", "getsockopt", fd, TCP, socket.TCP_NODELAY, value, ctypes.byref(size))
        lab.raw(f"setsockopt own level {key}", "setsockopt", fd, lab.proto, 90, value, 4)


@scenario
def bad_order_of_checks(lab):
    """The descriptor is looked at before the pointers."""
    for name in "connect", "bind":
        lab.raw(f"{name} both bad", name, -1, P(16), 16)
    lab.raw("getsockname both bad", "getsockname", -1, P(16), P(16))
    lab.raw("setsockopt both bad", "setsockopt", -1, SOL, socket.SO_KEEPALIVE, P(16), 4)
    c, _ = lab.pair()
    lab.raw("connected with a bad address", "connect", c.fileno(), P(16), 16)
    lab.raw("getpeername of a fresh one with bad pointers", "getpeername", lab.client().fileno(), P(16), P(16))


@scenario
def bad_socket(lab):
    """Combinations socket(2) refuses."""
    for key, family, kind in (("datagram", socket.AF_INET, socket.SOCK_DGRAM),
                              ("seqpacket", socket.AF_INET, socket.SOCK_SEQPACKET), ("type 0", socket.AF_INET, 0),
                              ("type 99", socket.AF_INET, 99), ("family 99", 99, socket.SOCK_STREAM),
                              ("flags", socket.AF_INET, socket.SOCK_STREAM | 0x10000),
                              ("netlink", socket.AF_NETLINK, socket.SOCK_STREAM),
                              ("unix", socket.AF_UNIX, socket.SOCK_STREAM)):
        lab.call(key, lambda family=family, kind=kind: lab.keep(socket.socket(family, kind, lab.proto)))


@scenario
def bad_no_descriptor_left(lab):
    """RLIMIT_NOFILE is reached: EMFILE from socket and accept, and the connection is not lost."""
    listener = lab.listener()
    c = lab.client()
    c.connect(listener.getsockname())
    lab.until(listener, 1)
    spare = lab.bare()
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (spare.fileno() + 1, limit[1]))
    lab.raw("socket", "socket", socket.AF_INET, socket.SOCK_STREAM, lab.proto)
    lab.raw("accept", "accept", listener.fileno(), None, None)
    lab.raw("dup", "dup", c.fileno())
    resource.setrlimit(resource.RLIMIT_NOFILE, limit)
    listener.settimeout(0.2)
    lab.call("accept later", lambda: lab.keep(listener.accept()[0]))


@scenario
def bad_buffers(lab):
    """read and write with pointers to nothing."""
    c, s = lab.pair()
    for key, p in WILD:
        lab.raw(f"send {key}", "send", c.fileno(), P(p), ctypes.c_size_t(10), 0)
    s.sendall(b"x")
    lab.until(c, 1)
    for key, p in WILD:
        lab.raw(f"recv {key}", "recv", c.fileno(), P(p), ctypes.c_size_t(10), socket.MSG_DONTWAIT)
    s.close()
    lab.log("the byte is still there", drain(c))
