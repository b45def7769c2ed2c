"""connect(2): blocking and not, refused, in progress, by name."""
import ctypes
import select
import socket
import struct

from lab import AF_HOSTNAME, IPPROTO_TLS, TLS_REMOTE_HOSTNAME, Thread, events, exactly, libc, name_of, poll, scenario

AF_UNSPEC = 0


def connect_name(lab, s, name, port):
    """Connect by name: the resolver over TCP, AF_HOSTNAME over TLS. Returns the errno's name."""
    if not lab.tls:
        return name_of(s.connect_ex((name, port)))
    a = struct.pack("=H", AF_HOSTNAME) + struct.pack("!H", port) + name.encode() + b"\0"
    ctypes.set_errno(0)
    return name_of(ctypes.get_errno()) if libc.connect(s.fileno(), a, len(a)) else "0"


def error(s):
    """SO_ERROR by name; reading it clears it."""
    return name_of(s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))


def ping(lab, key, a, b):
    """Send a byte each way and log both."""
    a.sendall(b"1")
    b.sendall(exactly(b, 1) + b"2")
    lab.log(key, exactly(a, 2))


@scenario
def connect_blocking(lab):
    listener, c = lab.listener(), lab.client()
    lab.call("connect", c.connect, listener.getsockname())
    lab.log("error", error(c))
    lab.call("again", c.connect, listener.getsockname())
    lab.log("poll", events(poll(c)))
    s, _ = listener.accept()
    ping(lab, "data", c, s)


@scenario
def connect_nonblocking(lab):
    listener, c = lab.listener(), lab.client()
    c.setblocking(False)
    lab.call("connect", c.connect, listener.getsockname())
    lab.log("poll", events(lab.until(c, select.POLLOUT)))
    lab.log("error", error(c))
    lab.call("second", c.connect, listener.getsockname())
    lab.call("third", c.connect, listener.getsockname())
    c.setblocking(True)
    s, _ = listener.accept()
    ping(lab, "data", c, s)


@scenario
def connect_socknonblock(lab):
    listener, c = lab.listener(), lab.client(flags=socket.SOCK_NONBLOCK)
    lab.call("connect", c.connect, listener.getsockname())
    lab.until(c, select.POLLOUT)
    lab.log("error", error(c))
    lab.call("peer", c.getpeername)


def observe_progress(lab, c, address):
    """Log what every call says while a connect is in progress."""
    lab.call("connect", c.connect, address)
    lab.call("again", c.connect, address)
    lab.log("poll", events(poll(c)))
    lab.log("select", [len(x) for x in select.select([c], [c], [c], 0)])
    lab.log("error", error(c))
    lab.call("send", c.send, b"early")
    lab.call("recv", c.recv, 1)
    lab.call("peer", c.getpeername)
    lab.log("own port", c.getsockname()[1] != 0)
    lab.call("listen", c.listen, 1)
    lab.call("bind", c.bind, (lab.host, 0))
    lab.call("accept", c.accept)


def progress(lab, stage):
    """A connect held in progress, then let go."""
    gate, c = lab.gate(stage), lab.client()
    c.setblocking(False)
    observe_progress(lab, c, gate.address)
    gate.open()
    lab.log("poll then", events(lab.until(c, select.POLLOUT)))
    lab.log("error then", error(c))
    lab.call("peer then", c.getpeername)
    c.setblocking(True)
    ping(lab, "data", c, gate.accept())


@scenario
def connect_progress_syn(lab):
    progress(lab, "syn")


@scenario
def connect_progress_hello(lab):
    progress(lab, "hello")


@scenario
def connect_progress_abandoned(lab):
    gate, c = lab.gate(), lab.client()
    c.setblocking(False)
    lab.call("connect", c.connect, gate.address)
    lab.call("close", c.close)
    c = lab.client()
    c.setblocking(False)
    lab.call("connect another", c.connect, gate.address)


@scenario
def connect_poll_in_thread(lab):
    """A thread waits in poll while another one connects."""
    gate, c = lab.gate(), lab.client()
    c.setblocking(False)
    lab.call("connect", c.connect, gate.address)
    waiter = Thread(lab.until, c, select.POLLOUT)
    gate.open()
    lab.log("poll", events(waiter.result()))


