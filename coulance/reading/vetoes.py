"""Signs on a paper that no sum outweighs: whatever else can be read, nothing is proposed then."""

import re
from collections.abc import Iterator, Sequence

from coulance.reading import labels
from coulance.reading.meaning import Fact
from coulance.reading.notation import plain
from coulance.reading.sheet import Row

_CORRECTION = re.compile(
    r"correctie|gecorrigeerd|herberekening|herberekend|terugvorder|storno|creditnota|gecrediteerd|creditering"
    r"|eerder(uitbetaald|vergoed|uitgekeerd|betaald)|vervangt|tegenboeking|teveel(uitbetaald|vergoed|ontvangen)"
    r"|herziene?(specificatie|overzicht|afrekening|beslissing|nota|vergoeding)|nabetaling|ingetrokken"
)
_NOT_FINAL = re.compile(
    r"inbehandeling|voorlopig|offerte|begroting|prognose|geschat|schatting|nogniet(verwerkt|beoordeeld|afgehandeld)"
    r"|wordtnogbeoordeeld|proefberekening|rekenvoorbeeld"
)
_PROSE = re.compile(r"\b(de|het|een|u|uw|je|wordt|is|van|voor|op|aan|dat|die|geldt|meer|over)\b", re.IGNORECASE)


def of(rows: Sequence[Row], facts: Sequence[Fact]) -> Iterator[str]:
    """Yield the reasons on the whole paper for which nothing may be proposed."""
    letters = "".join(plain(row.text) for row in rows)
    if _CORRECTION.search(letters):
        yield "correction"
    if _NOT_FINAL.search(letters):
        yield "not_final"
    contributions = [fact for fact in facts if "C" in fact.meanings]
    if any(fact.cents for fact in contributions) or (not contributions and any(map(_names_contribution, rows))):
        yield "own_contribution"


def _names_contribution(row: Row) -> bool:
    """Tell whether a row names an own contribution as a label, not in an explanation."""
    if not any("C" in phrase[2] for piece in row.texts for phrase in labels.phrases(piece.text)):
        return False
    is_prose = len(row.text.split()) > 8 and len(_PROSE.findall(row.text)) > 2 and len(row.texts) == 1
    return not is_prose or bool(row.amounts)
