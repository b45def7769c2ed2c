"""How connections end: half-close, close, reset, and what is read and written afterwards."""
import os
import select
import signal
import socket
import struct

from lab import Thread, drain, events, exactly, pattern, poll, scenario

MB = 1 << 20


@scenario
def data_half_close_client(lab):
    c, s = lab.pair()
    c.sendall(b"question")
    lab.call("shutdown", c.shutdown, socket.SHUT_WR)
    lab.log("read to end", drain(s))
    s.sendall(b"answer")
    s.close()
    lab.log("answer", drain(c))


@scenario
def data_half_close_server(lab):
    c, s = lab.pair()
    s.sendall(b"greeting")
    lab.call("shutdown", s.shutdown, socket.SHUT_WR)
    lab.log("read to end", drain(c))
    c.sendall(b"late")
    c.close()
    lab.log("late", drain(s))


@scenario
def data_half_close_large(lab):
    """After one half is closed a large answer still comes whole."""
    c, s = lab.pair()
    c.shutdown(socket.SHUT_WR)
    lab.log("end", drain(s))
    t = Thread(s.sendall, pattern(8 * MB))
    lab.log("answer", exactly(c, 8 * MB))
    t.result()
    lab.call("still open", s.send, b"x")


@scenario
def data_after_shutdown(lab):
    c, _ = lab.pair()
    lab.call("shutdown", c.shutdown, socket.SHUT_WR)
    lab.call("send", c.send, b"x", socket.MSG_NOSIGNAL)
    lab.call("shutdown again", c.shutdown, socket.SHUT_WR)
    lab.call("recv", c.recv, 1, socket.MSG_DONTWAIT)
    lab.call("wrong how", c.shutdown, 3)


@scenario
def data_shutdown_read(lab):
    """shutdown(SHUT_RD) ends reading here; the peer notices nothing."""
    c, s = lab.pair()
    s.sendall(b"before")
    lab.until(c, select.POLLIN)
    lab.call("shutdown", c.shutdown, socket.SHUT_RD)
    lab.log("poll", events(poll(c)))
    lab.call("recv", c.recv, 6)
    lab.call("recv end", c.recv, 1)
    lab.call("send", c.send, b"x")
    lab.call("arrived", s.recv, 1)


@scenario
def data_shutdown_read_then_sent(lab):
    """Bytes that come after SHUT_RD: TCP still delivers them."""
    c, s = lab.pair()
    c.shutdown(socket.SHUT_RD)
    lab.call("peer sends", s.send, b"late", socket.MSG_NOSIGNAL)
    c.sendall(b"x")
    lab.log("peer reads", exactly(s, 1))
    lab.call("peer sends more", s.send, b"late", socket.MSG_NOSIGNAL)


@scenario
def data_shutdown_both(lab):
    c, s = lab.pair()
    lab.call("shutdown", c.shutdown, socket.SHUT_RDWR)
    lab.log("poll", events(poll(c)))
    lab.call("recv", c.recv, 1)
    lab.call("send", c.send, b"x", socket.MSG_NOSIGNAL)
    lab.log("peer", drain(s))


@scenario
def data_shutdown_unconnected(lab):
    c = lab.client()
    lab.call("fresh", c.shutdown, socket.SHUT_WR)
    listener = lab.listener()
    lab.call("listener", listener.shutdown, socket.SHUT_RDWR)
    listener.setblocking(False)
    lab.call("accept", listener.accept)


@scenario
def data_unconnected(lab):
    s = lab.client()
    lab.call("recv", s.recv, 1)
    lab.call("recv nonblocking", s.recv, 1, socket.MSG_DONTWAIT)
    lab.call("send", s.send, b"x", socket.MSG_NOSIGNAL)
    lab.call("read", os.read, s.fileno(), 1)
    lab.call("sendto", s.sendto, b"x", ("127.0.0.1", 9))
    listener = lab.listener()
    lab.call("listener recv", listener.recv, 1, socket.MSG_DONTWAIT)
    lab.call("listener send", listener.send, b"x", socket.MSG_NOSIGNAL)


@scenario
def data_read_after_peer_closed(lab):
    c, s = lab.pair()
    s.sendall(b"last words")
    s.close()
    lab.log("words", drain(c))
    lab.call("again", c.recv, 1)
    lab.call("and again", c.recv, 1, socket.MSG_DONTWAIT)


def write_until_error(c):
    """Write until the connection says no. Returns the error."""
    while True:
        try:
            c.send(b"x" * 1000, socket.MSG_NOSIGNAL)
        except OSError as e:
            return e
        select.select([], [c], [], 1)


@scenario
def data_write_after_peer_closed(lab):
    c, s = lab.pair()
    s.close()
    lab.until(c, select.POLLRDHUP)
    lab.call("eventually", lambda: (_ for _ in ()).throw(write_until_error(c)))
    lab.call("again", c.send, b"x", socket.MSG_NOSIGNAL)
    lab.call("recv", c.recv, 1)


@scenario
def data_sigpipe(lab):
    c, s = lab.pair()

    def writer():
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        while True:
            os.write(c.fileno(), b"x")
            select.select([], [c], [], 1)
    s.close()
    lab.until(c, select.POLLRDHUP)
    lab.log("died of", signal.Signals(-lab.reap(lab.child(writer))).name)


@scenario
def data_reset(lab):
    """SO_LINGER with 0 aborts the connection."""
    c, s = lab.pair()
    lab.call("linger", s.setsockopt, socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()
    lab.log("poll", events(lab.until(c, select.POLLERR | select.POLLHUP)))
    lab.call("recv", c.recv, 1)
    lab.call("recv again", c.recv, 1)
    lab.call("send", c.send, b"x", socket.MSG_NOSIGNAL)


@scenario
def data_reset_write(lab):
    c, s = lab.pair()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()
    lab.until(c, select.POLLERR | select.POLLHUP)
    lab.call("send", c.send, b"x", socket.MSG_NOSIGNAL)
    lab.call("send again", c.send, b"x", socket.MSG_NOSIGNAL)


@scenario
def data_reset_soerror(lab):
    c, s = lab.pair()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()
    lab.until(c, select.POLLERR | select.POLLHUP)
    lab.log("error", c.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
    lab.log("error again", c.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
    lab.call("recv", c.recv, 1)


@scenario
def data_close_with_unread(lab):
    """Closing with bytes unread resets the connection (RFC 2525, section 2.17)."""
    c, s = lab.pair()
    c.sendall(b"never read")
    lab.until(s, select.POLLIN)
    s.close()
    lab.until(c, select.POLLRDHUP)
    lab.call("recv", c.recv, 1)


@scenario
def data_linger_waits(lab):
    """close with SO_LINGER waits until the peer has the bytes."""
    c, s = lab.pair()
    c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 20))
    c.sendall(pattern(1000))
    lab.call("close", c.close)
    lab.log("arrived", drain(s) == pattern(1000))
