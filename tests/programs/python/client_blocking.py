"""client_blocking.py HOST PORT [name=value…]: the client of tls.py on blocking sockets."""
import ctypes
import socket
import struct

import tls

AF_HOSTNAME = 43


def connect(sock, host, port):
    """Connect to an address with the socket's own call, to a name with AF_HOSTNAME through libc."""
    try:
        socket.inet_aton(host)
    except OSError:
        connect_name(sock, host, port)
        return
    try:
        sock.connect((host, port))
    except OSError as e:
        tls.fail(sock, "connect", e)


def connect_name(sock, host, port):
    libc = ctypes.CDLL(None, use_errno=True)
    address = struct.pack("=H", AF_HOSTNAME) + struct.pack("!H", port) + host.encode() + b"\0"
    if libc.connect(sock.fileno(), address, len(address)) < 0:
        tls.fail(sock, "connect", OSError(ctypes.get_errno(), ""))


def send(sock, args):
    try:
        sock.sendall(tls.client_request(args))
    except OSError as e:
        tls.fail(sock, "send", e)


def answer(sock, args):
    data = b""
    try:
        while not tls.complete(args, data):
            piece = sock.recv(1 << 14)
            if not piece:
                return
            tls.show(piece)
            data += piece
    except OSError as e:
        tls.fail(sock, "read", e)


def main():
    host, port, args = tls.client_arguments()
    for i in range(int(args.get("times", "1"))):
        with tls.tls_socket() as sock:
            tls.say("connection", i + 1)
            tls.configure(sock, args)
            connect(sock, host, port)
            tls.show(tls.describe(sock).encode())
            send(sock, args)
            tls.say("answer")
            answer(sock, args)
    tls.say("done")


main()
