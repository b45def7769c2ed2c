"""Sockets that are none of our business behave the same inside."""
import array
import ctypes
import fcntl
import os
import select
import socket
import struct
import tempfile

from connecting import sockaddr
from lab import Thread, drain, events, exactly, libc, name_of, pattern, poll, scenario

IO_URING_SETUP = 425


@scenario
def other_udp(lab):
    a, b = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    a.bind((lab.host, 0))
    lab.know("a", a)
    b.connect(a.getsockname())
    lab.know("b", b)
    lab.call("peer", b.getpeername)
    lab.call("send", b.send, b"datagram")
    lab.call("recvfrom", a.recvfrom, 100)
    lab.call("listen", a.listen, 1)
    lab.call("accept", a.accept)
    lab.raw("dissolve", "connect", b.fileno(), bytes(16), 16)
    lab.call("peer then", b.getpeername)
    lab.call("option", b.setsockopt, socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    lab.log("type", b.getsockopt(socket.SOL_SOCKET, socket.SO_TYPE))
    lab.log("protocol", b.getsockopt(socket.SOL_SOCKET, socket.SO_PROTOCOL))


@scenario
def other_unix(lab):
    with tempfile.TemporaryDirectory() as d:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        lab.call("bind", listener.bind, d + "/s")
        lab.call("listen", listener.listen, 1)
        lab.log("name", listener.getsockname() == d + "/s")
        c = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        lab.call("connect", c.connect, d + "/s")
        lab.log("peer", c.getpeername() == d + "/s")
        s, peer = listener.accept()
        lab.log("accepted", peer)
        c.sendall(b"x")
        lab.call("data", s.recv, 1)
        lab.call("absent", socket.socket(socket.AF_UNIX).connect, d + "/none")
        cred = struct.unpack("iii", c.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        lab.log("peercred", cred[0] == os.getpid())
        lab.log("domain", c.getsockopt(socket.SOL_SOCKET, socket.SO_DOMAIN))


@scenario
def other_socketpair(lab):
    a, b = socket.socketpair()
    a.sendmsg([b"f"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [b.fileno()]))])
    _, fds, _, _ = socket.recv_fds(b, 1, 1)
    lab.log("received", len(fds))
    lab.call("name", a.getsockname)
    lab.call("peer", a.getpeername)


@scenario
def other_abstract_unix(lab):
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind("")
    name = listener.getsockname()
    lab.log("autobind", len(name))
    listener.listen(1)
    c = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    lab.call("connect", c.connect, name)
    lab.log("peer", c.getpeername() == name)