@scenario
def connect_blocking_seen_by_another_thread(lab):
    """What a second thread sees while the first one blocks in connect."""
    gate, c = lab.gate(), lab.client()
    t = Thread(c.connect, gate.address)
    lab.blocked_in("connect", tid=t.native_id)
    lab.log("poll", events(poll(c)))
    lab.call("send", c.send, b"x", socket.MSG_DONTWAIT)
    lab.call("peer", c.getpeername)
    gate.open()
    lab.log("connect", t.result() is None)
    lab.call("peer then", c.getpeername)


@scenario
def connect_refused(lab):
    c = lab.client()
    lab.call("connect", c.connect, lab.dead())
    lab.log("error", error(c))
    lab.log("poll", events(poll(c)))
    lab.call("peer", c.getpeername)
    listener = lab.listener()
    lab.call("retry", c.connect, listener.getsockname())


@scenario
def connect_refused_nonblocking(lab):
    c = lab.client()
    c.setblocking(False)
    lab.call("connect", c.connect, lab.dead())
    lab.log("poll", events(lab.until(c, select.POLLERR)))
    lab.log("error", error(c))
    lab.log("error again", error(c))
    lab.log("poll then", events(poll(c)))
    lab.call("send", c.send, b"x", socket.MSG_NOSIGNAL)
    lab.call("recv", c.recv, 1)


@scenario
def connect_refused_seen_by_recv(lab):
    c = lab.client()
    c.setblocking(False)
    lab.call("connect", c.connect, lab.dead())
    lab.until(c, select.POLLERR)
    lab.call("recv", c.recv, 1)
    lab.log("error", error(c))
    lab.call("recv again", c.recv, 1)


@scenario
def connect_refused_seen_by_send(lab):
    c = lab.client()
    c.setblocking(False)
    lab.call("connect", c.connect, lab.dead())
    lab.until(c, select.POLLERR)
    lab.call("send", c.send, b"x", socket.MSG_NOSIGNAL)
    lab.log("error", error(c))
    lab.call("send again", c.send, b"x", socket.MSG_NOSIGNAL)


@scenario
def connect_refused_seen_by_connect(lab):
    c, dead, listener = lab.client(), lab.dead(), lab.listener()
    c.setblocking(False)
    lab.call("connect", c.connect, dead)
    lab.until(c, select.POLLERR)
    lab.call("second", c.connect, dead)
    c.setblocking(True)
    lab.call("elsewhere", c.connect, listener.getsockname())


@scenario
def connect_timeout(lab):
    gate, c = lab.gate(), lab.client()
    c.settimeout(0.05)
    lab.call("connect", c.connect, gate.address)


@scenario
def connect_sndtimeo(lab):
    """SO_SNDTIMEO bounds a blocking connect (socket(7)); the connect goes on (connect(2), EINPROGRESS)."""
    gate, c = lab.gate(), lab.client()
    c.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", 0, 50000))
    lab.raw("connect", "connect", c.fileno(), sockaddr(gate.address), 16)
    lab.raw("again", "connect", c.fileno(), sockaddr(gate.address), 16)
    gate.open()
    lab.until(c, select.POLLOUT)
    lab.log("error", error(c))
    ping(lab, "data", c, gate.accept())


def sockaddr(address):
    """A struct sockaddr_in."""
    return struct.pack("=H", socket.AF_INET) + struct.pack("!H", address[1]) + socket.inet_aton(address[0]) + bytes(8)


@scenario
def connect_name_localhost(lab):
    listener, c = lab.listener(host="127.0.0.1"), lab.client()
    lab.log("connect", connect_name(lab, c, "localhost", listener.getsockname()[1]))
    lab.call("peer", c.getpeername)
    ping(lab, "data", c, listener.accept()[0])


@scenario
def connect_name_refused(lab):
    s = lab.keep(socket.socket())
    s.bind(("127.0.0.1", 0))
    lab.log("connect", connect_name(lab, lab.client(), "localhost", s.getsockname()[1]))


