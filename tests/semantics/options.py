"""Socket options: read, set, read again, and what a connection inherits."""
import ctypes
import select
import socket
import struct

from lab import drain, exactly, name_of, poll, scenario

SOL, TCP, IP, IP6 = socket.SOL_SOCKET, socket.IPPROTO_TCP, socket.IPPROTO_IP, socket.IPPROTO_IPV6
SO_COOKIE, SO_MAX_PACING_RATE = 57, 47
SO_PRIORITY, SO_RCVLOWAT, SO_SNDLOWAT, SO_TIMESTAMP = 12, 18, 19, 29
SO_PEERCRED, SO_PEERSEC = 17, 31
IP_FREEBIND, IP_RECVERR, IPV6_RECVERR = 15, 11, 25
TCP_INFO_STATES = {1: "ESTABLISHED", 2: "SYN_SENT", 4: "FIN_WAIT1", 5: "FIN_WAIT2", 6: "TIME_WAIT", 7: "CLOSE",
                   8: "CLOSE_WAIT", 9: "LAST_ACK", 10: "LISTEN", 11: "CLOSING"}


def get(s, level, option):
    """An int option, or the errno's name."""
    try:
        return s.getsockopt(level, option)
    except OSError as e:
        return name_of(e.errno)


def put(s, level, option, value):
    """Set an option. Returns what reading it gives then, or the errno's name."""
    try:
        s.setsockopt(level, option, value)
    except OSError as e:
        return name_of(e.errno)
    return get(s, level, option)


# INTS are options that are read, set to each value, and read again.
INTS = [
    ("SO_KEEPALIVE", SOL, socket.SO_KEEPALIVE, (1, 0, 7)),
    ("SO_REUSEADDR", SOL, socket.SO_REUSEADDR, (1, 0)),
    ("SO_REUSEPORT", SOL, socket.SO_REUSEPORT, (1, 0)),
    ("SO_BROADCAST", SOL, socket.SO_BROADCAST, (1,)),
    ("SO_DONTROUTE", SOL, socket.SO_DONTROUTE, (1, 0)),
    ("SO_OOBINLINE", SOL, socket.SO_OOBINLINE, (1, 0)),
    ("SO_SNDBUF", SOL, socket.SO_SNDBUF, (20000, 100000, 1)),
    ("SO_RCVBUF", SOL, socket.SO_RCVBUF, (20000, 100000, 1)),
    ("SO_RCVLOWAT", SOL, SO_RCVLOWAT, (10, 1)),
    ("SO_SNDLOWAT", SOL, SO_SNDLOWAT, (10,)),
    ("SO_PRIORITY", SOL, SO_PRIORITY, (3, 0)),
    ("SO_TIMESTAMP", SOL, SO_TIMESTAMP, (1, 0)),
    ("SO_MAX_PACING_RATE", SOL, SO_MAX_PACING_RATE, (1000000,)),
    ("TCP_NODELAY", TCP, socket.TCP_NODELAY, (1, 0, -1)),
    ("TCP_CORK", TCP, socket.TCP_CORK, (1, 0)),
    ("TCP_KEEPIDLE", TCP, socket.TCP_KEEPIDLE, (60, 0, 40000)),
    ("TCP_KEEPINTVL", TCP, socket.TCP_KEEPINTVL, (10,)),
    ("TCP_KEEPCNT", TCP, socket.TCP_KEEPCNT, (3, 200)),
    ("TCP_SYNCNT", TCP, socket.TCP_SYNCNT, (2,)),
    ("TCP_MAXSEG", TCP, socket.TCP_MAXSEG, (1000, 1)),
    ("TCP_USER_TIMEOUT", TCP, socket.TCP_USER_TIMEOUT, (5000, 0)),
    ("TCP_DEFER_ACCEPT", TCP, socket.TCP_DEFER_ACCEPT, (1, 0)),
    ("TCP_WINDOW_CLAMP", TCP, socket.TCP_WINDOW_CLAMP, (100000,)),
    ("TCP_QUICKACK", TCP, socket.TCP_QUICKACK, (1,)),
    ("TCP_LINGER2", TCP, socket.TCP_LINGER2, (5,)),
    ("IP_TOS", IP, socket.IP_TOS, (0x10, 0)),
    ("IP_TTL", IP, socket.IP_TTL, (7, 0, 300)),
    ("IP_FREEBIND", IP, IP_FREEBIND, (1, 0)),
    ("IP_RECVERR", IP, IP_RECVERR, (1, 0)),
    ("IP_MTU_DISCOVER", IP, 10, (2, 0)),
    ("unknown SOL", SOL, 9999, (1,)),
    ("unknown TCP", TCP, 9999, (1,)),
    ("unknown IP", IP, 9999, (1,)),
    ("unknown level", 9999, 1, (1,)),
    ("UDP level", 17, 1, (1,)),
]


