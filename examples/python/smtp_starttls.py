"""Asks a mail server over TLS what it can do: smtp_starttls.py HOST PORT [TRUST]. Run it under `ssa run`."""
import smtplib
import socket
import sys

IPPROTO_TLS, TCP_UPGRADE_TLS, TLS_TRUSTED_PEER_CERTIFICATES, TLS_ERROR = 205, 205, 87, 100


class SMTP(smtplib.SMTP):
    """A client that leaves TLS to the system, and otherwise is that of the standard library."""

    def upgrade(self, host, trust=None):
        self.ehlo_or_helo_if_needed()
        code, answer = self.docmd("STARTTLS")
        if code != 220:
            raise smtplib.SMTPResponseException(code, answer)
        self.file = None  # what was read in plain is not to be believed
        if trust:
            self.sock.setsockopt(IPPROTO_TLS, TLS_TRUSTED_PEER_CERTIFICATES, trust.encode())
        try:
            self.sock.setsockopt(socket.IPPROTO_TCP, TCP_UPGRADE_TLS, host.encode())
        except OSError as e:
            raise SystemExit(f"TLS with {host}: {e}: {self.sock.getsockopt(IPPROTO_TLS, TLS_ERROR, 1024).decode()}")
        self.ehlo_resp = self.helo_resp = None
        self.esmtp_features = {}


host, port, *trust = sys.argv[1:]
with SMTP(host, int(port)) as server:
    server.upgrade(host, *trust)
    print(server.ehlo()[1].decode())
