"""What the agent can be told to do: bring sockets into every state, many at a time, and leave them there."""
import ctypes
import errno
import os
import random
import resource
import select
import signal
import socket
import struct
import tempfile

from connecting import sockaddr
from lab import (IPPROTO_TLS, TLS_CERTIFICATE_CHAIN, TLS_ERROR, TLS_PRIVATE_KEY, Thread, drain, exactly, libc, name_of,
                 pattern, poll)


def raise_limit():
    """Allow as many descriptors as the hard limit does."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


# Each of these brings a socket into a state and gives what must not be collected.

def fresh(lab):
    """Not yet used."""
    return lab.client()


def configured(lab):
    """With options set."""
    return lab.server()


def bound(lab):
    """Bound, not listening."""
    s = lab.server()
    s.bind((lab.host, 0))
    return s


def listening(lab):
    """Listening, nobody came."""
    return lab.listener()


def connecting(lab):
    """Held in a non-blocking connect by a peer that does not answer."""
    gate, c = lab.gate(), lab.client()
    c.setblocking(False)
    c.connect_ex(gate.address)
    return gate, c


def connecting_blocked(lab):
    """A thread blocked in connect."""
    gate, c = lab.gate(), lab.client()
    t = Thread(c.connect, gate.address)
    lab.blocked_in("connect", tid=t.native_id)
    return gate, c, t


def accepting_blocked(lab):
    """A thread blocked in accept."""
    listener = lab.listener()
    t = Thread(listener.accept)
    lab.blocked_in("accept", tid=t.native_id)
    return listener, t


def refused(lab):
    """After a connect that was refused."""
    c = lab.client()
    c.connect_ex(lab.dead())
    return c


def connected(lab):
    """Connected on both sides."""
    return lab.pair()


def unaccepted(lab):
    """Connected, waiting to be accepted."""
    listener, c = lab.listener(), lab.client()
    c.connect(listener.getsockname())
    return listener, c


def handshaking(lab):
    """A listener with a client in the middle of its ClientHello."""
    listener = lab.listener()
    return listener, half_hello(listener.getsockname())


def half_closed(lab):
    """Closed for writing on one side."""
    c, s = lab.pair()
    c.shutdown(socket.SHUT_WR)
    return c, s, drain(s)


def flooded(lab):
    """With as much written as every buffer takes, and nobody reading."""
    c, s = lab.pair()
    c.setblocking(False)
    try:
        while True:
            c.send(pattern(1 << 16))
    except BlockingIOError:
        return c, s


def reset(lab):
    """After the peer aborted."""
    c, s = lab.pair()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()
    lab.until(c, select.POLLHUP)
    return c


STATES = [fresh, configured, bound, listening, connecting, connecting_blocked, accepting_blocked, refused, connected,
          unaccepted, handshaking, half_closed, flooded, reset]


def half_hello(address):
    """A plain connection that has sent the first bytes of a ClientHello and then nothing."""
    s = socket.create_connection(address)
    s.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(20))
    return s


def kill_in(lab, state):
    """Fork a child that brings itself into a state and is killed there."""
    r, w = os.pipe()

    def child():
        keep = state(lab)
        os.write(w, b"x")
        signal.pause()
        del keep
    pid = lab.child(child)
    os.close(w)
    ready = os.read(r, 1)
    os.close(r)
    os.kill(pid, signal.SIGKILL)
    lab.reap(pid)
    return ready == b"x"


def kill_in_each(lab, rounds):
    """Kill a child in each state, several times. Gives the states that could not be reached."""
    return [s.__name__ for _ in range(rounds) for s in STATES if not kill_in(lab, s)]


def exit_in_each(lab, rounds):
    """The same with a child that leaves by itself."""
    return [s.__name__ for _ in range(rounds) for s in STATES if lab.reap(lab.child(lambda s=s: s(lab) and 0)) != 0]


def close_in_each(lab, rounds):
    """The same in this process, closing what was made."""
    for _ in range(rounds):
        for state in STATES:
            if state not in (connecting_blocked, accepting_blocked):
                state(lab)
            for s in lab.kept:
                s.close()
            lab.kept.clear()


def echo_all(lab, n):
    """n connections at once, each of which echoes a message of its own. Gives how many did, or why one could not."""
    listener = lab.listener(backlog=4096)
    address = listener.getsockname()
    server = Thread(lambda: [lab.keep(listener.accept()[0]) for _ in range(n)])
    clients = [lab.client() for _ in range(n)]
    for i, c in enumerate(clients):
        c.setblocking(False)
        if (error := c.connect_ex(address)) not in (0, errno.EINPROGRESS):
            return f"connect {i}: {name_of(error)}: {tls_error(c)}"
    for i, c in enumerate(clients):
        lab.until(c, select.POLLOUT)
        if error := c.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            return f"client {i}: {name_of(error)}: {tls_error(c)}"
        c.setblocking(True)
        c.sendall(struct.pack("=QQ", c.getsockname()[1], 7))
    for s in server.result():
        s.sendall(exactly(s, 16))
    return sum(exactly(c, 16) == struct.pack("=QQ", c.getsockname()[1], 7) for c in clients)


def tls_error(s):
    """TLS_ERROR of a socket."""
    return s.getsockopt(IPPROTO_TLS, TLS_ERROR, 1024).rstrip(b"\0").decode()


def close_all(lab):
    """Close every socket the Lab made."""
    for s in lab.kept:
        s.close()
    n = len(lab.kept)
    lab.kept.clear()
    return n


def serve_some(lab, address, listener, n):
    """n good clients one after the other. Gives how many were answered."""
    good = 0
    for _ in range(n):
        c = lab.client()
        c.connect(address)
        s, _ = listener.accept()
        c.sendall(b"x")
        s.sendall(exactly(s, 1))
        good += exactly(c, 1) == b"x"
        c.close()
        s.close()
    return good


def reset_handshakes(address, n):
    """Plain clients that send a part of a ClientHello, or nothing, and abort."""
    hello = b"\x16\x03\x01\x00\xf4\x01\x00\x00\xf0\x03\x03" + pattern(233)
    for i in range(n):
        s = socket.create_connection(address)
        s.sendall(hello[:i % len(hello)])
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", i % 2, 0))
        s.close()


LEVELS = [(IPPROTO_TLS, range(80, 131)), (socket.SOL_SOCKET, range(0, 83)), (socket.IPPROTO_TCP, [*range(0, 46), 205]),
          (socket.IPPROTO_IP, range(0, 70)), (socket.IPPROTO_IPV6, range(0, 82)), (socket.IPPROTO_UDP, range(0, 5))]
# HARSH are options that by right stall or end a connection: SO_LINGER, SO_BINDTODEVICE and other interfaces, filters,
# SO_MAX_PACING_RATE, IP_MINTTL and its like, TCP_REPAIR, TCP_MD5SIG.
HARSH = {(socket.SOL_SOCKET, n) for n in (13, 25, 26, 36, 44, 47, 50, 51, 52, 62)} | {
    (socket.IPPROTO_TCP, n) for n in (14, 19, 31, 38, 39)} | {
    (socket.IPPROTO_IP, n) for n in (4, 21, 50)} | {(socket.IPPROTO_IPV6, n) for n in (73, 76)}


def nasty_values(directory):
    """Values that programs should not pass."""
    fifo = os.path.join(directory, "fifo")
    os.mkfifo(fifo)
    chain, key = os.environ["SSA_TEST_CHAIN"], os.environ["SSA_TEST_KEY"]
    with open(chain, "rb") as f:
        pem = f.read()
    ints = [struct.pack("i", v) for v in (0, 1, -1, 2, 0x301, 0x304, 2**31 - 1, -2**31, 604801)]
    paths = [fifo, directory, "/dev/zero", "/dev/full", "/dev/null", "/proc/self/mem", "/nonexistent", "/dev/tty", "",
             "/", "a" * 5000, "/proc/self/fd/0", chain, key, "../" * 100]
    texts = [b"localhost", b"a\0b", b"\xff\xfe", b"h2,http/1.1", b"," * 300, b"x" * 256, b"*.example.org", b"\0" * 20,
             b"TLS_AES_128_GCM_SHA256", b"NOSUCH:TLS_AES_128_GCM_SHA256", b"127.0.0.1", b"%s%n", b"[::1]"]
    pems = [pem, pem[:len(pem) // 2], pem * 200, b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            b"-----BEGIN " * 1000, bytes(300000)]
    return ints + [p.encode() for p in paths] + texts + pems


def wild(r):
    """A pointer to nothing."""
    return ctypes.c_void_p(r.choice([0, 16, 1 << 46]))


def one_call(r, s, values):
    """One setsockopt or getsockopt with random arguments. Gives whether it succeeded."""
    level, options = r.choice(LEVELS)
    option = r.choice(options)
    if (level, option) in HARSH:
        return False
    if r.random() < 0.5:
        v = r.choice(values) if r.random() < 0.7 else r.randbytes(r.randrange(64))
        n = len(v) if r.random() < 0.8 else r.choice([0, -1, 1, 3, 4, 8, 2**31 - 1, -2**31, len(v) * 2])
        p = ctypes.create_string_buffer(v, len(v) or 1) if r.random() < 0.95 else wild(r)
        return libc.setsockopt(s.fileno(), level, option, p, n) == 0
    size = ctypes.c_int(r.choice([0, 1, 3, 4, 8, 64, 4096, 65536, -1]))
    p = ctypes.create_string_buffer(65536) if r.random() < 0.95 else wild(r)
    q = ctypes.byref(size) if r.random() < 0.95 else wild(r)
    return libc.getsockopt(s.fileno(), level, option, p, q) == 0


def sockets_in(kept):
    """The TLS sockets in what a state keeps."""
    flat = kept if isinstance(kept, tuple) else (kept,)
    return [s for s in flat if isinstance(s, socket.socket) and s.fileno() >= 0]


def random_options(lab, seed, calls):
    """Random options on sockets in every state. Gives how many calls succeeded."""
    r, good = random.Random(seed), 0
    with tempfile.TemporaryDirectory() as directory:
        values = nasty_values(directory)
        for state in STATES:
            if state in (connecting_blocked, accepting_blocked):
                continue
            for s in sockets_in(state(lab)):
                for _ in range(calls):
                    good += one_call(r, s, values)
            close_all(lab)
    return good


def addresses(lab):
    """What to connect and bind to: a listener, nobody, and nonsense."""
    live = lab.listener().getsockname()
    host = struct.pack("=H", 43) + struct.pack("!H", live[1]) + b"localhost\0"
    return [sockaddr(live), sockaddr(lab.dead()), host, host[:5], bytes(16)]


def pick_call(r, known):
    """A call of libc with random arguments, without the descriptor."""
    a = r.choice(known + [r.randbytes(r.randrange(1, 40))])
    n = len(a) if r.random() < 0.8 else r.randrange(-2, 300)
    long, room = a.ljust(300, b"\0"), ctypes.create_string_buffer(300)
    size = ctypes.byref(ctypes.c_int(r.randrange(-1, 40)))
    return r.choice([("connect", long, n), ("bind", long, n), ("listen", r.randrange(-1, 9)), ("accept", room, size),
                     ("accept4", None, None, r.choice([0, 2048, 1])), ("getsockname", room, size),
                     ("getpeername", room, size), ("shutdown", r.randrange(4)), ("connect", ctypes.c_void_p(16), 16),
                     ("send", b"x" * 9, 9, socket.MSG_NOSIGNAL | socket.MSG_DONTWAIT),
                     ("recv", room, 9, socket.MSG_DONTWAIT)])


def one_more(lab, r):
    """A socket for random calls, with a certificate or without."""
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK, lab.proto)
    if r.random() < 0.5:
        s.setsockopt(IPPROTO_TLS, TLS_CERTIFICATE_CHAIN, os.environ["SSA_TEST_CHAIN"].encode())
        s.setsockopt(IPPROTO_TLS, TLS_PRIVATE_KEY, os.environ["SSA_TEST_KEY"].encode())
    return s


def random_calls(lab, seed, calls, slots, known):
    """Random calls on sockets in slots, some of which are closed and replaced. Gives how many calls succeeded."""
    r, good = random.Random(seed), 0
    for _ in range(calls):
        i = r.randrange(len(slots))
        if slots[i] is None or r.random() < 0.05:
            old, slots[i] = slots[i], one_more(lab, r)
            del old  # which closes it, unless another thread is using it
        s, call = slots[i], pick_call(r, known)
        v = getattr(libc, call[0])(s.fileno(), *call[1:])
        good += v >= 0
        if call[0].startswith("accept") and v >= 0:
            os.close(v)
    return good


def random_calls_in_threads(lab, threads, calls):
    """Random calls in several threads that share their sockets. Gives how many calls succeeded."""
    slots, known = [None] * 8, addresses(lab)
    jobs = [Thread(random_calls, lab, seed, calls, slots, known) for seed in range(threads)]
    good = sum(j.result() for j in jobs)
    for s in slots:
        if s:
            s.close()
    close_all(lab)
    return good


def quiet(s, milliseconds):
    """Wait a while for an event that must not come. Gives what came."""
    return poll(s, milliseconds)


def outcome(f):
    """The name of the errno with which f fails, or "ok"."""
    try:
        f()
    except OSError as e:
        return name_of(e.errno)
    return "ok"


def watch_end(sockets, path):
    """Leave a process behind that writes to a file how the connections end."""
    r, w = os.pipe()
    if os.fork():
        os.close(w)
        os.read(r, 1)
        os.close(r)
        return
    os.setsid()
    for number in signal.SIGTERM, signal.SIGHUP, signal.SIGINT:
        signal.signal(number, signal.SIG_IGN)
    os.write(w, b"x")
    ends = [outcome(lambda s=s: s.recv(1)) for s in sockets]
    with open(path + ".new", "w", encoding="ascii") as f:
        f.write(" ".join(ends))
    os.rename(path + ".new", path)
    os._exit(0)
