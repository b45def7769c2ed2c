"""Answers over TLS: https_server.py PORT CHAIN-FILE KEY-FILE. Run it under `ssa run`, with bindings/python/src in PYTHONPATH."""

import http.server
import sys

import ssa.http


class Hello(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        page = f"hello, {self.connection.server_name()}\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)


if len(sys.argv) != 4:
    sys.exit("usage: https_server.py PORT CHAIN-FILE KEY-FILE")
with ssa.http.HTTPSServer(("127.0.0.1", int(sys.argv[1])), Hello, certificate=sys.argv[2], key=sys.argv[3]) as server:
    print("listening on port", server.server_port, flush=True)
    server.serve_forever()
