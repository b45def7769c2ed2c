"""HTTPS with the standard library's HTTP: http.client, urllib.request and http.server."""

import http.client
import http.server
import urllib.request

from .socket import create_connection, create_server


class HTTPSConnection(http.client.HTTPConnection):
    """http.client.HTTPSConnection over a TLS socket. Options are those of ssa.socket.configure."""

    default_port = http.client.HTTPS_PORT

    def __init__(self, host, port=None, *, timeout=None, source_address=None, blocksize=8192, **options):
        super().__init__(host, port, timeout=timeout, source_address=source_address, blocksize=blocksize)
        self._options = {"alpn": ["http/1.1"], **options}

    def connect(self):
        if self._tunnel_host:
            raise OSError("a proxy that is asked to CONNECT is not supported: there is no TLS socket before the tunnel")
        self.sock = create_connection((self.host, self.port), self.timeout, self.source_address, **self._options)


class HTTPSHandler(urllib.request.HTTPSHandler):
    """For urllib.request.build_opener: https over TLS sockets."""

    def __init__(self, **options):
        super().__init__()
        self._options = options

    def https_open(self, req):
        return self.do_open(lambda host, **kw: HTTPSConnection(host, **kw, **self._options), req)


class HTTPSServer(http.server.ThreadingHTTPServer):
    """http.server.ThreadingHTTPServer on a TLS listener. Options are those of ssa.socket.configure."""

    def __init__(self, address, handler, **options):
        super().__init__(address, handler, bind_and_activate=False)
        self.socket.close()
        self.socket = create_server(address, backlog=self.request_queue_size, **options)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = self.server_address[:2]
