"""Fetches a page over TLS: https_client.py URL [CA-FILE]. Run it under `ssa run`, with bindings/python/src in PYTHONPATH."""

import sys
import urllib.error
import urllib.request

import ssa.http

if len(sys.argv) not in (2, 3):
    sys.exit("usage: https_client.py URL [CA-FILE]")
options = {"cafile": sys.argv[2]} if len(sys.argv) == 3 else {}
opener = urllib.request.build_opener(ssa.http.HTTPSHandler(**options))
try:
    with opener.open(sys.argv[1]) as page:
        sys.stdout.buffer.write(page.read())
except urllib.error.URLError as e:
    sys.exit(f"https_client.py: {e.reason}")
