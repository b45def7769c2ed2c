#!/usr/bin/env python3
"""Run scenarios in one world: run.py tcp|tls [PATTERN...] [!NAME...]. Prints one JSON line for each scenario.

Each scenario runs in a process group of its own, several at a time, and is stopped after a minute.
"""
import faulthandler
import fnmatch
import json
import os
import signal
import sys
import tempfile
import traceback

import lab
# pylint: disable=unused-import
import addresses, badargs, closing, connecting, data, ending, flags, options, others, passing  # noqa
import readiness, sharing, signals  # noqa

LIMIT = 60
AT_ONCE = 6


def body(name, world, index, out):
    """Run one scenario in this process."""
    faulthandler.dump_traceback_later(LIMIT, exit=True)
    net = 6 if world == "tcp" else 205
    with os.fdopen(out, "w") as log:
        this = lab.Lab(world, f"127.{net}.{os.getppid() % 250 + 1}.{index + 1}", log)
        try:
            lab.SCENARIOS[name](this)
        except OSError:
            this.explain()
            raise


def start(name, world, index):
    """Fork the process of one scenario. Returns it as (pid, log, stderr)."""
    out, err = tempfile.TemporaryFile("w+"), tempfile.TemporaryFile("w+")
    pid = os.fork()
    if pid:
        return pid, out, err
    os.setpgid(0, 0)
    os.dup2(err.fileno(), 2)
    status = 1
    try:
        body(name, world, index, os.dup(out.fileno()))
        status = 0
    except BaseException:  # pylint: disable=broad-except
        traceback.print_exc()
    sys.stderr.flush()
    os._exit(status)


def finish(name, job, status):
    """Print the outcome of a scenario."""
    pid, out, err = job
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    out.seek(0)
    err.seek(0)
    log = [json.loads(line) for line in out]
    outcome = {"name": name, "exit": os.waitstatus_to_exitcode(status), "log": log, "stderr": err.read()}
    print(json.dumps(outcome), flush=True)


def main(world, patterns):
    """Run the scenarios that match, all when nothing is said, but those that are named with "!"."""
    table = list(lab.SCENARIOS)
    waiting = [n for n in table if any(fnmatch.fnmatch(n, p) for p in patterns or ["*"]) and "!" + n not in patterns]
    running = {}
    while waiting or running:
        while waiting and len(running) < AT_ONCE:
            name, waiting = waiting[0], waiting[1:]
            job = start(name, world, table.index(name))
            running[job[0]] = name, job
        pid, status = os.wait()
        if pid in running:
            finish(*running.pop(pid), status)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
