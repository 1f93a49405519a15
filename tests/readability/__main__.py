"""`make readability`: LiNT-II over every Dutch text that patients read; its results go to docs/reading-level.md.

LiNT-II has an environment of its own under var/, and Frog comes from the system. Neither is a part of the product.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import django
from django.utils import timezone

from tests.readability.frog import sentences_in

ROOT = Path(__file__).resolve().parents[2]
PLACE = ROOT / "var/readability"
DOCUMENT = ROOT / "docs/reading-level.md"
PACKAGES = ("lint-ii==0.1.3", "click==8.1.8")  # its spaCy needs click and does not say so
WORST, BEGINS = 20, "## Results\n"
# Texts of LiNT-II's own documentation, and the score that it gives there.
PUBLISHED = {
    "De Oudegracht is het sfeervolle hart van de stad. In de middeleeuwen was het hier een drukte van belang met de "
    "aan- en afvoer van goederen. Nu is het een prachtige plek om te winkelen en te lunchen of te dineren in de oude "
    "stadskastelen.": 48.2,
    "Jip zit bij de kapper. Knip, knap, zegt de schaar.": 21.9,
    "Dit wordt een pijnlijk en haast onoverkomenlijk moment voor mij: het geremde gemoed prijsgeven aan een onnozel "
    "stuk lijntjespapier.": 75.5,
}


def interpreter() -> Path:
    python = PLACE / "venv/bin/python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", PLACE / "venv"], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
    return python


def parsed(texts: list[str]) -> list[list[list[dict[str, Any]]]]:
    """Return the trees of each text. Only what was not read before goes to Frog, which is slow, and at once."""
    given, made = PLACE / "texts", PLACE / "trees"
    shutil.rmtree(given, ignore_errors=True)
    for folder in (given, made):
        folder.mkdir(parents=True, exist_ok=True)
    names = [f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.txt" for text in texts]
    for name, text in zip(names, texts, strict=True):
        if not (made / f"{name}.out").exists():
            (given / name).write_text(text + "\n")
    if any(given.iterdir()):
        with (PLACE / "frog.log").open("w") as log:
            command = ["frog", "--skip=ac", "-n", f"--testdir={given}", f"--outputdir={made}"]
            subprocess.run(command, stdout=log, stderr=log, check=True, cwd=PLACE)
    trees = (sentences_in((made / f"{name}.out").read_text()) for name in names)
    return [[[asdict(word) for word in sentence] for sentence in text] for text in trees]


def scored(texts: list[str]) -> list[dict[str, Any]]:
    command = [interpreter(), ROOT / "tests/readability/score.py"]
    run = subprocess.run(command, input=json.dumps(parsed(texts)), stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(run.stdout)


def table(*lines: tuple[object, ...]) -> str:
    head, *rows = (f"| {' | '.join(str(cell).replace('|', '/') for cell in line)} |" for line in lines)
    return "\n".join([head, "|" + "---|" * len(lines[0]), *rows]) + "\n"


def report(found: dict[str, dict[str, Any]], examples: list[dict[str, Any]]) -> str:
    counted = {place: one for place, one in found.items() if one["score"] is not None}
    order = sorted(counted, key=lambda place: -counted[place]["score"])
    levels = [sum(one["level"] == level for one in counted.values()) for level in (1, 2, 3, 4)]
    sentences = [sentence[:2] for one in counted.values() for sentence in one["sentences"]]
    hardest = sorted({(round(score, 1), text) for text, score in sentences if score is not None}, reverse=True)
    worst = [(f"`{place}`", f"{counted[place]['score']:.1f}", ", ".join(dict.fromkeys(counted[place]["rare"])))
             for place in order[:WORST]]  # fmt: skip
    published = [(text[:50] + "…", score, f"{one['score']:.1f}")
                 for (text, score), one in zip(PUBLISHED.items(), examples, strict=True)]  # fmt: skip
    every = [(f"`{place}`", len(one["sentences"]), f"{one['score']:.1f}", one["level"])
             for place, one in sorted(counted.items())]  # fmt: skip
    return "\n".join(
        [
            f"{BEGINS}Of {timezone.localdate().isoformat()}, by `make readability`. "
            f"{len(counted)} texts: {', '.join(f'{n} of level {level}' for level, n in enumerate(levels, 1))}.\n",
            "### LiNT-II's own examples\n", table(("text", "published", "here"), *published),
            f"### The {WORST} hardest texts\n", table(("text", "score", "rarest words"), *worst),
            f"### The {WORST} hardest sentences\n", table(("score", "sentence"), *hardest[:WORST]),
            "### Every text\n", table(("text", "sentences", "score", "level"), *every),
        ]
    )  # fmt: skip


def main() -> int:
    if not shutil.which("frog"):
        print("There is no Frog here: apt-get install frog frogdata uctodata", file=sys.stderr)  # noqa: T201
        return 1
    from tests.readability.texts import all_texts

    PLACE.mkdir(parents=True, exist_ok=True)
    texts = all_texts()
    examples, rest = list(PUBLISHED), ["\n".join(sentences) for sentences in texts.values()]
    results = scored([*examples, *rest])
    found = dict(zip(texts, results[len(examples) :], strict=True))
    (PLACE / "found.json").write_text(json.dumps(found, indent=1, ensure_ascii=False))
    by_hand = DOCUMENT.read_text().split(BEGINS)[0]
    DOCUMENT.write_text(by_hand + report(found, results[: len(examples)]))
    return 0


if __name__ == "__main__":
    os.environ.setdefault("SANDBOX", "1")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    sys.exit(main())
