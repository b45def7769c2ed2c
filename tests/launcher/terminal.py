"""A pseudo-terminal with somebody at the keyboard, and jobs on it."""
import os
import re
import select
import signal
import sys
import time

DEADLINE = 30
PREFIX = sys.argv[1:]


class Terminal:
    """The master side, with what was written to the terminal."""

    def __init__(self, master):
        self.master, self.text = master, ""

    def type(self, keys):
        """Type at the keyboard."""
        os.write(self.master, keys)

    def expect(self, pattern):
        """Wait until something is on the screen, and give the match."""
        end = time.monotonic() + DEADLINE
        while not (found := re.search(pattern, self.text)):
            if not select.select([self.master], [], [], max(0, end - time.monotonic()))[0]:
                raise TimeoutError(f"{pattern!r} is not in {self.text!r}")
            self.text += os.read(self.master, 4096).decode()
        self.text = self.text[found.end():]
        return found

    def clear(self):
        """What is on the screen and was not expected."""
        while select.select([self.master], [], [], 0)[0]:
            self.text += os.read(self.master, 4096).decode()
        text, self.text = self.text, ""
        return text


class Job:
    """A process group below PREFIX."""

    def __init__(self, code, foreground=True, prefix=None, arguments=()):
        argv = (PREFIX if prefix is None else prefix) + [sys.executable, "-c", code, *arguments]
        self.pid = os.fork()
        if self.pid == 0:
            os.setpgid(0, 0)
            if foreground:
                own_terminal(os.getpid())
            for n in signal.SIGTTOU, signal.SIGTTIN, signal.SIGTSTP, signal.SIGINT, signal.SIGQUIT:
                signal.signal(n, signal.SIG_DFL)
            os.execvp(argv[0], argv)
        try:
            os.setpgid(self.pid, self.pid)
        except OSError:
            pass  # it has done so itself and gone on
        if foreground:
            own_terminal(self.pid)

    def wait(self):
        """Wait until the job ends or stops, and say how."""
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            pid, status = os.waitpid(self.pid, os.WUNTRACED | os.WNOHANG)
            if pid:
                return say(status)
            select.select([], [], [], 0.005)
        raise TimeoutError("the job neither ends nor stops")

    def vanishes(self):
        """Whether nobody is left in the group before the deadline."""
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            try:
                os.killpg(self.pid, 0)
            except ProcessLookupError:
                return True
            select.select([], [], [], 0.005)
        return False

    def go_on(self):
        """fg."""
        own_terminal(self.pid)
        os.killpg(self.pid, signal.SIGCONT)


def say(status):
    """A wait status in words."""
    if os.WIFSTOPPED(status):
        return "stopped by " + signal.Signals(os.WSTOPSIG(status)).name
    if os.WIFSIGNALED(status):
        return "killed by " + signal.Signals(os.WTERMSIG(status)).name
    return f"exit {os.WEXITSTATUS(status)}"


def own_terminal(group):
    """Make a group the foreground one."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTTOU])
    os.tcsetpgrp(0, group)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTTOU])
