"""TLS sockets of the Secure Socket API.

A TLS socket is a socket of protocol IPPROTO_TLS; TLS is done by the operating system's service, not in the program.
Everything the module socket has works on it, and so do select, selectors, asyncio and socketserver. The program runs
under `ssa run`.

    import ssa
    with ssa.create_connection(("www.example.org", 443)) as s:
        s.sendall(b"hello")
"""

from .constants import *  # noqa: F401,F403
from .socket import create_connection, create_server, socket

__all__ = [n for n in dir() if n.isupper()] + ["create_connection", "create_server", "socket"]
