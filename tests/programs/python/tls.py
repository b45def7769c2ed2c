"""What the Python test programs share: options from name=value arguments, and lines on what happened.

A call that fails makes the program write "fail CALL ERRNO TLS_ERROR" and end.
"""
import errno
import os
import socket
import sys

IPPROTO_TLS = 205

TEXT = {"name": 85, "names": 86, "ca": 87, "alpn": 90, "without": 92, "ciphers": 97}
NUMBER = {"ttl": 91, "auth": 94, "reuse": 108, "min": 111, "max": 112}
CERTIFICATE_CHAIN, PRIVATE_KEY = 88, 89
HOSTNAME, ALPN, IDENTITY, CHAIN, ID, CIPHER, ERROR, RESUMED, VERSION = 86, 90, 93, 95, 96, 98, 100, 109, 113

HEAD = b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n"


class Arguments:
    """The name=value arguments of the command line, in order."""

    def __init__(self, words):
        self.pairs = [tuple(w.split("=", 1)) for w in words]

    def get(self, name, default=None):
        return next((v for n, v in self.pairs if n == name), default)


def name_of(error):
    if isinstance(error, ConnectionResetError):
        return "ECONNRESET"  # asyncio makes some of its own, without a number
    return errno.errorcode.get(error.errno, str(error)) if isinstance(error, OSError) else repr(error)


def fail(sock, call, error):
    """Report an error and the socket's own reason for it, and end the program."""
    try:
        why = text(sock, ERROR)
    except OSError:
        why = ""
    print("fail", call, name_of(error), why, flush=True)
    # A program that is asked to end must not wait for threads or an event loop.
    os._exit(1)


def tls_socket():
    """A socket for TLS. It is told that it is TCP: what asyncio and others do for TCP, they should do for it."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, IPPROTO_TLS)
    return socket.socket(socket.AF_INET, socket.SOCK_STREAM, 0, fileno=sock.detach())


def configure(sock, args):
    """Set every option that an argument names, in the order of the arguments."""
    try:
        for name, value in args.pairs:
            if name in TEXT:
                sock.setsockopt(IPPROTO_TLS, TEXT[name], value.encode())
            elif name in NUMBER:
                sock.setsockopt(IPPROTO_TLS, NUMBER[name], int(value, 0))
            elif name == "cert":
                sock.setsockopt(IPPROTO_TLS, CERTIFICATE_CHAIN, value.encode())
            elif name == "key":
                sock.setsockopt(IPPROTO_TLS, PRIVATE_KEY, value.encode())
    except OSError as e:
        fail(sock, "setsockopt", e)


def text(sock, option):
    """A text option without its NUL; one that cannot be read gives its errno in angle brackets."""
    try:
        return sock.getsockopt(IPPROTO_TLS, option, 1024).rstrip(b"\0").decode()
    except OSError as e:
        if e.errno != errno.ERANGE:
            return "<%s>" % name_of(e)
    return "<ERANGE>"


def chain(sock):
    """The number of certificates the peer sent. getsockopt of Python takes at most 1024 bytes."""
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    buf, size = ctypes.create_string_buffer(1 << 16), ctypes.c_uint32(1 << 16)
    if libc.getsockopt(sock.fileno(), IPPROTO_TLS, CHAIN, buf, ctypes.byref(size)) < 0:
        return 0
    return buf.value.count(b"-----BEGIN CERTIFICATE-----")


def address(call):
    """An address as host:port; a connection that was reset meanwhile may have none."""
    try:
        return "%s:%d" % call()
    except OSError as e:
        return "<%s>" % name_of(e)


def describe(sock):
    """Lines on what a connection is."""
    values = {
        "version": "0x%04x" % sock.getsockopt(IPPROTO_TLS, VERSION),
        "cipher": text(sock, CIPHER),
        "alpn": text(sock, ALPN),
        "resumed": sock.getsockopt(IPPROTO_TLS, RESUMED),
        "identity": text(sock, IDENTITY),
        "sni": text(sock, HOSTNAME),
        "id": "yes" if any(sock.getsockopt(IPPROTO_TLS, ID, 8)) else "no",
        "chain": chain(sock),
        "local": address(sock.getsockname),
        "remote": address(sock.getpeername),
    }
    return "".join("%s %s\n" % pair for pair in values.items())


def say(*words, end="\n"):
    """Writes a line in one piece: other threads write theirs at the same time."""
    sys.stdout.write(" ".join(map(str, words)) + end)
    sys.stdout.flush()


def show(data):
    sys.stdout.write(data.decode(errors="replace"))
    sys.stdout.flush()


def request_line(data):
    return data.split(b"\r\n")[0].split(b"\n")[0].decode(errors="replace")


def client_arguments():
    """HOST, PORT and the rest of a client's command line."""
    return sys.argv[1], int(sys.argv[2]), Arguments(sys.argv[3:])


def client_request(args):
    return args.get("send", "GET / HTTP/1.0\r\n\r\n").encode()


def complete(args, data):
    """Whether data ends what a client wants to read, before the end of the connection."""
    return args.get("until") == "line" and b"\n" in data


def listener(args, port, backlog=16):
    """A listening socket on the loopback address, with its port written."""
    sock = tls_socket()
    configure(sock, args)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind(("127.0.0.1", port))
        sock.listen(backlog)
    except OSError as e:
        fail(sock, "listen", e)
    say("port", sock.getsockname()[1])
    return sock