@scenario
def connect_address_literal(lab):
    """Without a name the address itself is what the certificate must carry."""
    listener, c = lab.listener(host="127.0.0.1"), lab.client()
    if lab.tls:
        c = lab.client()
        c.setsockopt(IPPROTO_TLS, TLS_REMOTE_HOSTNAME, b"127.0.0.1")
    lab.call("connect", c.connect, listener.getsockname())


@scenario
def connect_any_address(lab):
    listener, c = lab.listener(host="0.0.0.0"), lab.client()
    lab.call("connect", c.connect, ("0.0.0.0", listener.getsockname()[1]))
    lab.call("peer", c.getpeername)


@scenario
def connect_ipv6(lab):
    listener, c = lab.listener(host="::1", family=socket.AF_INET6), lab.client(socket.AF_INET6)
    lab.call("connect", c.connect, listener.getsockname())
    lab.call("peer", c.getpeername)
    ping(lab, "data", c, listener.accept()[0])


@scenario
def connect_mapped(lab):
    listener, c = lab.listener(), lab.client(socket.AF_INET6)
    lab.call("connect", c.connect, ("::ffff:" + lab.host, listener.getsockname()[1]))
    lab.call("peer", c.getpeername)
    s, peer = listener.accept()
    lab.log("accepted family", peer[0].count(".") == 3)
    ping(lab, "data", c, s)


@scenario
def connect_wrong_address(lab):
    """Addresses that cannot be connected to; nothing of this leaves the machine."""
    v4 = sockaddr((lab.host, 9))
    v6 = struct.pack("=H", socket.AF_INET6) + bytes(26)
    rows = [("v6 on v4 socket", socket.AF_INET, v6, 28), ("v4 on v6 socket", socket.AF_INET6, v4, 16),
            ("short v4", socket.AF_INET, v4, 15), ("short v6", socket.AF_INET6, v6, 23),
            ("one byte", socket.AF_INET, v4, 1), ("unix", socket.AF_INET, struct.pack("=H14s", 1, b"/x"), 16),
            ("family 99", socket.AF_INET, struct.pack("=H14s", 99, b""), 16),
            ("unspecified", socket.AF_INET, bytes(16), 16), ("unspecified short", socket.AF_INET, bytes(16), 8)]
    for key, family, a, n in rows:
        lab.raw(key, "connect", lab.client(family).fileno(), a, n)
    for key, host in ("multicast", "224.0.0.1"), ("broadcast", "255.255.255.255"):
        lab.call(key, lab.client().connect, (host, 9))
    lab.call("port 0", lab.client().connect, (lab.host, 0))
    lab.call("link-local without scope", lab.client(socket.AF_INET6).connect, ("fe80::1", 9))


@scenario
def connect_unspec_connected(lab):
    c, _ = lab.pair()
    lab.raw("dissolve", "connect", c.fileno(), bytes(16), 16)


@scenario
def connect_while_listening(lab):
    listener, other = lab.listener(), lab.listener()
    lab.call("connect", listener.connect, other.getsockname())
    c, s = lab.connected(listener)
    ping(lab, "still listening", c, s)


@scenario
def connect_bound(lab):
    """A bound source address is the one the peer sees."""
    listener, c = lab.listener(), lab.client()
    lab.call("bind", c.bind, (lab.host, 0))
    lab.know("client", c)
    lab.call("connect", c.connect, listener.getsockname())
    lab.call("own", c.getsockname)
    lab.log("seen", listener.accept()[1])


@scenario
def connect_one_socket_from_two_threads(lab):
    gate, c = lab.gate(), lab.client()
    first = Thread(c.connect_ex, gate.address)
    lab.blocked_in("connect", tid=first.native_id)
    second = Thread(c.connect_ex, gate.address)
    lab.blocked_in("connect", tid=second.native_id)
    gate.open()
    lab.log("results", sorted(name_of(t.result()) for t in (first, second)))
    ping(lab, "data", c, gate.accept())


@scenario
def connect_accept_asynchronously(lab):
    """Connects finish before anybody accepts; accept then finds them in order."""
    listener = lab.listener()
    clients = []
    for _ in range(8):
        c = lab.client()
        c.connect(listener.getsockname())
        clients.append(c.getsockname()[1])
    lab.log("accepted", sorted(listener.accept()[1][1] for _ in range(8)) == sorted(clients))
