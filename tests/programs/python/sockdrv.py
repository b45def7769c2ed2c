"""Executes socket calls on command. Each line of input is a JSON list [call, socket name, argument…]; each line of output is
a JSON object with the result and, where it is negative, the errno's name. The calls go to libc as they are, so that
lengths and pointers can be anything.
"""
import ctypes
import errno
import json
import os
import select
import socket
import struct
import sys

IPPROTO_TLS = 205
AF_HOSTNAME = 43

libc = ctypes.CDLL(None, use_errno=True)
fds = {}


def result(rc, **more):
    if rc < 0:
        more["errno"] = errno.errorcode.get(ctypes.get_errno(), str(ctypes.get_errno()))
    return dict(more, rc=rc)


def sockaddr(host, port):
    try:
        return struct.pack("=H", socket.AF_INET) + struct.pack("!H", port) + socket.inet_aton(host) + bytes(8)
    except OSError:
        return struct.pack("=H", AF_HOSTNAME) + struct.pack("!H", port) + host.encode() + b"\0"


def do_socket(name, family=socket.AF_INET, kind=socket.SOCK_STREAM, protocol=IPPROTO_TLS):
    rc = libc.socket(family, kind, protocol)
    fds[name] = rc
    return result(rc)


def do_connect(name, host, port):
    address = sockaddr(host, port)
    return result(libc.connect(fds[name], address, len(address)))


def do_connect_raw(name, address):
    address = bytes.fromhex(address)
    return result(libc.connect(fds[name], address, len(address)))


def do_bind(name, host, port):
    address = sockaddr(host, port)
    return result(libc.bind(fds[name], address, len(address)))


def do_listen(name, backlog):
    return result(libc.listen(fds[name], backlog))


def do_accept(name, new):
    rc = libc.accept(fds[name], None, None)
    fds[new] = rc
    return result(rc)


def do_set(name, option, value, level=IPPROTO_TLS):
    raw = struct.pack("=i", value) if isinstance(value, int) else value.encode()
    return result(libc.setsockopt(fds[name], level, option, raw, len(raw)))


def do_set_raw(name, option, value, length):
    raw = bytes.fromhex(value)
    return result(libc.setsockopt(fds[name], IPPROTO_TLS, option, raw, ctypes.c_uint32(length)))


def do_get(name, option, size=1 << 16, level=IPPROTO_TLS):
    buf, length = ctypes.create_string_buffer(max(size, 1)), ctypes.c_uint32(size)
    rc = libc.getsockopt(fds[name], level, option, buf, ctypes.byref(length))
    return result(rc, value=buf.raw[:min(length.value, size)].hex() if rc == 0 else buf.raw[:size].hex(), len=length.value)


def do_nonblock(name):
    os.set_blocking(fds[name], False)
    return result(0)


def do_writable(name, seconds):
    """Waits until the socket can be written, or has failed, and gives SO_ERROR."""
    writable = select.select([], [fds[name]], [], seconds)[1]
    return dict(do_get(name, socket.SO_ERROR, 4, socket.SOL_SOCKET), port=len(writable))


def do_readable(name, seconds):
    ready = select.select([fds[name]], [], [], seconds)[0]
    return result(0, value="01" if ready else "00")


def do_name(name, call):
    buf, length = ctypes.create_string_buffer(128), ctypes.c_uint32(128)
    rc = getattr(libc, call)(fds[name], buf, ctypes.byref(length))
    port = struct.unpack("!H", buf.raw[2:4])[0]
    return result(rc, port=port, len=length.value)


def do_write(name, text):
    raw = text.encode()
    return result(libc.send(fds[name], raw, len(raw), socket.MSG_NOSIGNAL))


def do_read(name, size):
    buf = ctypes.create_string_buffer(size)
    rc = libc.recv(fds[name], buf, size, 0)
    return result(rc, value=buf.raw[:max(rc, 0)].hex())


def do_close(name):
    return result(libc.close(fds.pop(name)))


def main():
    for line in sys.stdin:
        call, *arguments = json.loads(line)
        print(json.dumps(globals()["do_" + call](*arguments)), flush=True)


main()
