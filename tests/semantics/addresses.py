"""bind, listen, accept, getsockname and getpeername."""
import ctypes
import os
import select
import socket
import struct

from connecting import sockaddr
from lab import Thread, libc, name_of, scenario


@scenario
def address_names(lab):
    listener = lab.listener()
    lab.call("listener", listener.getsockname)
    lab.call("listener's peer", listener.getpeername)
    c = lab.client()
    lab.call("fresh", c.getsockname)
    lab.call("fresh peer", c.getpeername)
    c.connect(listener.getsockname())
    lab.know("client", c)
    s, peer = listener.accept()
    lab.log("accepted", peer)
    for key, f in (("client own", c.getsockname), ("client peer", c.getpeername), ("server own", s.getsockname),
                   ("server peer", s.getpeername)):
        lab.call(key, f)


@scenario
def address_names_ipv6(lab):
    listener = lab.listener(host="::1", family=socket.AF_INET6)
    c = lab.client(socket.AF_INET6)
    lab.call("fresh", c.getsockname)
    c.connect(listener.getsockname())
    lab.know("client", c)
    s, peer = listener.accept()
    lab.log("accepted", [lab.address(peer), peer[2:]])
    for key, f in (("client own", c.getsockname), ("client peer", c.getpeername), ("server own", s.getsockname),
                   ("server peer", s.getpeername)):
        lab.call(key, f)