def table(lab, s, rows):
    """Log every row's value at first and after each setting."""
    for name, level, option, values in rows:
        lab.log(name, [get(s, level, option)] + [put(s, level, option, v) for v in values])


@scenario
def option_ints_fresh(lab):
    table(lab, lab.client(), INTS)


@scenario
def option_ints_connected(lab):
    c, _ = lab.pair()
    skip = ("SO_SNDBUF", "SO_RCVBUF", "TCP_MAXSEG", "TCP_WINDOW_CLAMP", "TCP_QUICKACK")
    table(lab, c, [r for r in INTS if r[0] not in skip])


@scenario
def option_ints_accepted(lab):
    _, s = lab.pair()
    skip = ("SO_SNDBUF", "SO_RCVBUF", "TCP_MAXSEG", "TCP_WINDOW_CLAMP", "TCP_QUICKACK")
    table(lab, s, [r for r in INTS if r[0] not in skip])


@scenario
def option_ints_listening(lab):
    listener = lab.listener()
    table(lab, listener, INTS)
    c = lab.client()
    c.setsockopt(TCP, socket.TCP_NODELAY, 1)
    c.connect(listener.getsockname())
    s, _ = listener.accept()
    c.sendall(b"x")
    lab.log("still works", exactly(s, 1))


@scenario
def option_ints_ipv6(lab):
    rows = [("IPV6_V6ONLY", IP6, socket.IPV6_V6ONLY, (1, 0)),
            ("IPV6_UNICAST_HOPS", IP6, socket.IPV6_UNICAST_HOPS, (9, -1, 256)),
            ("IPV6_TCLASS", IP6, socket.IPV6_TCLASS, (8,)),
            ("IPV6_RECVERR", IP6, IPV6_RECVERR, (1, 0)),
            ("IPV6_MTU_DISCOVER", IP6, 23, (2,)),
            ("IP_TTL", IP, socket.IP_TTL, (7,)),
            ("unknown", IP6, 9999, (1,))]
    table(lab, lab.client(socket.AF_INET6), rows)
    table_v4 = lab.client()
    lab.log("on IPv4", get(table_v4, IP6, socket.IPV6_V6ONLY))


@scenario
def option_what_it_is(lab):
    """What a program or library asks to learn what it was given."""
    listener = lab.listener()
    c, s = lab.connected(listener)
    six = lab.client(socket.AF_INET6)
    for key, sock in ("fresh", lab.client()), ("listener", listener), ("client", c), ("server", s), ("IPv6", six):
        lab.log(key + " type", get(sock, SOL, socket.SO_TYPE))
        lab.log(key + " domain", get(sock, SOL, socket.SO_DOMAIN))
        lab.log(key + " protocol", get(sock, SOL, socket.SO_PROTOCOL))
        lab.log(key + " accepting", get(sock, SOL, socket.SO_ACCEPTCONN))
        lab.log(key + " error", get(sock, SOL, socket.SO_ERROR))
        lab.log(key + " read only", put(sock, SOL, socket.SO_TYPE, 1))
    with socket.socket(fileno=c.dup().detach()) as again:
        lab.log("Python sees", [again.family.name, again.type.name, again.proto])


