#!/usr/bin/env python3
"""A shell with job control, seen from its terminal: shell.py [PREFIX...]. Prints what happens to its jobs.

Each scenario starts Python programs below PREFIX as jobs of a session on a pseudo-terminal, types at the terminal,
and logs how they end or stop. The log must be the same with `ssa run --` as PREFIX and without.
"""
import fcntl
import json
import os
import pty
import signal
import struct
import sys
import termios
import traceback

from terminal import PREFIX, Job, Terminal, own_terminal

SCENARIOS = []


def scenario(f):
    """Register a scenario."""
    SCENARIOS.append(f)
    return f


# A program that waits in short steps, for Python handles a signal that comes just before a call only after it.
WAIT = "import time\nprint('ready', flush=True)\nwhile True: time.sleep(0.05)\n"
# LISTEN waits for a line without missing a signal: the handler's byte ends select.
LISTEN = """
import os, select, signal
told, tell = os.pipe()
os.set_blocking(tell, False)
signal.set_wakeup_fd(tell)
def line():
    while 0 not in select.select([0, told], [], [])[0]:
        os.read(told, 100)
    return os.read(0, 1000).decode().strip()
"""
CATCH = LISTEN + """
count = 0
def handler(number, frame):
    global count
    count += 1
    print('caught', signal.Signals(number).name, count, flush=True)
for name in NAMES:
    signal.signal(getattr(signal, name), handler)
print('ready', flush=True)
while True:
    word = line()
    print('line', word, 'count', count, flush=True)
    if word == 'quit':
        raise SystemExit(count)
"""


def catch(*names):
    """A program that counts signals until it reads "quit"."""
    return CATCH.replace("NAMES", repr(names))


@scenario
def interrupt(term, log):
    """Ctrl-C."""
    job = Job("import signal; signal.signal(2, signal.SIG_DFL)\n" + WAIT)
    term.expect("ready")
    term.type(b"\x03")
    log("ctrl-c", job.wait())


@scenario
def interrupt_python(term, log):
    """Ctrl-C as Python has it."""
    job = Job(WAIT)
    term.expect("ready")
    term.type(b"\x03")
    term.expect("KeyboardInterrupt")
    log("ctrl-c", job.wait())


@scenario
def quit_key(term, log):
    """Ctrl-backslash, without a core file."""
    job = Job("import resource; resource.setrlimit(resource.RLIMIT_CORE, (0, 0))\n" + WAIT)
    term.expect("ready")
    term.type(b"\x1c")
    log("ctrl-backslash", job.wait())


@scenario
def interrupt_caught(term, log):
    """A program that handles Ctrl-C gets it once for each time it is typed."""
    job = Job(catch("SIGINT"))
    term.expect("ready")
    for i in range(3):
        term.type(b"\x03")
        log(f"ctrl-c {i}", term.expect(r"caught (\w+ \d+)").group(1))
    term.type(b"quit\n")
    log("count", term.expect(r"line quit count (\d+)").group(1))
    log("end", job.wait())


@scenario
def suspend(term, log):
    """Ctrl-Z, then fg."""
    job = Job("print('ready', flush=True)\nprint('read', input(), flush=True)")
    term.expect("ready")
    term.type(b"\x1a")
    log("ctrl-z", job.wait())
    own_terminal(os.getpgrp())
    job.go_on()
    term.type(b"hello\n")
    log("read", term.expect(r"read (\w+)").group(1))
    log("end", job.wait())


@scenario
def suspend_twice(term, log):
    """Ctrl-Z and fg, again and again."""
    job = Job("print('ready', flush=True)\nwhile (s := input()) != 'quit': print('read', s, flush=True)")
    term.expect("ready")
    for i in range(3):
        term.type(b"\x1a")
        log(f"ctrl-z {i}", job.wait())
        job.go_on()
        term.type(b"word%d\n" % i)
        log(f"read {i}", term.expect(r"read (\w+)").group(1))
    term.type(b"quit\n")
    log("end", job.wait())


@scenario
def suspend_caught(term, log):
    """A program that cleans up at Ctrl-Z and then stops itself, as editors do."""
    job = Job(LISTEN + """
def stop(*_):
    print('cleaning', flush=True)
    os.kill(os.getpid(), signal.SIGSTOP)
    print('back', flush=True)
signal.signal(signal.SIGTSTP, stop)
print('ready', flush=True)
print('read', line(), flush=True)
""")
    term.expect("ready")
    term.type(b"\x1a")
    term.expect("cleaning")
    log("ctrl-z", job.wait())
    job.go_on()
    term.expect("back")
    term.type(b"on\n")
    log("read", term.expect(r"read (\w+)").group(1))
    log("end", job.wait())


