"""Grades the cases on standard input with Math-Verify (pip install math-verify==0.9.0), at its defaults.

Input: one JSON object {gold, response} a line. Output: {"verdicts": [bool], "seconds": float, "version": str};
the time is that of one pass over all cases, imports and a warm-up on the first ones aside.
"""

import json
import logging
import sys
import time
from importlib.metadata import version

from math_verify import parse, verify

logging.disable(logging.CRITICAL)


def delimited(gold):
    """Math-Verify looks for LaTeX between delimiters only; a bare LaTeX gold answer gets them."""
    bare = "\\" in gold and not any(mark in gold for mark in ("$", "\\(", "\\[", "\\boxed"))
    return f"${gold}$" if bare else gold


def grade(case):
    try:
        return bool(verify(parse(delimited(case["gold"])), parse(case["response"])))
    except Exception:  # a grader that fails accepts nothing
        return False


cases = [json.loads(line) for line in sys.stdin if line.strip()]
for case in cases[:20]:
    grade(case)
start = time.perf_counter()
verdicts = [grade(case) for case in cases]
seconds = time.perf_counter() - start
json.dump({"verdicts": verdicts, "seconds": seconds, "version": version("math-verify")}, sys.stdout)