@scenario
def option_tcp_info(lab):
    """The state in TCP_INFO is that of the connection."""
    def state(s):
        return TCP_INFO_STATES.get(s.getsockopt(TCP, socket.TCP_INFO, 256)[0])
    listener = lab.listener()
    lab.log("fresh", state(lab.client()))
    lab.log("listener", state(listener))
    c, s = lab.connected(listener)
    lab.log("client", state(c))
    lab.log("server", state(s))
    lab.log("long enough", len(c.getsockopt(TCP, socket.TCP_INFO, 256)) > 100)
    lab.log("short", len(c.getsockopt(TCP, socket.TCP_INFO, 8)))
    s.shutdown(socket.SHUT_WR)
    lab.log("end", drain(c))
    lab.log("client after the peer's half close", state(c))


@scenario
def option_structs(lab):
    c, _ = lab.pair()
    for key, option, value in (("linger", socket.SO_LINGER, struct.pack("ii", 1, 5)),
                               ("rcvtimeo", socket.SO_RCVTIMEO, struct.pack("ll", 2, 500000)),
                               ("sndtimeo", socket.SO_SNDTIMEO, struct.pack("ll", 3, 0))):
        lab.log(key + " at first", c.getsockopt(SOL, option, 64).hex())
        lab.call(key + " set", c.setsockopt, SOL, option, value)
        lab.log(key + " then", c.getsockopt(SOL, option, 64).hex())
        lab.call(key + " short", c.setsockopt, SOL, option, value[:3])
    lab.call("timeout without sense", c.setsockopt, SOL, socket.SO_RCVTIMEO, struct.pack("ll", 0, 2000000))
    lab.call("negative timeout", c.setsockopt, SOL, socket.SO_RCVTIMEO, struct.pack("ll", -1, 0))


@scenario
def option_text(lab):
    c, _ = lab.pair()
    lab.log("congestion", c.getsockopt(TCP, socket.TCP_CONGESTION, 16).rstrip(b"\0"))
    lab.call("set", c.setsockopt, TCP, socket.TCP_CONGESTION, b"reno")
    lab.log("reno", c.getsockopt(TCP, socket.TCP_CONGESTION, 16).rstrip(b"\0"))
    lab.call("unknown", c.setsockopt, TCP, socket.TCP_CONGESTION, b"nosuch")
    fresh = lab.client()
    lab.call("device", fresh.setsockopt, SOL, socket.SO_BINDTODEVICE, b"lo\0")
    lab.log("bound to", fresh.getsockopt(SOL, socket.SO_BINDTODEVICE, 16))
    lab.call("no such device", fresh.setsockopt, SOL, socket.SO_BINDTODEVICE, b"nosuch0\0")


@scenario
def option_credentials(lab):
    """Over TCP there is no peer process to know."""
    c, _ = lab.pair()
    for key, sock in ("fresh", lab.client()), ("connected", c):
        lab.call(key + " peercred", lambda s=sock: struct.unpack("iii", s.getsockopt(SOL, SO_PEERCRED, 12)))
        lab.call(key + " peersec", sock.getsockopt, SOL, SO_PEERSEC, 64)
    lab.log("cookie", c.getsockopt(SOL, SO_COOKIE, 8) != bytes(8))


@scenario
def option_lengths(lab):
    """Short, long and empty values."""
    s = lab.client()
    for n in (0, 1, 3, 4, 5, 8, 64):
        value = struct.pack("i", 1).ljust(64, b"\0")[:n]
        lab.raw(f"set keepalive {n}", "setsockopt", s.fileno(), SOL, socket.SO_KEEPALIVE, value, n)
        lab.raw(f"set nodelay {n}", "setsockopt", s.fileno(), TCP, socket.TCP_NODELAY, value, n)
        lab.raw(f"set ttl {n}", "setsockopt", s.fileno(), IP, socket.IP_TTL, value.replace(b"\1", b"\7"), n)
        for key, level, option in (("keepalive", SOL, socket.SO_KEEPALIVE), ("nodelay", TCP, socket.TCP_NODELAY),
                                   ("ttl", IP, socket.IP_TTL), ("type", SOL, socket.SO_TYPE),
                                   ("error", SOL, socket.SO_ERROR)):
            size, value = ctypes.c_int(n), ctypes.create_string_buffer(b"\xee" * 64, 64)
            lab.raw(f"get {key} {n}", "getsockopt", s.fileno(), level, option, value, ctypes.byref(size))
            lab.log(f"got {key} {n}", f"{size.value}: {value.raw[:9].hex()}")


