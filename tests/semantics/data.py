"""The ways to read and write, and what arrives."""
import array
import ctypes
import fcntl
import os
import select
import socket
import struct
import tempfile
import termios

from lab import Thread, drain, events, exactly, pattern, poll, scenario

SIOCATMARK = 0x8905
MB = 1 << 20


def queued(s, request=termios.FIONREAD):
    """The value of an ioctl that gives an int."""
    n = array.array("i", [0])
    fcntl.ioctl(s, request, n)
    return n[0]


@scenario
def data_peek(lab):
    c, s = lab.pair()
    s.sendall(b"hello")
    lab.call("peek", c.recv, 5, socket.MSG_PEEK | socket.MSG_WAITALL)
    lab.call("peek less", c.recv, 2, socket.MSG_PEEK)
    lab.call("read", c.recv, 5)
    lab.call("peek empty", c.recv, 5, socket.MSG_PEEK | socket.MSG_DONTWAIT)


@scenario
def data_dontwait(lab):
    c, s = lab.pair()
    lab.call("empty", c.recv, 5, socket.MSG_DONTWAIT)
    s.sendall(b"hello")
    lab.until(c, select.POLLIN)
    lab.call("some", c.recv, 2, socket.MSG_DONTWAIT)
    lab.call("rest", c.recv, 9, socket.MSG_DONTWAIT)
    lab.call("send", c.send, b"x", socket.MSG_DONTWAIT)


@scenario
def data_waitall(lab):
    c, s = lab.pair()
    t = Thread(c.recv, 10, socket.MSG_WAITALL)
    for part in b"abc", b"defg", b"hijklm":
        s.sendall(part)
    lab.log("whole", t.result())
    s.shutdown(socket.SHUT_WR)
    lab.call("short at the end", c.recv, 10, socket.MSG_WAITALL)


@scenario
def data_vectors(lab):
    c, s = lab.pair()
    lab.call("writev", os.writev, s.fileno(), [b"ab", b"", b"cdef", b"ghi"])
    lab.until(c, select.POLLIN)
    lab.log("peeked", c.recv(9, socket.MSG_PEEK | socket.MSG_WAITALL))
    parts = [bytearray(1), bytearray(3), bytearray(9)]
    lab.call("readv", os.readv, c.fileno(), parts)
    lab.log("parts", tuple(bytes(p) for p in parts))
    lab.call("sendmsg", s.sendmsg, [b"12", b"34"])
    lab.log("recvmsg_into", c.recvmsg_into([bytearray(2), bytearray(2)])[0])


@scenario
def data_recvmsg(lab):
    """What recvmsg says beside the bytes."""
    c, s = lab.pair()
    lab.know("client", c)
    s.sendall(b"hello")
    data, anc, flags, _ = c.recvmsg(5, 256, socket.MSG_WAITALL)
    lab.log("recvmsg", (data, len(anc), flags))
    s.sendall(b"again")
    lab.log("recvfrom names the peer", bool(c.recvfrom(5, socket.MSG_WAITALL)[1]))
    name = ctypes.create_string_buffer(b"\xff" * 28, 28)
    size = ctypes.c_int(28)
    s.sendall(b"x")
    lab.raw("recvfrom raw", "recvfrom", c.fileno(), ctypes.create_string_buffer(1), 1, 0, name, ctypes.byref(size))
    lab.log("name length", size.value > 0)


@scenario
def data_sendto(lab):
    """On a connected stream TCP ignores an address."""
    c, s = lab.pair()
    lab.call("sendto same", c.sendto, b"a", s.getsockname())
    lab.call("sendto other", c.sendto, b"b", ("127.0.0.1", 9))
    c.shutdown(socket.SHUT_WR)
    lab.log("arrived", drain(s))


@scenario
def data_ancillary_rights(lab):
    """A descriptor cannot be sent over TCP; the bytes go, or the call is refused."""
    c, s = lab.pair()
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0]))]
    lab.call("sendmsg", c.sendmsg, [b"a"], rights)
    c.sendall(b"b")
    _, anc, _, _ = s.recvmsg(2, 256)
    lab.log("received rights", len(anc))


@scenario
def data_flags(lab):
    """Flags that ask for nothing this connection has."""
    c, s = lab.pair()
    lab.call("more", c.send, b"ab", socket.MSG_MORE)
    lab.call("end", c.send, b"cd")
    lab.call("whole", s.recv, 4, socket.MSG_WAITALL)
    lab.call("errqueue", c.recv, 1, socket.MSG_ERRQUEUE | socket.MSG_DONTWAIT)
    lab.call("eor", c.send, b"ef", socket.MSG_EOR)
    lab.call("arrived", s.recv, 2, socket.MSG_WAITALL)