@scenario
def other_plain_tcp(lab):
    """Plain TCP next to TLS in one program."""
    listener = socket.create_server((lab.host, 0))
    lab.know("plain", listener)
    c = socket.create_connection(listener.getsockname())
    s, _ = listener.accept()
    lab.call("peer", c.getpeername)
    lab.call("own", s.getsockname)
    lab.call("nodelay", c.setsockopt, socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    lab.log("protocol", c.getsockopt(socket.SOL_SOCKET, socket.SO_PROTOCOL))
    lab.log("domain", c.getsockopt(socket.SOL_SOCKET, socket.SO_DOMAIN))
    lab.call("refused", socket.socket().connect, lab.dead())
    t = Thread(exactly, s, 1 << 20)
    c.sendall(pattern(1 << 20))
    lab.log("bytes", t.result() == pattern(1 << 20))
    c.shutdown(socket.SHUT_WR)
    lab.log("end", drain(s))
    s.close()
    lab.raw("dissolve", "connect", c.fileno(), bytes(16), 16)


@scenario
def other_plain_tcp_nonblocking(lab):
    listener = socket.create_server((lab.host, 0))
    c = socket.socket()
    c.setblocking(False)
    ep = select.epoll()
    ep.register(c, select.EPOLLOUT | select.EPOLLIN | select.EPOLLET)
    lab.log("fresh", [events(m) for _, m in ep.poll(0)])
    lab.call("connect", c.connect, listener.getsockname())
    lab.log("connected", [events(m) for _, m in ep.poll(30)])
    lab.log("error", c.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
    dead = socket.socket()
    dead.setblocking(False)
    lab.call("refused", dead.connect, lab.dead())
    lab.until(dead, select.POLLERR)
    lab.log("error of it", name_of(dead.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)))


@scenario
def other_plain_levels(lab):
    """Level 205 does not exist on a socket that is not TLS and cannot become so."""
    tcp, udp, (unix, _) = socket.socket(), socket.socket(type=socket.SOCK_DGRAM), socket.socketpair()
    for key, s in ("tcp", tcp), ("udp", udp), ("unix", unix):
        lab.call(f"{key} get", s.getsockopt, 205, 100, 64)
        lab.call(f"{key} set", s.setsockopt, 205, 85, b"name")


@scenario
def other_hostname_on_plain(lab):
    """AF_HOSTNAME means nothing to a plain socket."""
    a = struct.pack("=H", 43) + struct.pack("!H", 9) + b"localhost\0".ljust(255, b"\0")
    lab.raw("tcp", "connect", lab.keep(socket.socket()).fileno(), a, len(a))
    lab.raw("hostname family", "socket", 43, socket.SOCK_DGRAM, 0)


@scenario
def other_netlink(lab):
    s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    lab.call("bind", s.bind, (0, 0))
    s.send(struct.pack("=IHHIIBxxxiII", 32, 18, 0x301, 1, 0, 0, 0, 0, 0))
    lab.log("links", len(s.recv(65536)) > 0)


@scenario
def other_raw_protocols(lab):
    """Protocol numbers next to ours."""
    for proto in (0, 6, 204, 206, 255, 715):
        fd = libc.socket(socket.AF_INET, socket.SOCK_STREAM, proto)
        lab.log(f"protocol {proto}", "a socket" if fd >= 0 else name_of(ctypes.get_errno()))


@scenario
def other_many_threads(lab):
    """Plain calls from many threads at once."""
    listener = socket.create_server((lab.host, 0), backlog=128)

    def work():
        for _ in range(40):
            with socket.create_connection(listener.getsockname()) as c:
                c.getpeername()
    threads = [Thread(work) for _ in range(8)]
    for _ in range(320):
        listener.accept()[0].close()
    for t in threads:
        t.result()
    lab.log("done", True)


@scenario
def other_wait_for_events(lab):
    """Plain descriptors in one poll with sockets of this world."""
    c, s = lab.pair()
    r, w = os.pipe()
    p = select.poll()
    p.register(c, select.POLLIN)
    p.register(r, select.POLLIN)
    lab.log("nothing", p.poll(0))
    os.write(w, b"x")
    lab.log("pipe", [fd == r for fd, _ in p.poll(30)])
    os.read(r, 1)
    s.sendall(b"x")
    lab.log("socket", [fd == c.fileno() for fd, _ in p.poll(30)])


@scenario
def other_ioctl_interfaces(lab):
    """Interface ioctls that programs make on any socket they have."""
    s = lab.client()
    lab.call("SIOCGIFFLAGS", lambda: len(fcntl.ioctl(s, 0x8913, struct.pack("16s24x", b"lo"))))
    lab.call("SIOCGIFINDEX", lambda: struct.unpack("16si20x", fcntl.ioctl(s, 0x8933, struct.pack("16s24x", b"lo")))[1])
    lab.call("no such interface", lambda: fcntl.ioctl(s, 0x8913, struct.pack("16s24x", b"nosuch")))


@scenario
def other_io_uring(lab):
    """io_uring would go round the supervisor, so that there is none inside."""
    params = ctypes.create_string_buffer(120)
    ctypes.set_errno(0)
    fd = libc.syscall(IO_URING_SETUP, 4, params)
    lab.log("io_uring_setup", "a ring" if fd >= 0 else name_of(ctypes.get_errno()))


@scenario
def other_connect_plain_to_world(lab):
    """A plain client at a listener of this world: over TLS it gets no plaintext."""
    listener = lab.listener()
    with socket.create_connection(listener.getsockname()) as c:
        c.sendall(b"GET / HTTP/1.0\r\n\r\n")
        if lab.tls:
            lab.log("answer", "alert or end" if c.recv(100)[:1] in (b"\x15", b"") else "something else")
        else:
            lab.log("answer", "none")
        listener.setblocking(False)
        lab.call("accept", lambda: lab.keep(listener.accept()[0]))


@scenario
def other_datagram_address(lab):
    """sendto on a UDP socket with bad pointers is the kernel's business."""
    s = socket.socket(type=socket.SOCK_DGRAM)
    lab.raw("null", "sendto", s.fileno(), b"x", 1, 0, ctypes.c_void_p(16), 16)
    lab.raw("connect null", "connect", s.fileno(), ctypes.c_void_p(16), 16)
    lab.raw("connect", "connect", s.fileno(), sockaddr((lab.host, 9)), 16)
    lab.log("poll", events(poll(s)))
