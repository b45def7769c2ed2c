"""client_selectors.py ADDRESS PORT [name=value…]: the client of tls.py on a non-blocking socket in a selector."""
import errno
import os
import selectors
import socket

import tls


def wait(selector, events):
    while not any(mask & events for _, mask in selector.select()):
        pass


def connect(sock, selector, address):
    """Connect as event loops do: EINPROGRESS, then writable, then SO_ERROR."""
    error = sock.connect_ex(address)
    if error == errno.EINPROGRESS:
        wait(selector, selectors.EVENT_WRITE)
        error = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if error:
        tls.fail(sock, "connect", OSError(error, os.strerror(error)))


def send(sock, selector, data):
    while data:
        wait(selector, selectors.EVENT_WRITE)
        try:
            data = data[sock.send(data):]
        except OSError as e:
            tls.fail(sock, "send", e)


def answer(sock, selector, args):
    data = b""
    selector.modify(sock, selectors.EVENT_READ)
    while not tls.complete(args, data):
        wait(selector, selectors.EVENT_READ)
        try:
            piece = sock.recv(1 << 14)
        except BlockingIOError:
            continue
        except OSError as e:
            tls.fail(sock, "read", e)
        if not piece:
            return
        tls.show(piece)
        data += piece


def main():
    host, port, args = tls.client_arguments()
    for i in range(int(args.get("times", "1"))):
        with tls.tls_socket() as sock, selectors.DefaultSelector() as selector:
            tls.say("connection", i + 1)
            sock.setblocking(False)
            selector.register(sock, selectors.EVENT_WRITE)
            tls.configure(sock, args)
            connect(sock, selector, (host, port))
            tls.show(tls.describe(sock).encode())
            send(sock, selector, tls.client_request(args))
            tls.say("answer")
            answer(sock, selector, args)
    tls.say("done")


main()
