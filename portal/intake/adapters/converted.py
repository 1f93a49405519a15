"""What came of reading another format: a batch of ours, what could not be read as one, and where each part stood."""

import json
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from portal.intake.adapters import values
from portal.intake.batch import Problem


@dataclass(slots=True)
class Converted:
    """Invoices of a file in the terms of our format.

    `sources` has for each invoice where in the file it stood, then each of its lines: rows or records, from 1; 0 for
    nowhere that a person could count.
    """

    agb_code: str
    invoices: list[dict[str, Any]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    sources: list[list[int]] = field(default_factory=list)
    taken_back: set[tuple[int, int]] = field(default_factory=set)  # invoice and line

    def begin(self, invoice: dict[str, Any], place: int = 0) -> int:
        """Add an invoice without lines, which stood at `place` in the file; return its index."""
        self.invoices.append(invoice | {"lines": []})
        self.sources.append([place])
        return len(self.invoices) - 1

    def add_line(self, index: int, line: dict[str, Any], place: int = 0, *, taken_back: bool = False) -> None:
        """Add a line to the invoice at `index`; the line stood at `place` in the file.

        One that is `taken_back` is a problem of its invoice, for a person.
        """
        lines = self.invoices[index]["lines"]
        if taken_back:
            path = f"invoices[{index}].lines[{len(lines)}]"
            self.problems.append((path, *values.credit_line()))
            self.taken_back.add((index, len(lines)))
        lines.append(line)
        self.sources[index].append(place)

    def total(self) -> Decimal:
        """Return what the invoices come to in euros; a line that is taken back counts as less."""
        return sum(
            (
                (-1 if (index, place) in self.taken_back else 1) * line["quantity"] * Decimal(line["unit_price"])
                for index, invoice in enumerate(self.invoices)
                for place, line in enumerate(invoice["lines"])
            ),
            Decimal(0),
        )

    def content(self) -> bytes:
        """Return the batch as it is stored, checked and handed in."""
        batch = {"format": "invoice-batch/2", "provider": {"agb_code": self.agb_code}, "invoices": self.invoices}
        return json.dumps(batch, ensure_ascii=False).encode()

    def facts(self) -> dict[str, Any]:
        """Return what the row of the file keeps beside it."""
        return {"problems": [list(problem) for problem in self.problems], "sources": self.sources}
