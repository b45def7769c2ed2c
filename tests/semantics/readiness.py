"""select, poll and epoll, level and edge triggered, on every kind of socket."""
import select
import socket

from lab import ALL, DEADLINE, events, exactly, pattern, poll, scenario

ET = select.EPOLLET
EALL = ALL  # the bits of poll and epoll are the same


def edge_with(ep, name):
    """The next edge that has the named bit. Others may come before: epoll(7) allows more edges than changes."""
    found = edge(ep)
    while not any(name in e for e in found):
        found = edge(ep)
    return found


def more(ep):
    """Edges that say something new to a program that knows it can write."""
    return [e for e in got(ep) if e != "OUT"]


def watch(sock, flags=0):
    """An epoll with one registration."""
    ep = select.epoll()
    ep.register(sock, EALL | flags)
    return ep


def got(ep, timeout=0):
    """The masks that epoll_wait gives now."""
    return [events(m) for _, m in ep.poll(timeout)]


def edge(ep):
    """The next edge."""
    return [events(m) for _, m in ep.poll(DEADLINE)]


@scenario
def ready_fresh(lab):
    s = lab.client()
    lab.log("poll", events(poll(s)))
    lab.log("select", [len(x) for x in select.select([s], [s], [s], 0)])
    lab.log("epoll", got(watch(s)))
    s.bind((lab.host, 0))
    lab.log("poll bound", events(poll(s)))


@scenario
def ready_epoll_level_before_connect(lab):
    listener, c = lab.listener(), lab.client()
    c.setblocking(False)
    ep = watch(c)
    lab.log("fresh", got(ep))
    lab.call("connect", c.connect, listener.getsockname())
    lab.log("connected", edge(ep))
    lab.log("still", got(ep))


@scenario
def ready_epoll_level_after_connect(lab):
    listener, c = lab.listener(), lab.client()
    c.setblocking(False)
    lab.call("connect", c.connect, listener.getsockname())
    lab.log("connected", edge(watch(c)))


def edges(lab, stage):
    """Edges of a socket that was registered before connect."""
    gate, c = lab.gate(stage), lab.client()
    c.setblocking(False)
    ep = watch(c, ET)
    lab.log("fresh", got(ep))
    lab.call("connect", c.connect, gate.address)
    lab.log("in progress", got(ep))
    gate.open()
    lab.log("connected", edge(ep))
    lab.log("no more", more(ep))
    gate.accept().sendall(b"x")
    lab.log("data", edge_with(ep, "IN"))
    lab.log("data once", more(ep))


@scenario
def ready_epoll_edge_before_connect_syn(lab):
    edges(lab, "syn")


@scenario
def ready_epoll_edge_before_connect_hello(lab):
    edges(lab, "hello")


@scenario
def ready_epoll_edge_during_connect(lab):
    gate, c = lab.gate(), lab.client()
    c.setblocking(False)
    lab.call("connect", c.connect, gate.address)
    ep = watch(c, ET)
    lab.log("in progress", got(ep))
    gate.open()
    lab.log("connected", edge(ep))
    lab.log("no more", more(ep))


@scenario
def ready_epoll_only_out_during_connect(lab):
    """What most event loops do: wait for EPOLLOUT alone."""
    gate, c = lab.gate(), lab.client()
    c.setblocking(False)
    lab.call("connect", c.connect, gate.address)
    ep = select.epoll()
    ep.register(c, select.EPOLLOUT | select.EPOLLONESHOT)
    lab.log("in progress", got(ep))
    gate.open()
    lab.log("connected", edge(ep))
    lab.log("one shot", got(ep))


@scenario
def ready_epoll_edge_refused(lab):
    c = lab.client()
    c.setblocking(False)
    ep = watch(c, ET)
    lab.log("fresh", got(ep))
    lab.call("connect", c.connect, lab.dead())
    lab.log("refused", edge(ep))


@scenario
def ready_select_connect(lab):
    gate, c = lab.gate(), lab.client()
    c.setblocking(False)
    lab.call("connect", c.connect, gate.address)
    lab.log("in progress", [len(x) for x in select.select([c], [c], [c], 0)])
    gate.open()
    lab.log("connected", [len(x) for x in select.select([c], [c], [c], DEADLINE)])


@scenario
def ready_edge_per_message(lab):
    """Every message that arrives is an edge, read or not."""
    c, s = lab.pair()
    ep = watch(c, ET)
    lab.log("start", got(ep))
    for i in range(3):
        s.sendall(b"m")
        lab.log(f"message {i}", edge(ep))
    lab.log("bytes", exactly(c, 3))
    lab.log("read empty", got(ep))
    lab.call("eagain", c.recv, 1, socket.MSG_DONTWAIT)


@scenario
def ready_edge_on_server_side(lab):
    c, s = lab.pair()
    ep = watch(s, ET)
    lab.log("start", got(ep))
    c.sendall(b"m")
    lab.log("message", edge(ep))
    c.shutdown(socket.SHUT_WR)
    lab.log("half closed", edge(ep))


def stuff(s):
    """Write until the kernel takes no more. Returns the bytes written."""
    s.setblocking(False)
    n, block = 0, pattern(1 << 16)
    while True:
        try:
            n += s.send(block)
        except BlockingIOError:
            return n


