#!/usr/bin/env python3
"""What a program finds when it starts, as JSON: everything its starter can set."""
import json
import os
import resource
import signal
import sys


def status(*names):
    """Lines of /proc/self/status."""
    with open("/proc/self/status", encoding="ascii") as f:
        lines = dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)
    return {n: lines[n] for n in names}


def descriptors():
    """The open descriptors and what they are."""
    found = {}
    for n in sorted(map(int, os.listdir("/proc/self/fd"))):
        try:
            found[n] = os.readlink(f"/proc/self/fd/{n}")
        except FileNotFoundError:
            pass  # the one that read the directory
    return found


STATUS = ["Umask", "SigBlk", "SigIgn", "Uid", "Gid", "Groups", "CapInh", "CapAmb", "Cpus_allowed"]
if os.getuid() == 0:
    STATUS.append("NoNewPrivs")  # which an ordinary user has to set for a filter
limits = {n: resource.getrlimit(getattr(resource, n)) for n in dir(resource) if n.startswith("RLIMIT_")}
print(json.dumps({
    "descriptors": descriptors(),
    "arguments": sys.argv[1:],
    "environment": dict(os.environ),
    "directory": os.getcwd(),
    "status": status(*STATUS),
    "limits": limits,
    "nice": os.nice(0),
    "scheduler": os.sched_getscheduler(0),
    "slack of timers": open("/proc/self/timerslack_ns", encoding="ascii").read(),
    "session": os.getsid(0),
    "group": os.getpgrp(),
    "handlers": [n for n in range(1, 32) if signal.getsignal(n) == signal.SIG_IGN],
}, indent=1, sort_keys=True))
