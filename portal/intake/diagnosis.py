"""Why a file is not the JSON that it should be, in words for whoever maintains a practice's software.

The sentences name a place and what to do, and never quote the file: it holds personal data.
"""

import re
from typing import IO

from django.utils.translation import gettext as _

_BEFORE, _AFTER = 200, 40
_NO_NUMBER = re.compile(rb"-?(?:NaN|Infinity|nan|inf)")
_SIGNATURES = ((b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16"), (b"PK\x03\x04", "zip"), (b"\x1f\x8b", "gzip"))


def of_beginning(begin: bytes) -> tuple[str, str] | None:
    """Return code and sentence when the first bytes show that this is no text in UTF-8; None when they don't."""
    kind = next((name for signature, name in _SIGNATURES if begin.startswith(signature)), "")
    if not kind and len(begin) >= 4 and begin[:4].count(0) == 2:
        kind = "UTF-16"
    if kind == "UTF-16":
        return "not-utf-8", _("This file is in UTF-16. Save it as UTF-8, and hand it in again.")
    if kind:
        return "compressed", _("This file is compressed. Unpack it, and hand in the JSON file that is in it.")
    return None


def of_break(file: IO[bytes], error: Exception, *, at: int, line: int, column: int) -> tuple[str, str]:
    """Return code and sentence for JSON that breaks at byte `at` (counted from 1), which is `column` of `line`."""
    start = max(0, at - _BEFORE)
    file.seek(start)
    text = file.read(at - start + _AFTER)
    before, after = text[: at - start], text[at - start - 1 :]
    where = {"line": line, "column": column}
    if _is_no_number(before, after):
        sentence = _(
            "At line %(line)d, character %(column)d stands NaN or Infinity, which is no value in JSON. Write the"
            " amount or number, or leave the field out."
        )
        return "not-a-number", sentence % where
    if re.search(rb",\s*[}\]]$", before):
        sentence = _("At line %(line)d, character %(column)d a list or object ends with a comma. Remove that comma.")
        return "comma-at-end", sentence % where
    if re.search(rb"\\u[dD][c-fC-F][0-9a-fA-F]{2}[^\\]?$", before):
        return half_character(line=line, column=column)
    if isinstance(error, UnicodeDecodeError) or "UTF8" in str(error).split("\n", 1)[0]:
        sentence = _(
            "At line %(line)d, character %(column)d stands a character that is not in UTF-8. The file may have been"
            " saved as Windows-1252 or Latin-1. Save it as UTF-8, and hand it in again."
        )
        return "not-utf-8", sentence % where
    if before.endswith(b"'"):
        sentence = _(
            'At line %(line)d, character %(column)d stands a single quotation mark. JSON needs double ones: ".'
        )
        return "single-quote", sentence % where
    if before.endswith(b"/"):
        return "comment", _(
            "At line %(line)d, character %(column)d stands a comment. JSON has none: remove it."
        ) % where
    return "not-json", _("This is not valid JSON: it breaks at line %(line)d, character %(column)d.") % where


def half_character(*, line: int, column: int) -> tuple[str, str]:
    """Return code and sentence for one half of a pair of surrogates without the other."""
    sentence = _("Half of a character stands alone at line %(line)d, character %(column)d. Write the whole character.")
    return "half-character", sentence % {"line": line, "column": column}


def _is_no_number(before: bytes, after: bytes) -> bool:
    """Tell whether the break is in one of the words that some software writes for "no number"."""
    start = re.search(rb"[A-Za-z-]*$", before)
    return bool(start and _NO_NUMBER.match(before[start.start() :] + after[1:]))
