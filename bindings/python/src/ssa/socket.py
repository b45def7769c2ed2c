"""The socket type and what makes connections and listeners with it."""

import ctypes
import os
import socket as _socket
import struct

from . import constants as c

# In the order in which they are set: a key belongs to the certificate before it.
_OPTIONS = {
    "server_hostname": c.TLS_REMOTE_HOSTNAME,
    "hostnames": c.TLS_HOSTNAME,
    "cafile": c.TLS_TRUSTED_PEER_CERTIFICATES,
    "certificate": c.TLS_CERTIFICATE_CHAIN,
    "key": c.TLS_PRIVATE_KEY,
    "alpn": c.TLS_ALPN,
    "ciphers": c.TLS_TRUSTED_CIPHERS,
    "minimum_version": c.TLS_VERSION_MIN,
    "maximum_version": c.TLS_VERSION_MAX,
    "session_ttl": c.TLS_SESSION_TTL,
    "session_reuse": c.TLS_SESSION_REUSE,
    "request_peer_auth": c.TLS_REQUEST_PEER_AUTH,
    "revocation_checks": c.TLS_REVOCATION_CHECKS,
    "ocsp_stapled_checks": c.TLS_OCSP_STAPLED_CHECKS,
    "ocsp_checks": c.TLS_OCSP_CHECKS,
    "crl_checks": c.TLS_CRL_CHECKS,
    "cached_rev_checks": c.TLS_CACHED_REV_CHECKS,
    "server_ocsp_stapling": c.TLS_SERVER_OCSP_STAPLING,
}

_JOINED = {"alpn": ",", "hostnames": ",", "ciphers": ":"}

# As long as an option value may be.
_VALUE_MAX = 256 << 10

_libc = ctypes.CDLL(None, use_errno=True)


class socket(_socket.socket):
    """A TLS socket. Errors are OSError with the errno of tls_socket(7) and the text of TLS_ERROR."""

    __slots__ = ()

    # As SO_PROTOCOL says. asyncio resolves addresses for the protocol of a socket, and knows TCP alone.
    proto = _socket.IPPROTO_TCP

    def __init__(self, family=_socket.AF_INET, fileno=None, **options):
        super().__init__(family, _socket.SOCK_STREAM, c.IPPROTO_TLS, fileno)
        try:
            self.configure(**options)
        except BaseException:
            self.close()
            raise

    def configure(self, **options):
        """Sets options by name: server_hostname, cafile, certificate, key, alpn (a list), hostnames (a list), ciphers
        (a list), minimum_version, maximum_version, session_ttl, session_reuse, request_peer_auth, revocation_checks,
        ocsp_stapled_checks, ocsp_checks, crl_checks, cached_rev_checks, server_ocsp_stapling. None sets nothing."""
        for name, value in sorted(options.items(), key=lambda o: list(_OPTIONS).index(o[0])):
            if value is None:
                continue
            if name in _JOINED and not isinstance(value, str):
                value = _JOINED[name].join(value)
            self._explained(self.setsockopt, c.IPPROTO_TLS, _OPTIONS[name], _value(value))

    def connect(self, address):
        self._explained(super().connect, address)

    def listen(self, *backlog):
        self._explained(super().listen, *backlog)

    def accept(self):
        """Waits for a connection whose handshake is over."""
        fd, address = self._accept()
        accepted = socket(self.family, fileno=fd)
        if _socket.getdefaulttimeout() is None and self.gettimeout():
            accepted.setblocking(True)
        return accepted, address

    def version(self):
        """The protocol version, as TLS_VERSION_12 has it."""
        return self.getsockopt(c.IPPROTO_TLS, c.TLS_CHOSEN_VERSION)

    def cipher(self):
        """The IANA name of the cipher suite."""
        return self._text(c.TLS_CHOSEN_CIPHER)

    def selected_alpn_protocol(self):
        """The protocol that was selected, or None."""
        return self._text(c.TLS_ALPN) or None

    def server_name(self):
        """The name the client asked for, or the one this client verified."""
        return self._text(c.TLS_HOSTNAME) or self._text(c.TLS_REMOTE_HOSTNAME)

    def session_reused(self):
        return bool(self.getsockopt(c.IPPROTO_TLS, c.TLS_RESUMED_SESSION))

    def peer_identity(self):
        """The subject of the peer's verified certificate."""
        return self._text(c.TLS_PEER_IDENTITY)

    def peer_certificate_chain(self):
        """What the peer sent, as PEM, leaf first."""
        return self._text(c.TLS_PEER_CERTIFICATE_CHAIN)

    def connection_id(self):
        """The number that identifies the connection in logs and for `ssa policy explain`."""
        return struct.unpack("=Q", self.getsockopt(c.IPPROTO_TLS, c.TLS_ID, 8))[0]

    def last_error(self):
        """The text of the last failure on this socket."""
        return self._text(c.TLS_ERROR)

    def _text(self, option):
        # socket.getsockopt reads 1024 bytes at most.
        value, size = ctypes.create_string_buffer(_VALUE_MAX), ctypes.c_uint(_VALUE_MAX)
        if _libc.getsockopt(self.fileno(), c.IPPROTO_TLS, option, value, ctypes.byref(size)) < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        return value.raw[: size.value].rstrip(b"\0").decode()

    def _explained(self, call, *args):
        try:
            return call(*args)
        except BlockingIOError:
            raise
        except OSError as e:
            try:
                reason = self.last_error()
            except OSError:
                reason = ""
            if not reason or e.errno is None:
                raise
            raise OSError(e.errno, f"{os.strerror(e.errno)}: {reason}") from None


def _value(value):
    if isinstance(value, str):
        return value.encode()
    return os.fsencode(value) if isinstance(value, os.PathLike) else value


def create_connection(address, timeout=_socket._GLOBAL_DEFAULT_TIMEOUT, source_address=None, **options):
    """Connects to (host, port) as socket.create_connection does, and verifies that the server is that host. Options are
    those of socket.configure."""
    host, port = address
    options.setdefault("server_hostname", host)
    errors = []
    for family, _, _, _, sockaddr in _socket.getaddrinfo(host, port, 0, _socket.SOCK_STREAM):
        s = socket(family, **options)
        try:
            if timeout is not _socket._GLOBAL_DEFAULT_TIMEOUT:
                s.settimeout(timeout)
            if source_address:
                s.bind(source_address)
            s.connect(sockaddr)
            return s
        except OSError as e:
            errors.append(e)
            s.close()
    if not errors:
        raise OSError("getaddrinfo returns an empty list")
    raise errors[0]


def create_server(address, *, family=_socket.AF_INET, backlog=128, reuse_port=False, **options):
    """Listens at (host, port) as socket.create_server does. Options are those of socket.configure; without certificate
    and key those of the machine's policy are used."""
    s = socket(family, **options)
    try:
        s.setsockopt(_socket.SOL_SOCKET, _socket.SO_REUSEADDR, 1)
        if reuse_port:
            s.setsockopt(_socket.SOL_SOCKET, _socket.SO_REUSEPORT, 1)
        s.bind(address)
        s.listen(backlog)
        return s
    except BaseException:
        s.close()
        raise
