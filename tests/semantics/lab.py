"""The two worlds a scenario runs in: plain TCP, and IPPROTO_TLS below `ssa run`.

A scenario is a function of one Lab. It makes its sockets through the Lab, so that the same lines run in both worlds,
and logs what a program can observe: return values, errno names, readiness, bytes. The log must come out equal.
"""
import ctypes
import errno
import hashlib
import json
import os
import platform
import select
import socket
import struct
import sys
import threading
import time

IPPROTO_TLS = 205
AF_HOSTNAME = 43
TLS_REMOTE_HOSTNAME = 85
TLS_TRUSTED_PEER_CERTIFICATES = 87
TLS_CERTIFICATE_CHAIN = 88
TLS_PRIVATE_KEY = 89
TLS_ERROR = 100

# DEADLINE bounds every wait for an event, in seconds. Reaching it is a failure of the scenario.
DEADLINE = 30

libc = ctypes.CDLL(None, use_errno=True)

_POLL = [(select.POLLIN, "IN"), (select.POLLPRI, "PRI"), (select.POLLOUT, "OUT"), (select.POLLERR, "ERR"),
         (select.POLLHUP, "HUP"), (select.POLLNVAL, "NVAL"), (select.POLLRDHUP, "RDHUP")]
ALL = select.POLLIN | select.POLLPRI | select.POLLOUT | select.POLLRDHUP

# NR holds the numbers of the calls that scenarios wait for a thread to be blocked in.
NR = {"x86_64": {"accept": (43, 288), "connect": (42,), "read": (0, 45), "write": (1, 44)},
      "aarch64": {"accept": (202, 242), "connect": (203,), "read": (63, 207), "write": (64, 206)}}[platform.machine()]

SCENARIOS = {}


def scenario(f):
    """Register a scenario under its function's name."""
    assert f.__name__ not in SCENARIOS, f.__name__
    SCENARIOS[f.__name__] = f
    return f


def name_of(e):
    """The name of an errno."""
    if e == errno.EOPNOTSUPP:
        return "EOPNOTSUPP"
    return errno.errorcode.get(e, str(e))


def events(mask):
    """The names of the bits of a poll or epoll mask, the same for both."""
    return "|".join(n for bit, n in _POLL if mask & bit) or "none"


class Expired(Exception):
    """An event that did not come before the deadline."""