@scenario
def data_oob(lab):
    c, s = lab.pair()
    c.sendall(b"a")
    lab.call("send", c.send, b"!", socket.MSG_OOB)
    c.sendall(b"b")
    c.shutdown(socket.SHUT_WR)
    lab.until(s, select.POLLRDHUP)
    lab.call("recv", s.recv, 1, socket.MSG_OOB | socket.MSG_DONTWAIT)
    lab.log("the rest", drain(s))
    lab.call("none", c.recv, 1, socket.MSG_OOB)


@scenario
def data_trunc(lab):
    """tcp(7): MSG_TRUNC discards the bytes."""
    c, s = lab.pair()
    s.sendall(b"hello")
    lab.until(c, select.POLLIN)
    buffer = ctypes.create_string_buffer(b"-----")
    lab.raw("recv", "recv", c.fileno(), buffer, 5, socket.MSG_TRUNC | socket.MSG_WAITALL)
    lab.log("buffer", buffer.value)
    lab.call("then", c.recv, 5, socket.MSG_DONTWAIT)


@scenario
def data_ioctls(lab):
    c, s = lab.pair()
    lab.log("empty", queued(c))
    s.sendall(b"hello")
    lab.wait(lambda: queued(c) == 5, "5 bytes")
    lab.log("readable", queued(c))
    c.recv(2)
    lab.log("less", queued(c))
    lab.log("unsent", lab.soon(lambda: queued(s, termios.TIOCOUTQ) == 0))
    lab.call("listener", queued, lab.listener())
    lab.call("mark", queued, c, SIOCATMARK)


@scenario
def data_zero_lengths(lab):
    c, s = lab.pair()
    lab.call("send", c.send, b"")
    lab.call("write", os.write, c.fileno(), b"")
    lab.call("writev", os.writev, c.fileno(), [])
    lab.call("read", os.read, c.fileno(), 0)
    lab.log("poll", events(poll(s)))
    s.sendall(b"x")
    lab.until(c, select.POLLIN)
    lab.raw("recv none", "recv", c.fileno(), ctypes.create_string_buffer(1), 0, 0)
    lab.call("still there", c.recv, 1)


@scenario
def data_sendfile(lab):
    c, s = lab.pair()
    with tempfile.TemporaryFile() as f:
        f.write(pattern(3 * MB))
        f.flush()
        t = Thread(exactly, s, 3 * MB)
        n = 0
        while n < 3 * MB:
            n += os.sendfile(c.fileno(), f.fileno(), n, 3 * MB - n)
    lab.log("sent", n)
    lab.log("arrived", t.result())


@scenario
def data_splice(lab):
    """Pipe to socket, and socket to pipe."""
    c, s = lab.pair()
    r, w = os.pipe()
    os.write(w, b"through a pipe")
    lab.call("to socket", os.splice, r, c.fileno(), 14)
    lab.until(s, select.POLLIN)
    lab.log("whole", s.recv(14, socket.MSG_PEEK | socket.MSG_WAITALL))
    lab.call("from socket", os.splice, s.fileno(), w, 14)
    lab.log("bytes", os.read(r, 14))
    r2, w2 = os.pipe()
    s.shutdown(socket.SHUT_WR)
    lab.until(c, select.POLLRDHUP)
    lab.call("at the end", os.splice, c.fileno(), w2, 14)
    del r2


@scenario
def data_large_both_ways(lab):
    c, s = lab.pair()
    up, down = pattern(16 * MB, 1), pattern(16 * MB, 2)
    jobs = [Thread(c.sendall, up), Thread(s.sendall, down)]
    readers = [Thread(exactly, s, len(up)), Thread(exactly, c, len(down))]
    for j in jobs:
        j.result()
    lab.log("up", readers[0].result() == up)
    lab.log("down", readers[1].result() == down)


@scenario
def data_large_nonblocking(lab):
    """One thread moves both directions with poll and small buffers."""
    c, s = lab.pair()
    c.setblocking(False)
    s.setblocking(False)
    want, sent, got = pattern(4 * MB), 0, bytearray()
    while len(got) < len(want):
        r, w, _ = select.select([s], [c] if sent < len(want) else [], [], 30)
        if w:
            sent += c.send(want[sent:sent + 70000])
        if r:
            got += s.recv(9999)
    lab.log("arrived", bytes(got) == want)


@scenario
def data_many_small_writes(lab):
    c, s = lab.pair()
    c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    want = pattern(20000)
    t = Thread(exactly, s, len(want))
    for i in range(len(want)):
        c.send(want[i:i + 1])
    lab.log("arrived", t.result() == want)


