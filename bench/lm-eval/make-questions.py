"""Writes tasks/questions.jsonl: facts a small model half knows, each with three wrong answers of the same kind.

The wrong answers are those of the rows that follow within the kind, so no one wrote them to be easy.
"""

import json
from pathlib import Path

FACTS = {
    "The capital of {} is": [
        ("France", "Paris"), ("Japan", "Tokyo"), ("Italy", "Rome"), ("Egypt", "Cairo"), ("Germany", "Berlin"),
        ("Spain", "Madrid"), ("Russia", "Moscow"), ("Peru", "Lima"), ("Kenya", "Nairobi"), ("Norway", "Oslo"),
    ],
    "The chemical symbol of {} is": [
        ("oxygen", "O"), ("gold", "Au"), ("iron", "Fe"), ("sodium", "Na"), ("helium", "He"), ("silver", "Ag"),
    ],
    "The opposite of {} is": [
        ("hot", "cold"), ("big", "small"), ("early", "late"), ("empty", "full"), ("strong", "weak"),
        ("light", "dark"), ("rich", "poor"), ("young", "old"),
    ],
    "In English, a baby {} is called a": [
        ("dog", "puppy"), ("cat", "kitten"), ("cow", "calf"), ("sheep", "lamb"), ("bear", "cub"), ("horse", "foal"),
    ],
}  # fmt: skip

with (Path(__file__).parent / "tasks" / "questions.jsonl").open("w") as out:
    for sentence, facts in FACTS.items():
        answers = [answer for _, answer in facts]
        for i, (subject, answer) in enumerate(facts):
            gold = i % 4
            choices = [answers[(i + j) % len(answers)] for j in range(1, 4)]
            choices.insert(gold, answer)
            row = {"question": sentence.format(subject), "choices": choices, "gold": gold, "answer": answer}
            out.write(json.dumps(row) + "\n")