@scenario
def option_inherited(lab):
    """tcp(7): an accepted socket has the options of its listener."""
    listener = lab.server()
    for level, option, value in OPTIONS_INHERITED:
        listener.setsockopt(level, option, value)
    listener.setsockopt(SOL, socket.SO_LINGER, struct.pack("ii", 1, 7))
    listener.setsockopt(SOL, socket.SO_RCVTIMEO, struct.pack("ll", 9, 0))
    listener.bind((lab.host, 0))
    listener.listen(4)
    _, s = lab.connected(listener)
    lab.log("ints", [s.getsockopt(level, option) for level, option, _ in OPTIONS_INHERITED])
    lab.log("linger", s.getsockopt(SOL, socket.SO_LINGER, 8).hex())
    lab.log("rcvtimeo", s.getsockopt(SOL, socket.SO_RCVTIMEO, 16).hex())


OPTIONS_INHERITED = [(SOL, socket.SO_KEEPALIVE, 1), (SOL, socket.SO_OOBINLINE, 1), (SOL, socket.SO_REUSEADDR, 1),
                     (TCP, socket.TCP_NODELAY, 1), (TCP, socket.TCP_KEEPIDLE, 77), (TCP, socket.TCP_USER_TIMEOUT, 9000),
                     (IP, socket.IP_TTL, 33), (IP, socket.IP_TOS, 0x10)]


@scenario
def option_set_before_connect(lab):
    """Options of a fresh socket are those of its connection."""
    listener, c = lab.listener(), lab.client()
    for level, option, value in OPTIONS_INHERITED:
        c.setsockopt(level, option, value)
    c.connect(listener.getsockname())
    lab.log("ints", [c.getsockopt(level, option) for level, option, _ in OPTIONS_INHERITED])


@scenario
def option_rcvlowat(lab):
    """SO_RCVLOWAT holds back both readiness and recv."""
    c, s = lab.pair()
    lab.call("set", c.setsockopt, SOL, SO_RCVLOWAT, 4)
    s.sendall(b"ab")
    lab.call("peer has it sent", c.recv, 2, socket.MSG_PEEK | socket.MSG_WAITALL)
    lab.log("poll short", poll(c) & select.POLLIN)
    s.sendall(b"cd")
    lab.until(c, select.POLLIN)
    lab.call("recv", c.recv, 4)


@scenario
def option_nodelay_on_both(lab):
    c, s = lab.pair()
    for key, sock in ("client", c), ("server", s):
        lab.log(key, [get(sock, TCP, socket.TCP_NODELAY), put(sock, TCP, socket.TCP_NODELAY, 1)])


@scenario
def option_after_failure(lab):
    """A socket whose connect was refused still has its options."""
    c = lab.client()
    lab.call("connect", c.connect, lab.dead())
    lab.log("nodelay", put(c, TCP, socket.TCP_NODELAY, 1))
    lab.log("keepalive", put(c, SOL, socket.SO_KEEPALIVE, 1))


@scenario
def option_after_end(lab):
    """Options of a connection that the peer has closed."""
    c, s = lab.pair()
    s.close()
    lab.log("end", drain(c))
    lab.log("nodelay", put(c, TCP, socket.TCP_NODELAY, 1))
    lab.log("keepalive", put(c, SOL, socket.SO_KEEPALIVE, 1))
    lab.log("error", get(c, SOL, socket.SO_ERROR))
    lab.call("peer", c.getpeername)
