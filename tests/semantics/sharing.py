"""One socket in several threads, processes and descriptors."""
import fcntl
import os
import select
import signal
import socket

from flags import cloexec
from lab import ALL, DEADLINE, Thread, drain, events, exactly, pattern, poll, scenario


@scenario
def share_threads_accept(lab):
    """Four threads accept on one listener, each connection goes to one of them."""
    listener = lab.listener()

    def serve():
        n = 0
        while True:
            s, _ = listener.accept()
            with s:
                if exactly(s, 1) == b"q":
                    return n
                s.sendall(b"y")
                n += 1
    threads = [Thread(serve) for _ in range(4)]

    def ask(word):
        with lab.client() as c:
            c.connect(listener.getsockname())
            c.sendall(word)
            return drain(c)
    lab.log("answers", [ask(b"a") for _ in range(12)] == [b"y"] * 12)
    for _ in threads:
        ask(b"q")
    lab.log("served", sum(t.result() for t in threads))


@scenario
def share_threads_connect(lab):
    """Many threads connect at the same time."""
    listener = lab.listener()

    def serve():
        for _ in range(24):
            s, _ = listener.accept()
            s.sendall(exactly(s, 1))
            s.close()

    def ask():
        c = lab.client()
        c.connect(listener.getsockname())
        c.sendall(b"x")
        return drain(c)
    server = Thread(serve)
    lab.log("answers", [t.result() for t in [Thread(ask) for _ in range(24)]] == [b"x"] * 24)
    server.result()


@scenario
def share_reader_and_writer(lab):
    """A thread reads while another one writes the same socket."""
    c, s = lab.pair()
    echo = Thread(lambda: [s.sendall(b) for b in iter(lambda: s.recv(65536), b"")])
    want = pattern(4 << 20)
    reader = Thread(exactly, c, len(want))
    c.sendall(want)
    lab.log("echoed", reader.result() == want)
    c.shutdown(socket.SHUT_WR)
    echo.result()


@scenario
def share_fork_child_uses(lab):
    """The child of a fork talks on the connection of its parent."""
    c, s = lab.pair()

    def child():
        c.sendall(b"from child")
        return exactly(c, 2) != b"ok"
    pid = lab.child(child)
    c.close()
    lab.log("read", exactly(s, 10))
    s.sendall(b"ok")
    lab.log("exit", lab.reap(pid))
    lab.log("end", drain(s))


@scenario
def share_fork_before_connect(lab):
    """A child connects a socket made by its parent; the parent uses it."""
    listener, c = lab.listener(), lab.client()
    pid = lab.child(lambda: c.connect_ex(listener.getsockname()))
    lab.log("exit", lab.reap(pid))
    lab.call("peer", c.getpeername)
    s, _ = listener.accept()
    c.sendall(b"x")
    lab.call("data", s.recv, 1)


@scenario
def share_fork_server(lab):
    """One process for each connection, the classic."""
    listener = lab.listener()
    pids = []
    for i in range(6):
        c = lab.client()
        c.connect(listener.getsockname())
        s, _ = listener.accept()

        def child():
            listener.close()
            s.sendall(b"child %d" % i)
        pids.append(lab.child(child))
        s.close()
        lab.log(f"answer {i}", drain(c))
    lab.log("exits", [lab.reap(p) for p in pids])


@scenario
def share_prefork(lab):
    """Processes forked after listen accept from one queue."""
    listener = lab.listener()

    def serve():
        while True:
            s, _ = listener.accept()
            with s:
                word = exactly(s, 1)
                s.sendall(b"y")
                if word == b"q":
                    return 0
    pids = [lab.child(serve) for _ in range(4)]
    address = listener.getsockname()
    listener.close()

    def ask(word):
        with lab.client() as c:
            c.connect(address)
            c.sendall(word)
            return drain(c)
    lab.log("answers", [t.result() for t in [Thread(ask, b"a") for _ in range(20)]] == [b"y"] * 20)
    lab.log("last", [ask(b"q") for _ in pids] == [b"y"] * 4)
    lab.log("exits", [lab.reap(p) for p in pids])


