"""Scenarios of TCP_UPGRADE_TLS, all in one program: upgrade.py CA CHAIN KEY. Each prints "ok NAME"."""
import asyncio
import errno
import os
import select
import socket
import ssl
import sys
import threading

CA, CHAIN, KEY = sys.argv[1:]
IPPROTO_TLS, TCP_UPGRADE_TLS = 205, 205
TRUST, CERTIFICATE_CHAIN, PRIVATE_KEY, ERROR, VERSION = 87, 88, 89, 100, 113


def tcp():
    """A connected pair: client and server."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname(), timeout=None)
        return client, listener.accept()[0]


def begin(sock, name=None, trust=CA):
    """Begin TLS, as the client where there is a name."""
    if name is None:
        sock.setsockopt(IPPROTO_TLS, CERTIFICATE_CHAIN, CHAIN.encode())
        sock.setsockopt(IPPROTO_TLS, PRIVATE_KEY, KEY.encode())
    elif trust:
        sock.setsockopt(IPPROTO_TLS, TRUST, trust.encode())
    sock.setsockopt(socket.IPPROTO_TCP, TCP_UPGRADE_TLS, (name or "").encode())


def begin_aside(sock, *args, **names):
    """Begin TLS and wait for it without Python's lock, which setsockopt keeps from all other threads."""
    sock.setblocking(False)
    same(errno_of(begin, sock, *args, **names), "EINPROGRESS")
    poll = select.poll()
    poll.register(sock, select.POLLOUT)
    poll.poll()
    sock.setblocking(True)
    if e := sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
        raise OSError(e, os.strerror(e))


def errno_of(call, *args, **names):
    try:
        call(*args, **names)
    except OSError as e:
        return errno.errorcode[e.errno]
    return "success"


def same(got, want):
    assert got == want, f"got {got!r}, want {want!r}"


def read(sock, n):
    data = b""
    while len(data) < n:
        more = sock.recv(n - len(data))
        assert more, f"the end after {len(data)} of {n} bytes"
        data += more
    return data


def in_thread(call, *args, **names):
    result = []
    t = threading.Thread(target=lambda: result.append(errno_of(call, *args, **names)))
    t.start()
    return lambda: (t.join(), result[0])[1]


def tls():
    """A pair that has been upgraded at both ends."""
    client, server = tcp()
    done = in_thread(begin_aside, server)
    begin_aside(client, "localhost")
    same(done(), "success")
    return client, server


def both_roles():
    client, server = tcp()
    client.sendall(b"plain line\n")
    same(read(server, 6), b"plain ")
    same(read(server, 5), b"line\n")
    twin = client.dup()
    addresses = client.getsockname(), client.getpeername()
    done = in_thread(begin_aside, server)
    begin_aside(client, "localhost")
    same(done(), "success")
    data = os.urandom(1 << 20)
    for one, other in ((client, server), (server, client), (twin, server)):
        sent = in_thread(one.sendall, data)
        same(read(other, len(data)), data)
        same(sent(), "success")
    same((client.getsockname(), client.getpeername()), addresses)
    same(server.getpeername(), addresses[0])
    same(int.from_bytes(server.getsockopt(IPPROTO_TLS, VERSION, 4), sys.byteorder), 0x0304)
    client.shutdown(socket.SHUT_WR)
    same(server.recv(1), b"")
    server.sendall(b"the other way")
    same(read(twin, 13), b"the other way")


def blocking():
    """Two processes, each with one end alone."""
    client, server = tcp()
    gate, far_gate = os.pipe()
    if (pid := os.fork()) == 0:
        client.close()
        os.write(far_gate, b"x")
        begin(server)
        server.sendall(read(server, 5)[::-1])
        os._exit(0)
    server.close()
    os.read(gate, 1)
    begin(client, "localhost")
    client.sendall(b"hello")
    same(read(client, 5), b"olleh")
    same(client.recv(1), b"")
    same(os.waitpid(pid, 0)[1], 0)


def hello_behind_the_last_plain_byte():
    """The peer's ClientHello is in the server's TCP socket before the upgrade, in one segment with the last command."""
    raw, server = tcp()
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    engine = ssl.create_default_context(cafile=CA).wrap_bio(incoming, outgoing, server_hostname="localhost")

    def shake(call, *args):
        while True:
            try:
                value = call(*args)
                raw.sendall(outgoing.read())
                return value
            except ssl.SSLWantReadError:
                raw.sendall(outgoing.read())
                incoming.write(raw.recv(65536))

    try:
        engine.do_handshake()
    except ssl.SSLWantReadError:
        raw.sendall(b"STARTTLS\r\n" + outgoing.read())
    same(read(server, 10), b"STARTTLS\r\n")
    select.select([server], [], [])
    done = in_thread(begin_aside, server)
    shake(engine.do_handshake)
    same(done(), "success")
    shake(engine.write, b"first")
    same(read(server, 5), b"first")
    server.sendall(b"answer")
    same(shake(engine.read, 6), b"answer")


