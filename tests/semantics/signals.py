"""Signals that come while a call blocks."""
import ctypes
import os
import select
import signal
import socket
import struct
import threading

from connecting import ping, sockaddr
from lab import DEADLINE, Thread, events, exactly, libc, name_of, poll, scenario

USR = signal.SIGUSR1


class Handler:
    """A handler that counts."""

    def __init__(self, restart, number=USR):
        self.count = 0
        signal.signal(number, self.run)
        signal.siginterrupt(number, not restart)

    def run(self, *_):
        """Count one signal."""
        self.count += 1


def blocking(lab, name, *args):
    """Call libc in this thread while another one waits for it to block and then signals it. Gives value or errno."""
    me = threading.get_native_id()

    def send():
        lab.blocked_in(name, tid=me)
        signal.pthread_kill(threading.main_thread().ident, USR)
    t = Thread(send)
    ctypes.set_errno(0)
    r = getattr(libc, name)(*args)
    e = ctypes.get_errno()
    t.result()
    return name_of(e) if r < 0 else r


@scenario
def signal_accept_interrupted(lab):
    listener, h = lab.listener(), Handler(restart=False)
    lab.log("accept", blocking(lab, "accept", listener.fileno(), None, None))
    lab.log("handled", h.count)
    lab.client().connect(listener.getsockname())
    lab.call("accept then", lambda: lab.keep(listener.accept()[0]))


@scenario
def signal_accept_restarted(lab):
    """With SA_RESTART accept goes on and gives the next connection."""
    listener, h = lab.listener(), Handler(restart=True)
    main = threading.get_native_id()

    def others():
        lab.blocked_in("accept", tid=main)
        signal.pthread_kill(threading.main_thread().ident, USR)
        lab.client().connect(listener.getsockname())
    t = Thread(others)
    fd = libc.accept(listener.fileno(), None, None)
    t.result()
    lab.log("accepted", fd >= 0)
    lab.log("handled", h.count)


@scenario
def signal_accept_with_timeout(lab):
    """signal(7): a call with a timeout is never restarted."""
    listener, _ = lab.listener(), Handler(restart=True)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", DEADLINE, 0))
    lab.log("accept", blocking(lab, "accept", listener.fileno(), None, None))


def connect_signalled(lab, restart, stage):
    """A signal during a blocking connect. Gives the gate, the socket and what connect said."""
    gate, c, h = lab.gate(stage), lab.client(), Handler(restart)
    main = threading.get_native_id()

    def others():
        gate.knocked()
        lab.blocked_in("connect", tid=main)
        signal.pthread_kill(threading.main_thread().ident, USR)
        if restart:
            gate.open()
    t = Thread(others)
    ctypes.set_errno(0)
    r = libc.connect(c.fileno(), sockaddr(gate.address), 16)
    lab.log("connect", name_of(ctypes.get_errno()) if r else "0")
    t.result()
    lab.log("handled", h.count)
    return gate, c


