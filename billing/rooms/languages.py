"""What of a room is there in every language that guests can read, and its letters in short, as types."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from billing.rooms.desk import Text


@dataclass(frozen=True, slots=True)
class Explained:
    """A letter in short, for who reads no Dutch: what it is about, and what comes when nothing is done.

    `amount` and `day` name the facts with what it asks for, and until when. The sentences may name the `provider`.
    `has_chosen`: its reader pays later or in parts already, so that is not offered again.
    """

    about: Text
    amount: str = ""
    day: str = ""
    otherwise: Text = ""
    has_chosen: bool = False


@dataclass(frozen=True, slots=True)
class Core:
    """What belongs to the closed core of languages: pages, templates, files with texts, and texts of other files.

    `weighty`: of these texts, the English ones about money, terms and rights, which stand with their Dutch beside them.
    `letters`: the letters in short, by their kind of message.
    """

    pages: frozenset[str] = frozenset()
    templates: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()
    texts: tuple[Text, ...] = ()
    weighty: frozenset[str] = frozenset()
    letters: Mapping[str, Explained] = field(default_factory=dict)

    def said(self) -> list[Text]:
        """Return its texts of other files, those of the letters among them."""
        of_letters = [text for letter in self.letters.values() for text in (letter.about, letter.otherwise) if text]
        return [*self.texts, *of_letters]