@scenario
def share_fork_listen_in_child(lab):
    """A child makes the listener of its parent listen."""
    s = lab.server()
    s.bind((lab.host, 0))
    pid = lab.child(lambda: s.listen(4))
    lab.log("exit", lab.reap(pid))
    lab.know("listener", s)
    c, a = lab.connected(s)
    c.sendall(b"x")
    lab.call("data", a.recv, 1)


@scenario
def share_dup(lab):
    c, s = lab.pair()
    d = lab.keep(c.dup())
    lab.call("peer of the copy", d.getpeername)
    lab.call("option through the copy", d.setsockopt, socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    lab.log("seen by the first", c.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
    c.close()
    lab.call("send", d.send, b"still here")
    lab.log("arrived", exactly(s, 10))
    lab.log("peer sees no end", events(poll(s)))
    d.close()
    lab.log("end", drain(s))


@scenario
def share_dup2(lab):
    """dup2 over another socket closes that one."""
    c, s = lab.pair()
    c2, s2 = lab.pair()
    os.dup2(c.fileno(), c2.fileno())
    lab.log("the other ended", drain(s2))
    lab.log("peer", c2.getpeername() == s.getsockname())
    c2.sendall(b"x")
    lab.call("data", s.recv, 1)


@scenario
def share_dup3(lab):
    c, s = lab.pair()
    high = 700
    lab.log("dup3", os.dup2(c.fileno(), high, inheritable=False))
    lab.log("cloexec", cloexec(high))
    os.write(high, b"x")
    lab.call("data", s.recv, 1)
    lab.log("fcntl", fcntl.fcntl(c, fcntl.F_DUPFD_CLOEXEC, 800) >= 800)


@scenario
def share_dup_before_connect(lab):
    """A copy taken before connect is connected too, and so is its registration in an epoll."""
    listener, c = lab.listener(), lab.client()
    d = c.dup()
    ep = select.epoll()
    ep.register(d, select.EPOLLIN | select.EPOLLOUT | select.EPOLLRDHUP)
    c.connect(listener.getsockname())
    lab.log("epoll of the copy", [events(m) for _, m in ep.poll(DEADLINE)])
    c.close()
    s, _ = listener.accept()
    lab.call("peer", d.getpeername)
    d.sendall(b"x")
    lab.call("data", s.recv, 1)


@scenario
def share_epoll_outlives_descriptor(lab):
    """epoll(7), question 6: a registration lives as long as the open file description."""
    c, s = lab.pair()
    d, fd = c.dup(), c.fileno()
    ep = select.epoll()
    ep.register(c, select.EPOLLIN)
    c.close()
    s.sendall(b"x")
    lab.log("event of the closed number", [n == fd for n, _ in ep.poll(DEADLINE)])
    d.close()
    lab.log("after the last copy", ep.poll(0))


@scenario
def share_close_by_one_process(lab):
    """A process closes its copy, the connection lives on in the other."""
    c, s = lab.pair()
    pid = lab.child(c.close)
    lab.log("exit", lab.reap(pid))
    c.sendall(b"x")
    lab.call("data", s.recv, 1)
    lab.log("peer sees no end", events(poll(s)))


@scenario
def share_shutdown_by_one_process(lab):
    """shutdown acts on the connection, not on the copy."""
    c, s = lab.pair()
    pid = lab.child(c.shutdown, socket.SHUT_WR)
    lab.log("exit", lab.reap(pid))
    lab.log("end", drain(s))
    lab.call("send here", c.send, b"x", socket.MSG_NOSIGNAL)


@scenario
def share_close_while_reading(lab):
    """close by one thread while another one blocks in read: the read goes on."""
    c, s = lab.pair()
    fd = c.detach()
    t = Thread(os.read, fd, 10)
    lab.blocked_in("read", tid=t.native_id)
    os.close(fd)
    s.sendall(b"late")
    lab.log("read", t.result())
    lab.log("then the end", drain(s))


@scenario
def share_close_while_accepting(lab):
    """close of a listener while another process still has it."""
    listener = lab.listener()
    there, here = socket.socketpair()

    def child():
        here.recv(1)
        listener.accept()[0].sendall(b"accepted")
    pid = lab.child(child)
    address = listener.getsockname()
    listener.close()
    c = lab.client()
    lab.call("connect", c.connect, address)
    there.send(b"x")
    lab.log("said", drain(c))
    lab.log("exit", lab.reap(pid))


@scenario
def share_shutdown_wakes_accept(lab):
    """shutdown of a listener wakes the thread that blocks in accept."""
    listener = lab.listener()
    t = Thread(listener.accept)
    lab.blocked_in("accept", tid=t.native_id)
    lab.call("shutdown", listener.shutdown, socket.SHUT_RDWR)
    lab.call("accept", t.result)


@scenario
def share_killed_process_ends_connection(lab):
    c, s = lab.pair()
    pid = lab.child(signal.pause)
    c.close()
    os.kill(pid, signal.SIGKILL)
    lab.log("end", drain(s))
    lab.log("died of", lab.reap(pid))


@scenario
def share_signal_driven(lab):
    """F_SETOWN and O_ASYNC: SIGIO when bytes arrive."""
    c, s = lab.pair()
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGIO])
    fcntl.fcntl(c, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(c, fcntl.F_SETFL, fcntl.fcntl(c, fcntl.F_GETFL) | os.O_ASYNC)
    s.sendall(b"x")
    lab.log("signal", signal.sigtimedwait([signal.SIGIO], DEADLINE) is not None)
    lab.log("poll", events(poll(c) & ALL))


@scenario
def share_blocked_calls_delay_nobody(lab):
    """While a dozen threads block in connect and accept, other calls are answered."""
    gate = lab.gate()
    held = [Thread(lab.client().connect, gate.address) for _ in range(1 if gate.held_syn else 8)]
    listeners = [lab.listener() for _ in range(4)]
    waiting = [Thread(s.accept) for s in listeners]
    for t in held:
        lab.blocked_in("connect", tid=t.native_id)
    for t in waiting:
        lab.blocked_in("accept", tid=t.native_id)
    listener = lab.listener()
    for _ in range(20):
        c, s = lab.connected(listener)
        c.sendall(b"x")
        exactly(s, 1)
        c.close()
        s.close()
    lab.log("served meanwhile", True)
    for s in listeners:
        lab.client().connect(s.getsockname())
    lab.log("accepted", [t.result()[0].fileno() > 0 for t in waiting])


@scenario
def share_number_reused(lab):
    """A number that belonged to another socket says nothing about the new one."""
    c, s = lab.pair()
    number = c.fileno()
    c.close()
    lab.log("end", drain(s))
    fresh = lab.client()
    os.dup2(fresh.fileno(), number)
    with socket.socket(fileno=number) as again:
        lab.call("peer", again.getpeername)
        lab.call("connect", again.connect, s.getsockname())
        lab.call("peer of the first", fresh.getpeername)
    pipe = os.pipe()
    os.dup2(pipe[0], number)
    lab.raw("a pipe now", "getpeername", number, None, None)
    udp = lab.keep(socket.socket(type=socket.SOCK_DGRAM))
    os.dup2(udp.fileno(), number)
    lab.raw("a datagram socket now", "listen", number, 1)
    os.close(number)


@scenario
def share_many_processes(lab):
    """Twenty processes, each with sockets of its own and one of its parent's."""
    listener = lab.listener()

    def child():
        c = lab.client()
        c.connect(listener.getsockname())
        c.sendall(b"%05d" % os.getpid())
        return drain(c) != b"%05d" % os.getpid()
    pids = [lab.child(child) for _ in range(20)]
    for _ in pids:
        s, _ = listener.accept()
        s.sendall(exactly(s, 5))
        s.close()
    lab.log("exits", [lab.reap(p) for p in pids])
