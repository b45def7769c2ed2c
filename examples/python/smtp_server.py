"""Takes mail over TLS and prints it: smtp_server.py PORT CHAIN KEY. Run it under `ssa run`."""
import select
import socket
import sys
import threading

IPPROTO_TLS, TCP_UPGRADE_TLS = 205, 205
TLS_CERTIFICATE_CHAIN, TLS_PRIVATE_KEY, TLS_CHOSEN_CIPHER, TLS_ERROR = 88, 89, 98, 100


class Session:
    """One client. It is told "530" until it has begun TLS."""

    def __init__(self, conn):
        self.conn, self.tls = conn, False

    def line(self):
        """One line, byte by byte: what follows STARTTLS is TLS and not ours to read."""
        line = b""
        while not line.endswith(b"\n"):
            byte = self.conn.recv(1)
            if not byte:
                raise EOFError
            line += byte
        return line.decode().rstrip("\r\n")

    def say(self, text):
        self.conn.sendall(text.encode() + b"\r\n")

    def starttls(self):
        chain, key = sys.argv[2:]
        self.conn.setsockopt(IPPROTO_TLS, TLS_CERTIFICATE_CHAIN, chain.encode())
        self.conn.setsockopt(IPPROTO_TLS, TLS_PRIVATE_KEY, key.encode())
        self.say("220 go ahead")
        self.upgrade()
        self.tls = True
        print("cipher", self.conn.getsockopt(IPPROTO_TLS, TLS_CHOSEN_CIPHER, 64).decode().rstrip("\0"), flush=True)

    def upgrade(self):
        """Waits in poll, as Python lets no other thread run during setsockopt."""
        self.conn.setblocking(False)
        try:
            self.conn.setsockopt(socket.IPPROTO_TCP, TCP_UPGRADE_TLS, b"")
        except BlockingIOError:
            pass
        poll = select.poll()
        poll.register(self.conn, select.POLLOUT)
        poll.poll()
        self.conn.setblocking(True)
        if error := self.conn.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            raise OSError(error, self.conn.getsockopt(IPPROTO_TLS, TLS_ERROR, 1024).decode().rstrip("\0"))

    def data(self):
        self.say("354 go ahead")
        while (line := self.line()) != ".":
            print("mail", line, flush=True)
        self.say("250 taken")

    def run(self):
        self.say("220 server ready")
        while True:
            verb = self.line().split(" ")[0].upper()
            if verb == "EHLO":
                self.say("250 server" if self.tls else "250-server\r\n250 STARTTLS")
            elif verb == "STARTTLS" and not self.tls:
                self.starttls()
            elif verb == "QUIT":
                return self.say("221 goodbye")
            elif not self.tls:
                self.say("530 begin TLS first")
            elif verb == "DATA":
                self.data()
            else:
                self.say("250 well")


def serve(conn):
    with conn:
        try:
            Session(conn).run()
        except (EOFError, OSError) as e:
            print("ended", repr(e), flush=True)


listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print("port", listener.getsockname()[1], flush=True)
while True:
    threading.Thread(target=serve, args=[listener.accept()[0]], daemon=True).start()