class Lab:
    """One scenario's world."""

    def __init__(self, world, host, out):
        self.world, self.host, self.out = world, host, out
        self.tls = world == "tls"
        self.proto = IPPROTO_TLS if self.tls else socket.IPPROTO_TCP
        self.known = {}
        self.kept = []
        self.mu = threading.Lock()

    # What is observed.

    def log(self, key, value):
        """Record one observation. Keys are unique within a scenario, and so is their order."""
        with self.mu:
            self.out.write(json.dumps([key, self.plain(value)]) + "\n")
            self.out.flush()

    def plain(self, v):
        """A value in a form that is the same in both worlds."""
        if v is None:
            return "ok"
        if isinstance(v, socket.socket):
            return "socket"
        if isinstance(v, (bytes, bytearray)):
            v = bytes(v)
            return v.decode("latin-1") if len(v) <= 64 else f"{len(v)} bytes {hashlib.sha256(v).hexdigest()[:16]}"
        if isinstance(v, tuple) and len(v) >= 2 and isinstance(v[0], str) and isinstance(v[1], int):
            return self.address(v)
        if isinstance(v, tuple):
            return [self.plain(x) for x in v]
        return v

    def address(self, a):
        """An address with the scenario's host and the ports it knows replaced by names."""
        host = a[0].replace(self.host, "HOST")
        port = self.known.get(a[1], "other" if a[1] else 0)
        return f"{host} port {port}"

    def know(self, name, sock):
        """Give the local port of sock a name in the log."""
        self.known[sock.getsockname()[1]] = name

    def call(self, key, f, *args):
        """Call f and log its value or its errno. Returns the value, None after an error."""
        try:
            v = f(*args)
        except OSError as e:
            self.log(key, name_of(e.errno) if e.errno else type(e).__name__)
            return None
        self.log(key, v)
        return v

    def raw(self, key, name, *args):
        """Call a libc function past Python, and log its value or its errno. Returns the value."""
        ctypes.set_errno(0)
        r = getattr(libc, name)(*args)
        self.log(key, name_of(ctypes.get_errno()) if r == -1 else r)
        return r

    # Sockets.

    def keep(self, s):
        """Keep s open to the end of the scenario."""
        self.kept.append(s)
        return s

    def bare(self, family=socket.AF_INET, flags=0):
        """A socket of this world without any option."""
        return self.keep(socket.socket(family, socket.SOCK_STREAM | flags, self.proto))

    def client(self, family=socket.AF_INET, flags=0):
        """A socket ready to connect."""
        s = self.bare(family, flags)
        if self.tls:
            s.setsockopt(IPPROTO_TLS, TLS_TRUSTED_PEER_CERTIFICATES, os.environ["SSA_TEST_CA"].encode())
            s.setsockopt(IPPROTO_TLS, TLS_REMOTE_HOSTNAME, b"localhost")
        return s

    def server(self, family=socket.AF_INET, flags=0):
        """A socket ready to bind and listen."""
        s = self.bare(family, flags)
        if self.tls:
            s.setsockopt(IPPROTO_TLS, TLS_CERTIFICATE_CHAIN, os.environ["SSA_TEST_CHAIN"].encode())
            s.setsockopt(IPPROTO_TLS, TLS_PRIVATE_KEY, os.environ["SSA_TEST_KEY"].encode())
        return s

    def listener(self, backlog=64, host=None, family=socket.AF_INET):
        """A listening socket whose port the log calls "listener"."""
        s = self.server(family)
        s.bind((host or self.host, 0))
        s.listen(backlog)
        self.know("listener", s)
        return s

    def pair(self):
        """A connected client and server."""
        listener = self.listener()
        return self.connected(listener)

    def connected(self, listener):
        """A client connected to listener, and its accepted socket."""
        c = self.client()
        c.connect(listener.getsockname())
        s = self.keep(listener.accept()[0])
        return c, s

    def dead(self):
        """An address on which nobody listens, held so that nobody will."""
        s = self.keep(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
        s.bind((self.host, 0))
        self.know("dead", s)
        return s.getsockname()

    # Waiting.

    def until(self, sock, mask):
        """Wait until poll reports every bit of mask. Returns all that it reports then."""
        def look():
            got = poll(sock, 100)
            return got if got & mask == mask else None
        return self.wait(look, f"poll to report {events(mask)}, reports {events(poll(sock))}")

    def wait(self, f, what="a condition"):
        """Call f until it gives something true."""
        end = time.monotonic() + DEADLINE
        pause = select.poll()
        while True:
            v = f()
            if v:
                return v
            if time.monotonic() > end:
                raise Expired(f"waited {DEADLINE} s for {what}")
            pause.poll(2)

    def soon(self, f):
        """Whether f gives something true within a second; for what happens in one world and never in the other."""
        end = time.monotonic() + 1
        while not f() and time.monotonic() < end:
            select.select([], [], [], 0.01)
        return bool(f())

    def blocked_in(self, call, pid=None, tid=None):
        """Wait until a thread sleeps in the named system call."""
        pid = pid or os.getpid()
        tid = tid or pid

        def look():
            with open(f"/proc/{pid}/task/{tid}/stat") as f:
                state = f.read().rpartition(")")[2].split()[0]
            with open(f"/proc/{pid}/task/{tid}/syscall") as f:
                nr = f.read().split()[0]
            return state == "S" and nr.isdigit() and int(nr) in NR[call]
        self.wait(look, f"thread {tid} to block in {call}")
        # A call that the supervisor has not yet received is given up when a signal comes. Calls are received in order,
        # so that the answer to another one, on no socket at all, says that this one has been.
        libc.getpeername(-1, None, None)

    def explain(self):
        """Write what the sockets have to say about their last failure to standard error."""
        for s in self.kept:
            try:
                text = s.getsockopt(IPPROTO_TLS, TLS_ERROR, 1024).rstrip(b"\0")
            except OSError:
                continue
            if text:
                print("TLS_ERROR:", text.decode(), file=sys.stderr)

    def gate(self, stage="hello"):
        """An address where a connect stays in progress until the gate is opened."""
        return Gate(self, stage)

    def child(self, f, *args):
        """Run f in a forked child. Returns its pid; f's value is the exit status."""
        pid = os.fork()
        if pid:
            return pid
        status = 99
        try:
            status = f(*args) or 0
        except BaseException as e:  # pylint: disable=broad-except
            os.write(2, f"child: {type(e).__name__}: {e}\n".encode())
        os._exit(status)

    def reap(self, pid):
        """Wait for a child. Returns its exit status, or the negative signal that ended it."""
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def poll(sock, timeout=0):
    """What poll reports for one descriptor, 0 when nothing."""
    p = select.poll()
    p.register(sock, ALL)
    got = p.poll(timeout)
    return got[0][1] if got else 0


def drain(sock):
    """Read to the end of the stream."""
    parts = []
    while True:
        b = sock.recv(1 << 16)
        if not b:
            return b"".join(parts)
        parts.append(b)


def exactly(sock, n):
    """Read n bytes, fewer only at the end of the stream."""
    got = bytearray()
    while len(got) < n:
        b = sock.recv(n - len(got))
        if not b:
            break
        got += b
    return bytes(got)


def pattern(n, seed=0):
    """n bytes that repeat late and differ by seed."""
    block = b"".join(hashlib.sha512(struct.pack("QQ", seed, i)).digest() for i in range(1024))
    return (block * (n // len(block) + 1))[:n]


class Thread(threading.Thread):
    """A thread whose value or exception join gives."""

    def __init__(self, f, *args):
        super().__init__(daemon=True)
        self.f, self.args, self.value, self.error = f, args, None, None
        self.start()

    def run(self):
        try:
            self.value = self.f(*self.args)
        except BaseException as e:  # pylint: disable=broad-except
            self.error = e

    def result(self):
        """Wait for the thread and give its value."""
        self.join(DEADLINE)
        if self.is_alive():
            raise Expired(f"thread in {self.f} did not end")
        if self.error:
            raise self.error
        return self.value


class Gate:
    """An address that holds a connect in progress.

    Over TCP the queue of a listener without backlog is full, so that the SYN is dropped and repeated after a second.
    In the world of TLS the stage says what is held: the SYN in the same way, or the answer to the ClientHello. When
    the gate opens, the bytes go on to a listener of the Lab.
    """

    def __init__(self, lab, stage):
        self.lab, self.held_syn = lab, stage == "syn" or not lab.tls
        self.front = lab.keep(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
        self.front.bind((lab.host, 0))
        self.front.listen(0 if self.held_syn else 64)
        self.address = self.front.getsockname()
        lab.known[self.address[1]] = "gate"
        self.back = lab.listener() if lab.tls else None
        if self.held_syn:
            self.filler = lab.keep(socket.create_connection(self.address))
            lab.wait(lambda: poll(self.front), "the filler")

    def knocked(self):
        """Wait until a connect has reached the gate: a call that the kernel has not yet handed to the supervisor is
        simply given up when a signal comes, and nothing has begun."""
        def look():
            if not self.held_syn:
                return poll(self.front)
            with open("/proc/net/tcp", encoding="ascii") as f:
                rows = [line.split() for line in f][1:]
            return any(r[2].endswith(":%04X" % self.address[1]) and r[3] == "02" for r in rows)
        self.lab.wait(look, "a connect to reach the gate")

    def open(self):
        """Let the connect go on. Returns at once."""
        if self.held_syn:
            self.front.accept()[0].close()
        if self.lab.tls:
            Thread(self.relay)

    def relay(self):
        """Carry one connection's bytes to the listener behind and back."""
        outside = self.lab.keep(self.front.accept()[0])
        inside = self.lab.keep(socket.create_connection(self.back.getsockname()))
        Thread(pump, outside, inside)
        Thread(pump, inside, outside)

    def accept(self):
        """The server's end of the connection."""
        return self.lab.keep((self.back or self.front).accept()[0])


def pump(a, b):
    """Carry bytes from a to b, then the end."""
    try:
        while data := a.recv(1 << 16):
            b.sendall(data)
        b.shutdown(socket.SHUT_WR)
    except OSError:
        b.close()