@scenario
def data_ping_pong(lab):
    c, s = lab.pair()

    def echo():
        while b := s.recv(100):
            s.sendall(b)
    t = Thread(echo)
    ok = 0
    for i in range(500):
        c.sendall(struct.pack("I", i))
        ok += exactly(c, 4) == struct.pack("I", i)
    c.shutdown(socket.SHUT_WR)
    t.result()
    lab.log("answers", ok)


@scenario
def data_write_then_close(lab):
    """What was written before close arrives whole, then the end."""
    for n in (1, 1000, 100000, 3 * MB):
        c, s = lab.pair()
        t = Thread(drain, s)
        c.sendall(pattern(n))
        c.close()
        lab.log(f"{n} bytes", t.result() == pattern(n))


@scenario
def data_write_then_close_unread(lab):
    """The same with a peer that begins to read only afterwards."""
    for n in (1, 60000):
        c, s = lab.pair()
        c.sendall(pattern(n))
        c.close()
        lab.log(f"{n} bytes", drain(s) == pattern(n))


@scenario
def data_write_then_exit(lab):
    c, s = lab.pair()

    def writer():
        c.sendall(pattern(200000))
    pid = lab.child(writer)
    c.close()
    lab.log("arrived", drain(s) == pattern(200000))
    lab.log("exit", lab.reap(pid))


@scenario
def data_server_writes_then_closes(lab):
    """A response without a length, ended by close, as HTTP/1.0 has it."""
    c, s = lab.pair()
    t = Thread(drain, c)
    c.sendall(b"GET")
    lab.log("request", exactly(s, 3))
    s.sendall(pattern(2 * MB))
    s.close()
    lab.log("response", t.result() == pattern(2 * MB))


@scenario
def data_timeouts(lab):
    c, s = lab.pair()
    short = struct.pack("ll", 0, 30000)
    lab.call("set", c.setsockopt, socket.SOL_SOCKET, socket.SO_RCVTIMEO, short)
    lab.call("recv", c.recv, 1)
    s.sendall(b"x")
    lab.until(c, select.POLLIN)
    lab.call("recv data", c.recv, 1)
    lab.call("set sndtimeo", c.setsockopt, socket.SOL_SOCKET, socket.SO_SNDTIMEO, short)

    def fill():
        while True:
            c.send(bytes(1 << 16))
    lab.call("send full", fill)


@scenario
def data_accept_timeout(lab):
    listener = lab.listener()
    lab.call("set", listener.setsockopt, socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 0, 30000))
    lab.raw("accept", "accept", listener.fileno(), None, None)
    lab.client().connect(listener.getsockname())
    lab.until(listener, select.POLLIN)
    s, _ = listener.accept()
    t = struct.unpack("ll", s.getsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, 16))
    lab.log("inherited", t)


@scenario
def data_timeout_before_connect(lab):
    """A timeout set before connect holds for the connection."""
    listener, c = lab.listener(), lab.client()
    c.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 0, 30000))
    c.connect(listener.getsockname())
    lab.call("recv", c.recv, 1)


@scenario
def data_sendmmsg(lab):
    """sendmmsg and recvmmsg through libc."""
    c, s = lab.pair()

    def header(buffer, size):
        iov = struct.pack("PN", ctypes.addressof(buffer), size)
        keep = ctypes.create_string_buffer(iov, len(iov))
        return keep, struct.pack("PIxxxxPNPNixxxx", 0, 0, ctypes.addressof(keep), 1, 0, 0, 0) + struct.pack("Ixxxx", 0)
    texts = [ctypes.create_string_buffer(t, len(t)) for t in (b"one", b"two")]
    parts = [header(t, 3) for t in texts]
    lab.raw("sendmmsg", "sendmmsg", c.fileno(), b"".join(p[1] for p in parts), 2, 0)
    lab.call("arrived", s.recv, 6, socket.MSG_WAITALL)


@scenario
def data_stdio(lab):
    """Buffered files over the socket, and a read of a line."""
    c, s = lab.pair()
    f, g = c.makefile("rwb"), s.makefile("rwb")
    f.write(b"first line\nsecond line\n")
    f.flush()
    lab.log("line", g.readline())
    g.write(b"reply\n")
    g.flush()
    lab.log("reply", f.readline())
    lab.call("seek", os.lseek, c.fileno(), 0, os.SEEK_SET)
    lab.call("pread", os.pread, c.fileno(), 1, 0)
    lab.log("fstat is socket", os.fstat(c.fileno()).st_mode & 0o170000 == 0o140000)