@scenario
def address_names_dual(lab):
    """An IPv6 listener for both families reports an IPv4 client as a mapped address."""
    listener = lab.server(socket.AF_INET6)
    lab.call("v6only", listener.setsockopt, socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    listener.bind(("::", 0))
    listener.listen(4)
    lab.know("listener", listener)
    lab.call("listener", listener.getsockname)
    c = lab.client()
    c.connect(("127.0.0.1", listener.getsockname()[1]))
    lab.know("client", c)
    s, peer = listener.accept()
    lab.log("accepted", lab.address(peer))
    lab.call("server own", s.getsockname)
    lab.call("server peer", s.getpeername)


@scenario
def address_v6only(lab):
    listener = lab.server(socket.AF_INET6)
    listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    listener.bind(("::", 0))
    listener.listen(4)
    lab.call("IPv4 client", lab.client().connect, ("127.0.0.1", listener.getsockname()[1]))


@scenario
def address_after_the_end(lab):
    c, s = lab.pair()
    lab.know("client", c)
    s.close()
    lab.until(c, select.POLLRDHUP)
    lab.call("own", c.getsockname)
    lab.call("peer", c.getpeername)
    c.shutdown(socket.SHUT_WR)
    lab.call("own after shutdown", c.getsockname)


@scenario
def address_after_half_close(lab):
    c, s = lab.pair()
    lab.know("client", c)
    c.shutdown(socket.SHUT_WR)
    lab.until(s, select.POLLRDHUP)
    for key, sock in ("client", c), ("server", s):
        lab.call(key + " own", sock.getsockname)
        lab.call(key + " peer", sock.getpeername)


@scenario
def address_length(lab):
    """The address is cut to the length given, the length reports the whole (getsockname(2))."""
    c, _ = lab.pair()
    lab.know("client", c)
    for n in (0, 1, 2, 7, 8, 15, 16, 17, 128):
        for name in "getsockname", "getpeername":
            buffer, size = ctypes.create_string_buffer(b"\xee" * 128, 128), ctypes.c_int(n)
            lab.raw(f"{name} {n}", name, c.fileno(), buffer, ctypes.byref(size))
            untouched = buffer.raw[min(n, 16):] == b"\xee" * (128 - min(n, 16))
            lab.log(f"{name} {n} length", [size.value, buffer.raw[:min(n, 2)].hex(), untouched])
    for n in (-1, -2**31):
        buffer, size = ctypes.create_string_buffer(128), ctypes.c_int(n)
        lab.raw(f"getsockname {n}", "getsockname", c.fileno(), buffer, ctypes.byref(size))
        lab.raw(f"getpeername {n}", "getpeername", c.fileno(), buffer, ctypes.byref(size))


@scenario
def address_length_of_accept(lab):
    listener = lab.listener()
    for n in (0, 2, 8, 16, 28):
        c = lab.client()
        c.connect(listener.getsockname())
        buffer, size = ctypes.create_string_buffer(b"\xee" * 28, 28), ctypes.c_int(n)
        fd = libc.accept(listener.fileno(), buffer, ctypes.byref(size))
        right = buffer.raw[:min(n, 16)] == sockaddr(c.getsockname())[:min(n, 16)]
        lab.log(f"accept {n}", [fd >= 0, size.value, right])
        os.close(fd)
    lab.client().connect(listener.getsockname())
    fd = libc.accept(listener.fileno(), None, None)
    lab.log("accept without address", fd >= 0)


@scenario
def bind_port_zero(lab):
    s = lab.server()
    lab.call("bind", s.bind, (lab.host, 0))
    lab.log("port", s.getsockname()[1] > 1023)
    lab.call("again", s.bind, (lab.host, 0))
    other = lab.server()
    lab.call("the same port", other.bind, s.getsockname())


@scenario
def bind_errors(lab):
    v4 = sockaddr((lab.host, 0))
    lab.call("not here", lab.server().bind, ("192.0.2.1", 0))
    lab.call("multicast", lab.server().bind, ("224.0.0.1", 0))
    lab.call("not here v6", lab.server(socket.AF_INET6).bind, ("2001:db8::1", 0))
    lab.call("link-local without scope", lab.server(socket.AF_INET6).bind, ("fe80::1", 0))
    for key, a, n in (("short", v4, 15), ("empty", v4, 0), ("one", v4, 1), ("long", v4 + bytes(112), 128),
                      ("too long", v4 + bytes(200), 200), ("negative", v4, -1), ("family 99", b"\x63\0" + v4[2:], 16),
                      ("unix", struct.pack("=H14s", 1, b"/x"), 16), ("unspecified any", bytes(16), 16),
                      ("unspecified host", b"\0\0" + v4[2:], 16), ("IPv6", struct.pack("=H26x", 10), 28)):
        lab.raw(key, "bind", lab.server().fileno(), a, n)
    lab.raw("IPv4 on IPv6", "bind", lab.server(socket.AF_INET6).fileno(), v4, 16)
    c, s = lab.pair()
    lab.call("connected", c.bind, (lab.host, 0))
    lab.call("accepted", s.bind, (lab.host, 0))


@scenario
def bind_low_port_as_nobody(lab):
    """A port below 1024 needs CAP_NET_BIND_SERVICE."""
    def child():
        if os.getuid() == 0:
            os.setgroups([])
            os.setresgid(65534, 65534, 65534)
            os.setresuid(65534, 65534, 65534)
        lab.call("bind", lab.bare().bind, (lab.host, 81))
        lab.call("high port", lab.bare().bind, (lab.host, 0))
    lab.log("exit", lab.reap(lab.child(child)))


@scenario
def bind_in_use(lab):
    listener = lab.listener()
    address = listener.getsockname()
    lab.call("specific", lab.server().bind, address)
    lab.call("any", lab.server().bind, ("0.0.0.0", address[1]))
    again = lab.server()
    again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    lab.call("with SO_REUSEADDR", again.bind, address)
    plain = socket.socket()
    lab.call("plain TCP", plain.bind, address)
    lab.call("another host", lab.server().bind, ("127.0.0.1", address[1]))


@scenario
def bind_two_then_listen(lab):
    """With SO_REUSEADDR two sockets may be bound, one may listen."""
    a, b = lab.server(), lab.server()
    for s in a, b:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    lab.call("bind a", a.bind, (lab.host, 0))
    lab.call("bind b", b.bind, a.getsockname())
    lab.call("listen a", a.listen, 4)
    lab.call("listen b", b.listen, 4)


@scenario
def listen_unbound(lab):
    """listen without bind takes a free port."""
    s = lab.server()
    lab.call("listen", s.listen, 4)
    lab.log("name", [s.getsockname()[0], s.getsockname()[1] > 1023])
    c = lab.client()
    lab.call("connect", c.connect, ("127.0.0.1", s.getsockname()[1]))


@scenario
def listen_states(lab):
    listener = lab.listener()
    lab.call("again", listener.listen, 8)
    lab.raw("negative", "listen", listener.fileno(), -1)
    lab.raw("huge", "listen", listener.fileno(), 2**31 - 1)
    c, s = lab.connected(listener)
    lab.call("client", c.listen, 4)
    lab.call("server", s.listen, 4)
    lab.call("bind", listener.bind, (lab.host, 0))


@scenario
def listen_backlog(lab):
    """With a backlog of 1 two connections wait; when they are accepted, the next gets in."""
    listener = lab.listener(backlog=1)
    for i in range(2):
        lab.call(f"connect {i}", lab.client().connect, listener.getsockname())
    late = Thread(lab.client().connect_ex, listener.getsockname())
    for i in range(3):
        lab.call(f"accept {i}", lambda: lab.keep(listener.accept()[0]))
    lab.log("late", name_of(late.result()))


@scenario
def accept_errors(lab):
    lab.call("fresh", lab.client().accept)
    bound = lab.server()
    bound.bind((lab.host, 0))
    lab.call("bound", bound.accept)
    c, s = lab.pair()
    lab.call("client", c.accept)
    lab.call("server", s.accept)


@scenario
def accept_after_client_left(lab):
    """A client that connected, wrote and closed is still accepted, with its bytes."""
    listener, c = lab.listener(), lab.client()
    c.connect(listener.getsockname())
    c.sendall(b"gone already")
    c.close()
    s, _ = listener.accept()
    lab.call("data", s.recv, 100, socket.MSG_WAITALL)