@scenario
def kill_while_stopped(term, log):
    """A stopped job that is told to end does so when it goes on."""
    job = Job(WAIT)
    term.expect("ready")
    term.type(b"\x1a")
    log("ctrl-z", job.wait())
    os.killpg(job.pid, signal.SIGTERM)
    job.go_on()
    log("end", job.wait())


@scenario
def background_read(term, log):
    """A job in the background that reads the terminal is stopped, and reads when it is in front."""
    job = Job("print('read', input(), flush=True)", foreground=False)
    log("background", job.wait())
    job.go_on()
    term.type(b"now\n")
    log("read", term.expect(r"read (\w+)").group(1))
    log("end", job.wait())


@scenario
def background_write(term, log):
    """With tostop also one that writes."""
    attributes = termios.tcgetattr(0)
    attributes[3] |= termios.TOSTOP
    termios.tcsetattr(0, termios.TCSANOW, attributes)
    job = Job("print('wrote', flush=True)", foreground=False)
    log("background", job.wait())
    log("screen", "wrote" in term.clear())
    job.go_on()
    term.expect("wrote")
    log("end", job.wait())


@scenario
def groups(term, log):
    """The program is in the group of the job and in front."""
    job = Job("""
import os
print('group', os.getpgrp() == GROUP if 'GROUP' in globals() else os.getpgrp(), flush=True)
print('front', os.tcgetpgrp(0) == os.getpgrp(), flush=True)
print('session', os.getsid(0), flush=True)
print('terminal', os.ttyname(0) == os.ttyname(1) == os.ttyname(2), flush=True)
""")
    log("group", int(term.expect(r"group (\d+)").group(1)) == job.pid)
    log("front", term.expect(r"front (\w+)").group(1))
    log("session", int(term.expect(r"session (\d+)").group(1)) == os.getsid(0))
    log("terminal", term.expect(r"terminal (\w+)").group(1))
    log("end", job.wait())


PIPELINE = """
import shlex, subprocess, sys
prefix = sys.argv[1:]
ask = prefix + [sys.executable, '-c', "import signal, sys\\nsignal.signal(2, signal.SIG_DFL)\\n"
                "while (s := sys.stdin.readline()): print('got', s, end='', flush=True)"]
show = prefix + ['/bin/cat']
script = shlex.join(ask) + ' | ' + shlex.join(show)
import os
os.execvp('sh', ['sh', '-c', 'echo ready; ' + script])
"""


@scenario
def pipeline(term, log):
    """All of a pipeline stop, go on and end together."""
    job = Job(PIPELINE, arguments=PREFIX, prefix=[])
    term.expect("ready")
    term.type(b"one\n")
    log("through", term.expect(r"got (\w+)").group(1))
    term.type(b"\x1a")
    log("ctrl-z", job.wait())
    job.go_on()
    term.type(b"two\n")
    log("through again", term.expect(r"got (\w+)").group(1))
    term.type(b"\x03")
    log("ctrl-c", job.wait())
    log("nobody left", job.vanishes())


@scenario
def leaves_nobody(term, log):
    """After the end nobody is left in the group, so that the shell can use its number again."""
    job = Job("print('ready', flush=True)")
    term.expect("ready")
    log("end", job.wait())
    log("nobody left", job.vanishes())


@scenario
def terminate(term, log):
    """kill PID of what the shell has started."""
    for name in "SIGTERM", "SIGHUP", "SIGUSR1", "SIGALRM", "SIGINT", "SIGKILL":
        job = Job("import signal; signal.signal(2, signal.SIG_DFL)\n" + WAIT)
        term.expect("ready")
        os.kill(job.pid, getattr(signal, name))
        log(name, job.wait())


@scenario
def signals_to_process(term, log):
    """A signal to what the shell has started reaches the program once."""
    names = "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGINT", "SIGQUIT", "SIGWINCH", "SIGALRM", "SIGCONT"
    job = Job(catch(*names))
    term.expect("ready")
    for name in names:
        os.kill(job.pid, getattr(signal, name))
        log(name, term.expect(r"caught (\w+ \d+)").group(1))
    term.type(b"quit\n")
    log("count", term.expect(r"line quit count (\d+)").group(1))
    log("end", job.wait())


