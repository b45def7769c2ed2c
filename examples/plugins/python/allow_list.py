#!/usr/bin/env python3
"""A judge of certificates as a program: only the certificates in a list are good for the hosts in it.

    allow_list.py FILE

Each line of FILE is a host and the SHA-256 of a certificate it may have, in hexadecimal digits (openssl x509 -noout
-fingerprint -sha256). It abstains about other hosts. In the policy of the machine:

    [[validation.plugin]]
    name = "allow-list"
    path = "/usr/lib/ssa/judges/allow_list.py"
    args = ["/etc/ssa/allow-list"]
    mode = "hard"

See ssa-plugin(7) for the protocol.
"""
import base64
import hashlib
import json
import sys


def read_list(path):
    allowed = {}
    with open(path, encoding="ascii") as lines:
        for line in lines:
            words = line.split("#")[0].split()
            if words:
                host, digest = words
                allowed.setdefault(host.lower(), set()).add(digest.replace(":", "").lower())
    return allowed


def judge(allowed, request):
    digests = allowed.get(request["host"].lower().rstrip("."))
    if request["role"] != "server" or digests is None:
        return "abstain", "the host is not in the list"
    digest = hashlib.sha256(base64.b64decode(request["chain"][0])).hexdigest()
    if digest in digests:
        return "valid", "the certificate is in the list"
    return "invalid", f"the certificate {digest} is not in the list for the host"


def main():
    allowed = read_list(sys.argv[1])
    for line in sys.stdin:
        request = json.loads(line)
        answer, reason = judge(allowed, request)
        print(json.dumps({"id": request["id"], "answer": answer, "reason": reason}), flush=True)


main()
