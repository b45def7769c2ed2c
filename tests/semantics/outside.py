#!/usr/bin/env python3
"""A process outside: outside.py SOCKET. Tries to listen on the addresses it is told, with plain TCP."""
import errno
import json
import socket
import sys


def take(host, port, reuse):
    """Bind and listen, then let go."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(reuse))
        try:
            s.bind((host, port))
            s.listen(1)
        except OSError as e:
            return errno.errorcode[e.errno]
    return "free"


def main(path):
    """Answer one question on each connection."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(path)
        server.listen(64)
        print("ready", flush=True)
        while True:
            s, _ = server.accept()
            with s:
                s.sendall(take(*json.loads(s.makefile().read())).encode())


if __name__ == "__main__":
    main(sys.argv[1])