@scenario
def ready_edge_when_room_again(lab):
    c, s = lab.pair()
    ep = watch(c, ET)
    lab.log("start", got(ep))
    n = stuff(c)
    while not settled(c):
        n += stuff(c)
    got(ep)
    lab.log("arrived", len(exactly(s, n)) == n)
    lab.log("room", edge(ep))


def settled(c):
    """Whether nothing more can be written, now that what was written had a tenth of a second to move on."""
    p = select.poll()
    p.register(c, select.POLLOUT)
    return not p.poll(100)


@scenario
def ready_level_full(lab):
    c, s = lab.pair()
    n = stuff(c)
    while not settled(c):
        n += stuff(c)
    lab.log("arrived", len(exactly(s, n)) == n)
    lab.log("room", events(lab.until(c, select.POLLOUT)))


@scenario
def ready_listener(lab):
    listener = lab.listener()
    lab.log("idle", events(poll(listener)))
    c = lab.client()
    c.connect(listener.getsockname())
    lab.log("waiting", events(lab.until(listener, select.POLLIN)))
    lab.log("select", [len(x) for x in select.select([listener], [listener], [listener], 0)])
    listener.accept()
    lab.log("idle again", events(poll(listener)))


@scenario
def ready_listener_epoll_edge(lab):
    listener = lab.listener()
    ep = watch(listener, ET)
    lab.log("idle", got(ep))
    clients = []
    for i in range(3):
        clients.append(lab.client())
        clients[-1].connect(listener.getsockname())
        lab.log(f"client {i}", edge(ep))
    lab.log("no more", got(ep))
    listener.setblocking(False)
    for i in range(3):
        lab.call(f"accept {i}", lambda: lab.keep(listener.accept()[0]))
    lab.call("accept 3", listener.accept)


@scenario
def ready_listener_epoll_before_listen(lab):
    listener = lab.server()
    ep = watch(listener)
    lab.log("fresh", got(ep))
    listener.bind((lab.host, 0))
    lab.log("bound", got(ep))
    listener.listen(8)
    lab.log("listening", got(ep))
    lab.client().connect(listener.getsockname())
    lab.log("waiting", edge(ep))


@scenario
def ready_listener_edge_before_listen(lab):
    listener = lab.server()
    ep = watch(listener, ET)
    lab.log("fresh", got(ep))
    listener.bind((lab.host, 0))
    listener.listen(8)
    lab.log("listening", got(ep))
    lab.client().connect(listener.getsockname())
    lab.log("waiting", edge(ep))


@scenario
def ready_listener_nonblocking(lab):
    listener = lab.listener()
    listener.setblocking(False)
    lab.call("nobody", listener.accept)
    lab.client().connect(listener.getsockname())
    lab.until(listener, select.POLLIN)
    lab.call("somebody", lambda: lab.keep(listener.accept()[0]))
    lab.call("nobody more", listener.accept)


@scenario
def ready_half_closed(lab):
    c, s = lab.pair()
    lab.log("open", events(poll(c)))
    s.shutdown(socket.SHUT_WR)
    lab.log("peer closed its half", events(lab.until(c, select.POLLRDHUP)))
    lab.log("select", [len(x) for x in select.select([c], [c], [c], 0)])
    c.shutdown(socket.SHUT_WR)
    lab.log("both halves", events(lab.until(c, select.POLLHUP)))
    lab.log("peer", events(lab.until(s, select.POLLHUP)))


@scenario
def ready_edges_of_the_end(lab):
    c, s = lab.pair()
    ep = watch(c, ET)
    lab.log("open", got(ep))
    s.shutdown(socket.SHUT_WR)
    lab.log("peer closed its half", edge(ep))
    lab.call("read", c.recv, 1)
    lab.log("no more", got(ep))


@scenario
def ready_peer_closed(lab):
    c, s = lab.pair()
    s.close()
    lab.log("peer closed", events(lab.until(c, select.POLLRDHUP)))
    lab.call("read", c.recv, 1)
    lab.log("still", events(poll(c)))


@scenario
def ready_epoll_shared(lab):
    """One epoll holds both ends and the listener."""
    listener = lab.listener()
    c = lab.client()
    ep = select.epoll()
    ep.register(listener, select.EPOLLIN)
    c.connect(listener.getsockname())
    lab.log("listener", [fd == listener.fileno() for fd, _ in ep.poll(DEADLINE)])
    s, _ = listener.accept()
    ep.register(s, select.EPOLLIN)
    ep.register(c, select.EPOLLIN)
    c.sendall(b"x")
    lab.log("server", [fd == s.fileno() for fd, _ in ep.poll(DEADLINE)])
    s.sendall(exactly(s, 1))
    lab.log("client", [fd == c.fileno() for fd, _ in ep.poll(DEADLINE)])


@scenario
def ready_epoll_modify(lab):
    c, s = lab.pair()
    ep = select.epoll()
    ep.register(c, select.EPOLLIN)
    lab.log("in", got(ep))
    ep.modify(c, select.EPOLLOUT)
    lab.log("out", got(ep))
    ep.modify(c, select.EPOLLIN | ET)
    s.sendall(b"x")
    lab.log("data", edge(ep))
    ep.unregister(c)
    lab.log("gone", got(ep))
