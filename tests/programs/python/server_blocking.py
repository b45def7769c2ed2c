"""server_blocking.py PORT [name=value…]: the server of tls.py on blocking sockets, a thread for each connection."""
import sys
import threading

import tls


def serve(sock):
    with sock:
        page = tls.describe(sock)
        tls.say("connection\n" + page, end="")
        try:
            data = sock.recv(4096)
        except OSError as e:
            tls.say("request <%s>" % tls.name_of(e))
            return
        if not data:
            tls.say("request <end>")
            return
        tls.say("request", tls.request_line(data))
        sock.sendall(tls.HEAD + page.encode())


def main():
    args = tls.Arguments(sys.argv[2:])
    with tls.listener(args, int(sys.argv[1])) as sock:
        threads = []
        for _ in range(int(args.get("times", "1"))):
            conn, _ = sock.accept()
            threads.append(threading.Thread(target=serve, args=(conn,)))
            threads[-1].start()
        for t in threads:
            t.join()
    tls.say("done")


main()
