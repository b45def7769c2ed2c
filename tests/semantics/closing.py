"""The life of a port: who can bind it, and when it is free again."""
import json
import os
import signal
import socket
import struct

from lab import DEADLINE, Expired, drain, exactly, scenario


def take(address, reuse=False):
    """Have a process outside bind and listen on an address with plain TCP. Returns the errno's name, or "free"."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
        s.connect(os.environ["SSA_TEST_OUTSIDE"])
        s.sendall(json.dumps([address[0], address[1], reuse]).encode())
        s.shutdown(socket.SHUT_WR)
        return drain(s).decode()


def reusable(lab):
    """A listener with SO_REUSEADDR."""
    s = lab.server()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((lab.host, 0))
    s.listen(16)
    return s


def soon_free(lab, address, reuse=False):
    """Wait until the address is free."""
    try:
        return lab.wait(lambda: take(address, reuse) == "free")
    except Expired:
        return f"still {take(address, reuse)} after {DEADLINE} s"


@scenario
def close_listener_frees_port(lab):
    listener = lab.listener()
    address = listener.getsockname()
    lab.log("while open", take(address))
    listener.close()
    lab.log("free", soon_free(lab, address))


@scenario
def close_listener_frees_port_for_its_own_kind(lab):
    """The next bind of the same program finds the port free, at once and every time."""
    listener = lab.listener()
    address = listener.getsockname()
    for i in range(20):
        listener.close()
        listener = lab.server()
        lab.call(f"bind {i}", listener.bind, address)
        listener.listen(4)


@scenario
def close_listener_with_connections(lab):
    """Accepted connections live on; with SO_REUSEADDR the port can be taken again meanwhile."""
    listener = reusable(lab)
    address = listener.getsockname()
    c, s = lab.connected(listener)
    listener.close()
    lab.log("free", soon_free(lab, address, reuse=True))
    lab.log("without SO_REUSEADDR", take(address))
    c.sendall(b"x")
    lab.call("data", s.recv, 1)


@scenario
def close_listener_with_unaccepted(lab):
    """A connection that nobody accepted is reset when the listener is closed."""
    listener = reusable(lab)
    address = listener.getsockname()
    c = lab.client()
    c.connect(address)
    listener.close()
    lab.log("free", soon_free(lab, address, reuse=True))
    lab.call("read", c.recv, 1)
    lab.call("connect", lab.client().connect, address)


@scenario
def close_listener_by_exit(lab):
    there, here = socket.socketpair()

    def child():
        listener = reusable(lab)
        lab.know("listener", listener)
        here.send(struct.pack("H", listener.getsockname()[1]))
        here.recv(1)
    pid = lab.child(child)
    address = (lab.host, struct.unpack("H", there.recv(2))[0])
    lab.log("while open", take(address))
    there.send(b"x")
    lab.log("exit", lab.reap(pid))
    lab.log("free", soon_free(lab, address))


@scenario
def close_listener_by_kill(lab):
    """A killed process frees its port; the connection it had accepted ends."""
    there, here = socket.socketpair()

    def child():
        listener = reusable(lab)
        here.send(struct.pack("H", listener.getsockname()[1]))
        s, _ = listener.accept()
        s.sendall(b"hello")
        signal.pause()
    pid = lab.child(child)
    address = (lab.host, struct.unpack("H", there.recv(2))[0])
    c = lab.client()
    c.connect(address)
    lab.log("served", exactly(c, 5))
    os.kill(pid, signal.SIGKILL)
    lab.log("died of", lab.reap(pid))
    lab.log("end", drain(c))
    lab.log("free", soon_free(lab, address, reuse=True))


@scenario
def close_bound_frees_port(lab):
    """A socket that was only bound holds the port, and gives it back."""
    s = lab.server()
    s.bind((lab.host, 0))
    address = s.getsockname()
    lab.log("while open", take(address))
    s.close()
    lab.log("free", soon_free(lab, address))


@scenario
def close_with_copy_in_child(lab):
    """The port stays taken as long as any process has the listener."""
    listener = lab.listener()
    address = listener.getsockname()
    there, here = socket.socketpair()
    pid = lab.child(lambda: here.recv(1) != b"x")
    listener.close()
    lab.log("child has it", take(address))
    there.send(b"x")
    lab.log("exit", lab.reap(pid))
    lab.log("free", soon_free(lab, address))


@scenario
def close_client_port(lab):
    """A connection closed by the peer first leaves the client's port free."""
    listener, c = lab.listener(), lab.client()
    c.bind((lab.host, 0))
    address = c.getsockname()
    c.connect(listener.getsockname())
    s, _ = listener.accept()
    s.close()
    lab.log("end", drain(c))
    c.close()
    lab.log("free", soon_free(lab, address))


@scenario
def close_reuseaddr_needed(lab):
    """The port of a listener whose connection was closed here first is in TIME_WAIT."""
    listener = reusable(lab)
    address = listener.getsockname()
    c, s = lab.connected(listener)
    s.close()
    lab.log("end", drain(c))
    c.close()
    listener.close()
    lab.log("with SO_REUSEADDR", soon_free(lab, address, reuse=True))
    lab.log("without", take(address))


@scenario
def close_reuseport(lab):
    """Two listeners share a port when both ask for it; every client is served by one of them."""
    address, listeners = (lab.host, 0), []
    for _ in range(2):
        s = lab.server()
        lab.call(f"option {len(listeners)}", s.setsockopt, socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        s.bind(address)
        address = s.getsockname()
        s.listen(64)
        s.setblocking(False)
        listeners.append(s)
    third = lab.server()
    lab.call("without the option", third.bind, address)
    clients = [lab.client() for _ in range(16)]
    for c in clients:
        c.connect(address)
    accepted = []

    def accept_all():
        for s in listeners:
            try:
                accepted.append(lab.keep(s.accept()[0]))
            except BlockingIOError:
                pass
        return len(accepted) == len(clients)
    lab.wait(accept_all, "every client to be accepted")
    lab.log("accepted", len(accepted))


@scenario
def close_twice(lab):
    c, s = lab.pair()
    fd = c.detach()
    lab.raw("close", "close", fd)
    lab.raw("again", "close", fd)
    lab.log("end", drain(s))


@scenario
def close_in_each_state(lab):
    """Closing never fails and never leaves a number behind."""
    fresh = lab.client()
    lab.call("fresh", fresh.close)
    bound = lab.server()
    bound.bind((lab.host, 0))
    lab.call("bound", bound.close)
    refused = lab.client()
    refused.connect_ex(lab.dead())
    lab.call("refused", refused.close)
    lab.call("listening", lab.listener().close)
    c, s = lab.pair()
    lab.call("client", c.close)
    lab.call("server", s.close)
