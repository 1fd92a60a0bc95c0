"""Texts as Python pickles and compresses them, for src/data/registry/pickled-text.ts.

Run from the repository's root (writes oracles/golden/pickled-texts.json; standard library only, Python 3.11):

    python3 oracles/data/export_pickled_texts.py

`accepted` are strings, of every length that Python writes in another way, by every protocol that has a text of counted
length, by both of its picklers. `refused` are pickles of other things, of which one would run a command.
"""

import base64
import json
import pathlib
import pickle
import zlib

GOLDEN = pathlib.Path(__file__).resolve().parents[1] / "golden" / "pickled-texts.json"

TESTS = json.dumps([{"input": "1 2\n", "output": "3\n", "testtype": "stdin"}])
TEXTS = {
    "empty": "",
    "tests": TESTS,
    "not ASCII": "ø → 𝔘 \ufeff",
    "256 bytes": "b" * 256,
    "longer than a frame": "0123456789" * 7000,
}


class Command:
    def __reduce__(self):
        return (print, ("this must never be printed",))


REFUSED = {
    "a list": [TESTS],
    "two strings": ("a", "b"),
    "bytes": b"[]",
    "a number": 7,
    "nothing": None,
    "a call": Command(),
    "a string of protocol 0": TESTS,
}


def packed(pickled):
    return base64.b64encode(zlib.compress(pickled, 9)).decode()


accepted = []
for name, text in TEXTS.items():
    for protocol in (1, 2, 3, 4, 5):
        for dumps in (pickle.dumps, pickle._dumps):
            accepted.append({"name": f"{name}, protocol {protocol}, {dumps.__name__}", "text": name,
                             "packed": packed(dumps(text, protocol))})
refused = [
    {"name": name, "packed": packed(pickle.dumps(value, 0 if "protocol 0" in name else 4))}
    for name, value in REFUSED.items()
]
GOLDEN.write_text(json.dumps({"format": 1, "texts": {name: text if len(text) < 1000 else [text[:10], len(text) // 10]
                                                     for name, text in TEXTS.items()},
                              "accepted": accepted, "refused": refused}, indent=1, ensure_ascii=True) + "\n")
