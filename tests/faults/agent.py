#!/usr/bin/env python3
"""A program that does what its standard input says: one line of Python in, one line with the result out.

A line is a JSON string. All are executed in one namespace; the value is that of the last expression. The answer is
"reply N {"value": ...}" or "reply N {"error": "ECONNRESET", "text": ...}".
"""
import ast
import json
import os
import sys

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..", "semantics")]
import lab as world  # noqa: E402
import states  # noqa: E402


def evaluate(code, names):
    """Execute statements; the value is that of the last one when it is an expression."""
    tree = ast.parse(code)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "line", "exec"), names)  # pylint: disable=exec-used
    return last and eval(compile(ast.Expression(last.value), "line", "eval"), names)  # pylint: disable=eval-used


def run(code, names):
    """Evaluate one line."""
    try:
        return {"value": evaluate(code, names)}
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