def nothing_goes_out_in_plain():
    """A raw peer records what arrives: the plain line, then records and nothing else, whatever the program sends."""
    client, raw = tcp()
    raw.settimeout(30)
    client.sendall(b"plain\n")
    client.setblocking(False)
    same(errno_of(begin, client, "localhost"), "EINPROGRESS")
    same(errno_of(client.send, b"SECRET"), "EAGAIN")
    raw.sendall(b"220 this is no TLS\r\n")
    poll = select.poll()
    poll.register(client, select.POLLOUT)
    poll.poll()
    same(errno.errorcode[client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)], "EPROTO")
    assert errno_of(client.send, b"SECRET") in ("EPIPE", "ECONNRESET")
    seen = b""
    try:
        while more := raw.recv(65536):
            seen += more
    except ConnectionResetError:
        pass
    plain, records = seen[:6], seen[6:]
    same(plain, b"plain\n")
    while records:
        assert records[0] in (0x15, 0x16) and records[1] == 3, records
        records = records[5 + int.from_bytes(records[3:5]):]
    assert b"SECRET" not in seen


def untrusted():
    client, server = tcp()
    done = in_thread(begin_aside, server)
    same(errno_of(begin_aside, client, "localhost", trust=None), "EKEYREJECTED")
    assert done() in ("EPROTO", "success")  # with TLS 1.3 a server may be done before it learns
    assert errno_of(client.send, b"x") in ("EPIPE", "ECONNRESET")
    same(client.recv(1) if errno_of(client.recv, 1) == "success" else b"", b"")


def wrong_name():
    client, server = tcp()
    done = in_thread(begin_aside, server)
    same(errno_of(begin_aside, client, "other.test"), "EKEYREJECTED")
    done()
    assert b"other.test" in client.getsockopt(IPPROTO_TLS, ERROR, 1024)


def another_process():
    client, server = tcp()
    gate, far_gate = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(far_gate)
        os.read(gate, 1)
        os._exit(0)
    same(errno_of(begin, client, "localhost"), "EBUSY")
    client.sendall(b"still plain")
    same(read(server, 11), b"still plain")
    os.close(far_gate)
    os.waitpid(pid, 0)
    done = in_thread(begin_aside, server)
    begin_aside(client, "localhost")
    same(done(), "success")


def inherited_afterwards():
    client, server = tls()
    if (pid := os.fork()) == 0:
        client.sendall(b"from the child")
        os._exit(0)
    client.close()
    same(read(server, 14), b"from the child")
    os.waitpid(pid, 0)
    same(server.recv(1), b"")


def event_loop():
    """Registrations from before: a reader of asyncio, and epoll edge triggered with data of its own."""

    async def run():
        client, server = tcp()
        client.setblocking(False)
        server.setblocking(False)
        loop = asyncio.get_running_loop()
        waiting = asyncio.create_task(loop.sock_recv(server, 100))  # registers the descriptor
        await asyncio.sleep(0)
        edge = select.epoll()
        edge.register(client.fileno(), select.EPOLLIN | select.EPOLLOUT | select.EPOLLET)
        assert edge.poll(0)[0][1] & select.EPOLLOUT
        same(errno_of(begin, server), "EINPROGRESS")
        same(errno_of(begin, client, "localhost"), "EINPROGRESS")
        assert errno_of(begin, client, "localhost", trust=None) in ("EALREADY", "success")
        writable = asyncio.Event()
        loop.add_writer(client, writable.set)
        await writable.wait()
        loop.remove_writer(client)
        same(client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), 0)
        same(edge.poll(0), [(client.fileno(), select.EPOLLOUT)])
        await loop.sock_sendall(client, b"over TLS")
        same(await waiting, b"over TLS")
        await loop.sock_sendall(server, b"back")
        seen = 0
        while not seen & select.EPOLLIN:  # a write that has been taken is an edge too
            seen |= sum(e for _, e in await loop.run_in_executor(None, edge.poll, 30))
        same(await loop.sock_recv(client, 100), b"back")

    asyncio.run(run())


def one_shot():
    client, server = tcp()
    done = None
    with select.epoll() as ep:
        ep.register(client.fileno(), select.EPOLLIN | select.EPOLLONESHOT)
        done = in_thread(begin_aside, server)
        begin_aside(client, "localhost")
        same(done(), "success")
        same(ep.poll(0), [])
        server.sendall(b"x")
        same(ep.poll(30), [(client.fileno(), select.EPOLLIN)])
        server.sendall(b"y")
        same(ep.poll(0.05), [])
        ep.modify(client.fileno(), select.EPOLLIN)
        same(ep.poll(30), [(client.fileno(), select.EPOLLIN)])


def refusals():
    client, server = tcp()
    same(errno_of(begin, socket.socket(), "localhost"), "ENOTCONN")
    same(errno_of(begin, client, "not a name"), "EINVAL")
    same(errno_of(client.setsockopt, socket.IPPROTO_TCP, TCP_UPGRADE_TLS, b""), "EINVAL")
    local, _ = socket.socketpair()
    same(errno_of(local.setsockopt, socket.IPPROTO_TCP, TCP_UPGRADE_TLS, b"x"), errno.errorcode[errno.EOPNOTSUPP])
    one, _ = tls()
    same(errno_of(begin, one, "localhost", trust=None), "success")  # once, as connect after EINPROGRESS
    same(errno_of(begin, one, "localhost", trust=None), "EISCONN")
    client.sendall(b"plain")
    same(read(server, 5), b"plain")
    server.shutdown(socket.SHUT_WR)
    same(errno_of(begin, server), "ENOTCONN")


for scenario in (both_roles, blocking, hello_behind_the_last_plain_byte, nothing_goes_out_in_plain, untrusted, wrong_name,
                 another_process, inherited_afterwards, event_loop, one_shot, refusals):
    scenario()
    print("ok", scenario.__name__, flush=True)
