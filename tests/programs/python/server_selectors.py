"""server_selectors.py PORT [name=value…]: the server of tls.py on non-blocking sockets in one selector."""
import selectors
import sys

import tls


class Server:
    def __init__(self, args, port):
        self.left = int(args.get("times", "1"))
        self.sock = tls.listener(args, port)
        self.sock.setblocking(False)
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.sock, selectors.EVENT_READ, self.accept)
        self.open = 0

    def run(self):
        while self.left or self.open:
            for key, _ in self.selector.select():
                key.data(key.fileobj)
        self.sock.close()

    def accept(self, sock):
        try:
            conn, _ = sock.accept()
        except BlockingIOError:
            return
        self.left -= 1
        self.open += 1
        conn.setblocking(False)
        page = tls.describe(conn)
        tls.say("connection\n" + page, end="")
        self.selector.register(conn, selectors.EVENT_READ, lambda c: self.answer(c, page.encode()))

    def answer(self, conn, page):
        try:
            data = conn.recv(4096)
        except BlockingIOError:
            return
        except OSError as e:
            tls.say("request <%s>" % tls.name_of(e))
            self.close(conn)
            return
        if not data:
            tls.say("request <end>")
            self.close(conn)
            return
        tls.say("request", tls.request_line(data))
        rest = [tls.HEAD + page]
        self.selector.modify(conn, selectors.EVENT_WRITE, lambda c: self.send(c, rest))

    def send(self, conn, rest):
        rest[0] = rest[0][conn.send(rest[0]):]
        if not rest[0]:
            self.close(conn)

    def close(self, conn):
        self.selector.unregister(conn)
        conn.close()
        self.open -= 1


def main():
    Server(tls.Arguments(sys.argv[2:]), int(sys.argv[1])).run()
    tls.say("done")


main()
