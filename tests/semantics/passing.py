"""Sockets that go to other programs: exec, inherited descriptors, SCM_RIGHTS."""
import array
import os
import socket
import subprocess
import sys

from flags import cloexec
from lab import drain, exactly, scenario


PROGRAM = """
import socket, sys
s = socket.socket(fileno=int(sys.argv[1]))
s.sendall(repr((s.family.name, s.type.name, s.getpeername()[0] != "")).encode())
s.sendall(s.recv(100))
"""


@scenario
def share_exec(lab):
    """A program started with the descriptor finds a connected socket of the right family."""
    c, s = lab.pair()
    p = subprocess.Popen([sys.executable, "-c", PROGRAM, str(c.fileno())], pass_fds=[c.fileno()])
    c.close()
    s.sendall(b" and data")
    s.shutdown(socket.SHUT_WR)
    lab.log("said", drain(s))
    lab.log("exit", p.wait())


@scenario
def share_exec_listener(lab):
    """Socket activation: the listener is made here, another program accepts."""
    listener = lab.listener()
    os.set_inheritable(listener.fileno(), True)
    code = f"import socket; l = socket.socket(fileno={listener.fileno()}); s = l.accept()[0]; s.sendall(b'activated')"
    p = subprocess.Popen([sys.executable, "-c", code], pass_fds=[listener.fileno()])
    c = lab.client()
    c.connect(listener.getsockname())
    lab.log("said", drain(c))
    lab.log("exit", p.wait())


@scenario
def share_exec_cloexec(lab):
    """Python's sockets are close-on-exec, so the program does not have it and the peer sees the end."""
    c, s = lab.pair()
    lab.log("cloexec", cloexec(c))
    p = subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE, close_fds=False)
    c.close()
    lab.log("end", drain(s))
    p.stdin.close()
    lab.log("exit", p.wait())


@scenario
def share_stdin(lab):
    """inetd: the connection is standard input and output."""
    c, s = lab.pair()
    p = subprocess.Popen(["/bin/cat"], stdin=s, stdout=s)
    s.close()
    c.sendall(b"through cat")
    c.shutdown(socket.SHUT_WR)
    lab.log("said", drain(c))
    lab.log("exit", p.wait())


def pass_over(channel, s):
    """Send the descriptor of s."""
    channel.sendmsg([b"f"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [s.fileno()]))])


RECEIVER = """
import socket
channel = socket.socket(fileno=0)
_, fds, _, _ = socket.recv_fds(channel, 1, 1)
s = socket.socket(fileno=fds[0])
peer = s.getpeername()
s.sendall(b"received, peer port %s" % (b"known" if peer[1] else b"unknown"))
s.sendall(s.recv(100))
"""


@scenario
def share_scm_rights(lab):
    """A connected socket goes to another program of the tree."""
    c, s = lab.pair()
    here, there = socket.socketpair()
    p = subprocess.Popen([sys.executable, "-c", RECEIVER], stdin=there)
    pass_over(here, c)
    c.close()
    s.sendall(b"; data")
    s.shutdown(socket.SHUT_WR)
    lab.log("said", drain(s))
    lab.log("exit", p.wait())


@scenario
def share_scm_rights_fresh(lab):
    """A socket that is not yet connected is passed and connected elsewhere."""
    listener, c = lab.listener(), lab.client()
    here, there = socket.socketpair()

    def child():
        _, fds, _, _ = socket.recv_fds(there, 1, 1)
        with socket.socket(fileno=fds[0]) as d:
            d.connect(listener.getsockname())
            d.sendall(b"from afar")
    pid = lab.child(child)
    pass_over(here, c)
    lab.log("exit", lab.reap(pid))
    lab.log("arrived", exactly(lab.keep(listener.accept()[0]), 9))
    lab.log("connected here too", c.getpeername() == listener.getsockname())
