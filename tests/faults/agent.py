#!/usr/bin/env python3
"""A program that does what its standard input says: one line of Python in, one line with the result out.

A line is a JSON string. An expression is evaluated, anything else executed, in one namespace. The answer is
"reply N {"value": ...}" or "reply N {"error": "ECONNRESET", "text": ...}".
"""
import json
import os
import sys

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..", "semantics")]
import lab as world  # noqa: E402
import states  # noqa: E402


def run(code, names):
    """Evaluate or execute one line."""
    try:
        try:
            compiled = compile(code, "line", "eval")
        except SyntaxError:
            exec(code, names)  # pylint: disable=exec-used
            return {"value": None}
        return {"value": eval(compiled, names)}  # pylint: disable=eval-used
    except OSError as e:
        return {"error": world.name_of(e.errno) if e.errno else type(e).__name__, "text": str(e)}
    except BaseException as e:  # pylint: disable=broad-except
        return {"error": type(e).__name__, "text": str(e)}


def main():
    """Answer each line."""
    lab = world.Lab(os.environ.get("SSA_TEST_WORLD", "tls"), "127.0.0.1", sys.stderr)
    names = {**vars(states), **vars(world), "lab": lab}
    for number, line in enumerate(sys.stdin):
        answer = json.dumps(run(json.loads(line), names), default=repr)
        os.write(1, f"\nreply {number} {answer}\n".encode())


if __name__ == "__main__":
    main()
