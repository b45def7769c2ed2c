"""crowd_connect.py COUNT CA CHAIN KEY: connects COUNT non-blocking sockets to a listener of its own, all at once, sends
a byte over each, and writes how many arrived.
"""
import errno
import select
import socket
import sys
import threading

import tls


def client(ca):
    sock = tls.tls_socket()
    sock.setsockopt(tls.IPPROTO_TLS, tls.TEXT["ca"], ca.encode())
    sock.setsockopt(tls.IPPROTO_TLS, tls.TEXT["name"], b"localhost")
    sock.setblocking(False)
    return sock


def connected(sock):
    poll = select.poll()
    poll.register(sock, select.POLLOUT)
    poll.poll()
    error = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if error:
        tls.fail(sock, "connect", OSError(error, ""))
    try:
        sock.send(b"x")
    except OSError as e:
        tls.fail(sock, "send", e)


def serve(listener, count, kept):
    for _ in range(count):
        kept.append(listener.accept()[0])


def main():
    count, ca, chain, key = int(sys.argv[1]), *sys.argv[2:5]
    args = tls.Arguments(["cert=" + chain, "key=" + key])
    listener, kept = tls.listener(args, 0, backlog=count), []
    server = threading.Thread(target=serve, args=(listener, count, kept))
    server.start()
    clients = [client(ca) for _ in range(count)]
    for sock in clients:
        error = sock.connect_ex(listener.getsockname())
        if error not in (0, errno.EINPROGRESS):
            tls.fail(sock, "connect", OSError(error, ""))
    for sock in clients:
        connected(sock)
    server.join()
    tls.say("arrived", sum(s.recv(1) == b"x" for s in kept))


main()
