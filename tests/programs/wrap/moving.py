"""Connects to addresses that a name has had, has now and has never had: moving.py PORT. Nobody need listen there."""
import errno
import socket
import sys

PORT = int(sys.argv[1])
TLS_REMOTE_HOSTNAME = 85


def wrapped(address):
    """The name that is proved, "" when the connection is plain."""
    s = socket.socket()
    try:
        s.connect((address, PORT))
    except ConnectionRefusedError:
        pass
    try:
        return s.getsockopt(205, TLS_REMOTE_HOSTNAME, 300).decode().rstrip("\0")
    except OSError as e:
        assert e.errno == errno.EOPNOTSUPP, e
        return ""


def move(address):
    with open("/etc/hosts", "w", encoding="ascii") as hosts:
        hosts.write(address + " moving.test\n")


for moved, address, want in (("127.0.0.1", "127.0.0.1", "moving.test"), (None, "127.0.0.2", ""), (None, "127.0.0.3", ""),
                             ("127.0.0.2", "127.0.0.2", "moving.test"), (None, "127.0.0.1", "moving.test"),
                             (None, "127.0.0.3", ""), ("127.0.0.3", "127.0.0.3", "moving.test")):
    if moved:
        move(moved)
    got = wrapped(address)
    assert got == want, (moved, address, got, want)
print("ok")