def connect_interrupted(lab, stage):
    """connect(2): after EINTR the connection is made asynchronously."""
    gate, c = connect_signalled(lab, False, stage)
    c.setblocking(False)
    # Before Linux 5.19 the kernel gives the call up by itself, and the supervisor notices a little later.
    lab.soon(lambda: poll(c) == 0)
    lab.log("poll", events(poll(c)))
    lab.call("again", c.connect, gate.address)
    gate.open()
    lab.log("poll then", events(lab.until(c, select.POLLOUT)))
    lab.log("error", c.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
    c.setblocking(True)
    ping(lab, "data", c, gate.accept())


@scenario
def signal_connect_interrupted_syn(lab):
    connect_interrupted(lab, "syn")


@scenario
def signal_connect_interrupted_hello(lab):
    connect_interrupted(lab, "hello")


@scenario
def signal_connect_interrupted_again_blocking(lab):
    """A second, blocking connect after EINTR waits for the first."""
    gate, c = connect_signalled(lab, False, "hello")
    t = Thread(c.connect_ex, gate.address)
    lab.blocked_in("connect", tid=t.native_id)
    gate.open()
    lab.log("again", name_of(t.result()))
    ping(lab, "data", c, gate.accept())


@scenario
def signal_connect_restarted_syn(lab):
    gate, c = connect_signalled(lab, True, "syn")
    ping(lab, "data", c, gate.accept())


@scenario
def signal_connect_restarted_hello(lab):
    gate, c = connect_signalled(lab, True, "hello")
    ping(lab, "data", c, gate.accept())


@scenario
def signal_storm_during_connect(lab):
    """Two hundred signals with SA_RESTART: one connection, one result."""
    gate, c, h = lab.gate(), lab.client(), Handler(restart=True)
    main = threading.get_native_id()

    def others():
        for _ in range(200):
            lab.blocked_in("connect", tid=main)
            signal.pthread_kill(threading.main_thread().ident, USR)
        gate.open()
    t = Thread(others)
    lab.log("connect", libc.connect(c.fileno(), sockaddr(gate.address), 16))
    t.result()
    lab.log("handled some", h.count > 0)
    s = gate.accept()
    ping(lab, "data", c, s)


@scenario
def signal_storm_during_accept(lab):
    """Signals with SA_RESTART while connections come in: none is lost, none comes twice."""
    listener, _ = lab.listener(), Handler(restart=True)
    done = []

    def pester():
        while not done:
            signal.pthread_kill(threading.main_thread().ident, USR)
            select.select([], [], [], 0.001)

    def connect_all():
        for _ in range(30):
            lab.client().connect(listener.getsockname())
    jobs = Thread(pester), Thread(connect_all)
    fds = {libc.accept(listener.fileno(), None, None) for _ in range(30)}
    done.append(True)
    for j in jobs:
        j.result()
    lab.log("accepted", len(fds))
    listener.setblocking(False)
    lab.call("no more", listener.accept)


@scenario
def signal_storm_during_socket(lab):
    """A timer fires all the time while sockets are made: every number is a new socket, none leaks."""
    _ = Handler(restart=True, number=signal.SIGALRM)
    signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
    before = len(os.listdir("/proc/self/fd"))
    bad = 0
    for _ in range(300):
        fd = libc.socket(socket.AF_INET, socket.SOCK_STREAM, lab.proto)
        bad += fd < 3
        libc.close(fd)
    signal.setitimer(signal.ITIMER_REAL, 0, 0)
    lab.log("bad numbers", bad)
    lab.log("left over", len(os.listdir("/proc/self/fd")) - before)


def limited(f):
    """Call f with a time limit, the classic way: an alarm whose handler raises, once."""
    rung = []

    def expired(*_):
        if not rung:
            rung.append(True)
            raise TimeoutError("alarm")
    signal.signal(signal.SIGALRM, expired)
    # The alarm repeats, for the first one may come just before the call blocks.
    signal.setitimer(signal.ITIMER_REAL, 0.1, 0.1)
    try:
        return f()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


@scenario
def signal_alarm_timeout_of_connect(lab):
    gate, c = lab.gate(), lab.client()
    lab.call("connect", limited, lambda: c.connect(gate.address))
    c.close()
    lab.call("another", lab.client().connect, lab.listener().getsockname())


@scenario
def signal_alarm_timeout_of_accept(lab):
    listener = lab.listener()
    lab.call("accept", limited, listener.accept)
    lab.client().connect(listener.getsockname())
    lab.call("accept then", lambda: lab.keep(listener.accept()[0]))


def interrupted(lab, call, f):
    """Ctrl-C while f blocks in the named call."""
    main = threading.get_native_id()

    def send():
        lab.blocked_in(call, tid=main)
        os.kill(os.getpid(), signal.SIGINT)
    t = Thread(send)
    try:
        f()
        lab.log(call, "went on")
    except KeyboardInterrupt:
        lab.log(call, "KeyboardInterrupt")
    t.result()


@scenario
def signal_ctrl_c_in_connect(lab):
    gate, c = lab.gate(), lab.client()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    interrupted(lab, "connect", lambda: c.connect(gate.address))


@scenario
def signal_ctrl_c_in_accept(lab):
    listener = lab.listener()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    interrupted(lab, "accept", listener.accept)


@scenario
def signal_ctrl_c_in_recv(lab):
    c, _ = lab.pair()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    interrupted(lab, "read", lambda: c.recv(1))


def killed_in(lab, call, f, number):
    """A child that blocks in f is ended by a signal at once."""
    pid = lab.child(f)
    lab.blocked_in(call, pid=pid)
    os.kill(pid, number)
    return lab.reap(pid)


@scenario
def signal_fatal(lab):
    """Signals without a handler end the process in the middle of a call."""
    gate, listener = lab.gate(), lab.listener()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    for number in signal.SIGTERM, signal.SIGKILL:
        fd, address = lab.client().fileno(), sockaddr(gate.address)

        def connect(fd=fd, address=address):
            return libc.connect(fd, address, 16)

        def accept():
            return libc.accept(listener.fileno(), None, None)
        lab.log(f"connect {number.name}", killed_in(lab, "connect", connect, number))
        lab.log(f"accept {number.name}", killed_in(lab, "accept", accept, number))


@scenario
def signal_stop_and_continue(lab):
    """SIGSTOP and SIGCONT in the middle of accept are not noticed."""
    there, here = socket.socketpair()
    listener = lab.listener()

    def child():
        fd = libc.accept(listener.fileno(), None, None)
        here.send(b"accepted" if fd >= 0 else name_of(ctypes.get_errno()).encode())
    pid = lab.child(child)
    lab.blocked_in("accept", pid=pid)
    os.kill(pid, signal.SIGSTOP)
    os.waitpid(pid, os.WUNTRACED)
    os.kill(pid, signal.SIGCONT)
    lab.client().connect(listener.getsockname())
    lab.log("accept", there.recv(20))
    lab.log("exit", lab.reap(pid))


@scenario
def signal_ignored(lab):
    """A signal that is ignored interrupts nothing."""
    signal.signal(USR, signal.SIG_IGN)
    gate, c = lab.gate(), lab.client()
    main = threading.get_native_id()

    def others():
        gate.knocked()
        lab.blocked_in("connect", tid=main)
        os.kill(os.getpid(), USR)
        lab.blocked_in("connect", tid=main)
        gate.open()
    t = Thread(others)
    lab.log("connect", libc.connect(c.fileno(), sockaddr(gate.address), 16))
    t.result()


@scenario
def signal_blocked(lab):
    """A blocked signal waits until the call is over."""
    h = Handler(restart=False)
    gate, c = lab.gate(), lab.client()
    main = threading.get_native_id()

    def others():
        gate.knocked()
        lab.blocked_in("connect", tid=main)
        signal.pthread_kill(threading.main_thread().ident, USR)
        gate.open()
    signal.pthread_sigmask(signal.SIG_BLOCK, [USR])
    t = Thread(others)
    lab.log("connect", libc.connect(c.fileno(), sockaddr(gate.address), 16))
    t.result()
    lab.log("not yet", h.count)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [USR])
    lab.log("then", h.count)


@scenario
def signal_during_recv(lab):
    """A signal during recv, which the kernel handles alone."""
    c, s = lab.pair()
    _ = Handler(restart=False)
    buffer = ctypes.create_string_buffer(10)
    main = threading.get_native_id()

    def others():
        lab.blocked_in("read", tid=main)
        signal.pthread_kill(threading.main_thread().ident, USR)
    t = Thread(others)
    ctypes.set_errno(0)
    r = libc.recv(c.fileno(), buffer, 10, 0)
    lab.log("recv", name_of(ctypes.get_errno()) if r < 0 else r)
    t.result()
    s.sendall(b"x")
    lab.log("then", exactly(c, 1))


@scenario
def signal_exit_with_thread_in_connect(lab):
    """exit_group while a thread blocks in connect ends the process at once."""
    gate, c = lab.gate(), lab.client()

    def child():
        t = Thread(c.connect, gate.address)
        lab.blocked_in("connect", tid=t.native_id)
        os._exit(7)
    lab.log("exit", lab.reap(lab.child(child)))
