"""Uses the Python binding in each way that docs/python.md names: binding.py PORT CA CHAIN KEY. PORT is of an independent
HTTPS server called localhost. Writes one line for each way that works; the first that does not ends the program."""

import asyncio
import errno
import http.server
import selectors
import sys
import threading
import urllib.request

import ssa
import ssa.asyncio
import ssa.http

port, ca, chain, key = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
REQUEST = b"GET / HTTP/1.0\r\n\r\n"


def expect(condition, what):
    if not condition:
        sys.exit(f"not so: {what}")


def plain_socket():
    with ssa.create_connection(("localhost", port), timeout=20, cafile=ca, alpn=["x", "http/1.1"], maximum_version=ssa.TLS_VERSION_12) as s:
        s.sendall(REQUEST)
        page = s.makefile("rb").read()
        expect(b"sni localhost" in page and b"protocol TLSv1.2" in page, page)
        expect(s.version() == ssa.TLS_VERSION_12 and s.cipher().startswith("TLS_ECDHE"), s.cipher())
        expect(s.selected_alpn_protocol() == "http/1.1" and s.server_name() == "localhost", "ALPN and name")
        expect("CN=localhost" in s.peer_identity() and s.connection_id() > 0, s.peer_identity())
        expect(s.peer_certificate_chain().count("BEGIN CERTIFICATE") == 2, s.peer_certificate_chain())
        expect(s.session_reused() is False and s.last_error() == "", "a full handshake without error")


def errors():
    for options, number, reason in [
        ({}, errno.EKEYREJECTED, "trust"),
        ({"cafile": ca, "server_hostname": "other.test"}, errno.EKEYREJECTED, "other.test"),
        ({"cafile": ca, "minimum_version": ssa.TLS_VERSION_10}, errno.EPERM, "TLS_VERSION_MIN"),
        ({"cafile": "/nonexistent"}, errno.ENOENT, "/nonexistent"),
    ]:
        try:
            ssa.create_connection(("localhost", port), **options).close()
        except OSError as e:
            expect(e.errno == number and reason in str(e), e)
        else:
            sys.exit(f"{options} were accepted")


def selector():
    listener = ssa.create_server(("127.0.0.1", 0), certificate=chain, key=key)
    client = ssa.create_connection(("localhost", listener.getsockname()[1]), cafile=ca)
    with selectors.DefaultSelector() as sel:
        sel.register(listener, selectors.EVENT_READ)
        expect(sel.select(20), "the listener is ready")
        server, peer = listener.accept()
        expect(peer == client.getsockname() and isinstance(server, ssa.socket), peer)
        sel.register(server, selectors.EVENT_READ)
        client.sendall(b"hello")
        while not any(k.fileobj is server for k, _ in sel.select(20)):
            pass
        expect(server.recv(10) == b"hello", "the bytes")
    for s in (listener, client, server):
        s.close()


def streams():
    async def echo(reader, writer):
        writer.write(await reader.read())
        writer.write_eof()
        await writer.drain()
        writer.close()

    async def both():
        server = await ssa.asyncio.start_server(echo, "127.0.0.1", 0, certificate=chain, key=key)
        reader, writer = await ssa.asyncio.open_connection("localhost", server.sockets[0].getsockname()[1], cafile=ca)
        writer.write(b"x" * (1 << 20))
        writer.write_eof()
        expect(await reader.read() == b"x" * (1 << 20), "the bytes came back")
        writer.close()
        server.close()
        try:
            await ssa.asyncio.open_connection("localhost", port)
        except OSError as e:
            expect(e.errno == errno.EKEYREJECTED and "trust" in str(e), e)
        else:
            sys.exit("a stranger was accepted")

    asyncio.run(both())


def http_client():
    connection = ssa.http.HTTPSConnection("localhost", port, cafile=ca)
    for _ in range(2):
        connection.request("GET", "/")
        answer = connection.getresponse()
        expect(answer.status == 200 and b"sni localhost" in answer.read(), answer.status)
    connection.close()


def urllib_request():
    opener = urllib.request.build_opener(ssa.http.HTTPSHandler(cafile=ca))
    with opener.open(f"https://localhost:{port}/") as page:
        expect(b"sni localhost" in page.read(), "the page")


def http_server():
    class Hello(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(f"hello from {self.connection.server_name()}".encode())

        def log_message(self, *args):
            pass

    with ssa.http.HTTPSServer(("127.0.0.1", 0), Hello, certificate=chain, key=key) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        opener = urllib.request.build_opener(ssa.http.HTTPSHandler(cafile=ca))
        for _ in range(3):
            with opener.open(f"https://localhost:{server.server_port}/") as page:
                expect(page.read() == b"hello from localhost", "the page")
        server.shutdown()
        thread.join()


for way in (plain_socket, errors, selector, streams, http_client, urllib_request, http_server):
    way()
    print(way.__name__, flush=True)