@scenario
def signals_to_group(term, log):
    """A signal to the group reaches the program once."""
    names = "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGINT", "SIGQUIT", "SIGALRM"
    job = Job(catch(*names))
    term.expect("ready")
    for name in names:
        os.killpg(job.pid, getattr(signal, name))
        log(name, term.expect(r"caught (\w+ \d+)").group(1))
    term.type(b"quit\n")
    log("count", term.expect(r"line quit count (\d+)").group(1))
    log("end", job.wait())


@scenario
def window_size(term, log):
    """A new size of the window is told to the program once."""
    job = Job(catch("SIGWINCH"))
    term.expect("ready")
    fcntl.ioctl(term.master, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 99, 0, 0))
    log("window", term.expect(r"caught (\w+ \d+)").group(1))
    term.type(b"quit\n")
    log("count", term.expect(r"line quit count (\d+)").group(1))
    log("end", job.wait())


@scenario
def stop_by_kill(term, log):
    """kill -TSTP PID stops, kill -CONT goes on."""
    job = Job("import signal\n" + catch("SIGCONT"))
    term.expect("ready")
    os.kill(job.pid, signal.SIGTSTP)
    log("tstp", job.wait())
    os.kill(job.pid, signal.SIGCONT)
    term.expect("caught SIGCONT")
    term.type(b"quit\n")
    log("end", job.wait())


@scenario
def stops_itself(term, log):
    """A program that stops itself stops the job."""
    job = Job("""
import os, signal
print('ready', flush=True)
os.kill(os.getpid(), signal.SIGSTOP)
print('back', flush=True)
""")
    term.expect("ready")
    log("stop", job.wait())
    job.go_on()
    term.expect("back")
    log("end", job.wait())


@scenario
def end_of_file(term, log):
    """Ctrl-D."""
    job = Job("print('ready', flush=True)\nimport sys\nprint('got', repr(sys.stdin.read()), flush=True)")
    term.expect("ready")
    term.type(b"text\n\x04")
    log("got", term.expect(r"got ('.*')").group(1))
    log("end", job.wait())


@scenario
def quick(term, log):
    """Jobs that end at once, in a row."""
    for i in range(5):
        log(f"end {i}", Job(f"raise SystemExit({i})").wait())
    log("screen", term.clear())


@scenario
def child_in_foreground_group(term, log):
    """A shell as the program does job control itself and gives the terminal back."""
    job = Job("""
import os, signal, subprocess
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
p = subprocess.Popen(['/bin/cat'], preexec_fn=lambda: (os.setpgid(0, 0), os.tcsetpgrp(0, os.getpid())))
print('ready', flush=True)
p.wait()
os.tcsetpgrp(0, os.getpgrp())
print('cat ended', flush=True)
print('read', input(), p.returncode, flush=True)
""")
    term.expect("ready")
    term.type(b"to cat\n")
    term.expect(r"to cat\s+to cat")
    term.type(b"\x03")
    term.expect("cat ended")
    term.type(b"to the program\n")
    log("read", term.expect(r"read (.*)\r").group(1))
    log("end", job.wait())


@scenario
def hangup(term, log):
    """The terminal goes away."""
    r, w = os.pipe()
    os.set_inheritable(w, True)
    pid = os.fork()
    if pid == 0:
        own, slave = pty.openpty()
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        for n in 0, 1, 2:
            os.dup2(slave, n)
        child = os.fork()
        if child == 0:
            os.execvp((PREFIX + [sys.executable])[0], PREFIX + [sys.executable, "-c", f"""
import os, signal
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGHUP])
os.write({w}, b'ready ')
signal.sigwait([signal.SIGHUP])
os.write({w}, b'hung up')
"""])
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        os.close(slave)
        signal.pause()
    os.close(w)
    log("start", os.read(r, 6).decode())
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    log("told", os.read(r, 20).decode())


def run(f):
    """Run one scenario as the leader of a session on a pseudo-terminal of its own."""
    master, slave = pty.openpty()
    out, into = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        for n in 0, 1, 2:
            os.dup2(slave, n)
        os.close(slave)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        lines = []
        try:
            f(Terminal(master), lambda *pair: lines.append(pair))
        except BaseException:  # pylint: disable=broad-except
            lines.append(("failed", traceback.format_exc()))
        os.write(into, json.dumps({"name": f.__name__, "log": lines}).encode() + b"\n")
        os._exit(0)
    os.close(slave)
    os.close(into)
    text = b""
    while part := os.read(out, 65536):
        text += part
    os.waitpid(pid, 0)
    os.close(master)
    os.close(out)
    return text.decode()


for each in SCENARIOS:
    sys.stdout.write(run(each))
    sys.stdout.flush()
