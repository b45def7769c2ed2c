#!/usr/bin/env python3
"""A program that goes into the background and then makes a TLS connection: daemon.py REQUEST REPORT.

The one that was started leaves at once. The daemon waits until the FIFO REQUEST is written to, connects a client to a
server of its own, and writes what it saw to REPORT.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "semantics"))
import lab as world  # noqa: E402


def detach():
    """Double fork, as daemon(7) has it."""
    if os.fork():
        os._exit(0)
    os.setsid()
    if os.fork():
        os._exit(0)
    null = os.open("/dev/null", os.O_RDWR)
    for n in 0, 1, 2:
        os.dup2(null, n)


def main(request, report):
    """Do what the file says."""
    # The listener is made before, so that sockets made by the program are carried into the daemon.
    lab = world.Lab("tls", "127.0.0.1", sys.stderr)
    listener = lab.listener()
    detach()
    with open(request, encoding="ascii") as f:
        f.read()
    c, s = lab.connected(listener)
    c.sendall(b"still here")
    got = world.exactly(s, 10)
    with open(report + ".new", "wb") as f:
        f.write(got + b" from %d" % os.getpid())
    os.rename(report + ".new", report)


if __name__ == "__main__":
    main(*sys.argv[1:])
