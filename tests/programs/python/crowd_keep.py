"""crowd_keep.py KEPT ROUNDS: keeps KEPT sockets, makes and closes hundreds of others in each of ROUNDS rounds, and
writes how many of those it kept are still TLS sockets.
"""
import sys

import tls


def alive(sock):
    try:
        return len(sock.getsockopt(tls.IPPROTO_TLS, tls.ID, 8)) == 8
    except OSError as e:
        tls.say("lost", tls.name_of(e))
        return False


def main():
    kept = [tls.tls_socket() for _ in range(int(sys.argv[1]))]
    for _ in range(int(sys.argv[2])):
        for sock in [tls.tls_socket() for _ in range(600)]:
            sock.close()
    tls.say("alive", sum(alive(sock) for sock in kept))


main()
