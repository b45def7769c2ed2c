"""Streams of asyncio over TLS sockets."""

import asyncio
import socket as _socket

from .socket import create_server, socket


async def open_connection(host, port, **options):
    """asyncio.open_connection over TLS. Options are those of ssa.socket.configure."""
    loop, errors = asyncio.get_running_loop(), []
    options.setdefault("server_hostname", host)
    for family, _, _, _, address in await loop.getaddrinfo(host, port, type=_socket.SOCK_STREAM):
        s = socket(family, **options)
        s.setblocking(False)
        try:
            await loop.sock_connect(s, address)
            return await asyncio.open_connection(sock=s)
        except OSError as e:
            errors.append(OSError(e.errno, f"{e.strerror or e}: {s.last_error()}"))
            s.close()
        except BaseException:
            s.close()
            raise
    raise errors[0]


async def start_server(connected, host, port, **options):
    """asyncio.start_server over TLS. Options are those of ssa.socket.configure."""
    return await asyncio.start_server(connected, sock=create_server((host, port), **options))
