"""What Frog makes of a Dutch text, as a tree in the manner of Universal Dependencies.

Frog follows Alpino: the function word is the head ("op" of "op tijd", "moet" of "moet betalen"). In Universal
Dependencies, by which LiNT-II counts, it is the word with the meaning. Only what LiNT-II's formula looks at is made:
heads, the labels that it tells apart, and the parts of speech.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

AUXILIARIES = {"zijn", "hebben", "worden", "zullen", "kunnen", "moeten", "mogen", "willen"}
COPULAS = {"zijn", "worden", "blijven"}
PARTS = {
    "ADJ": "ADJ", "BW": "ADV", "LET": "PUNCT", "LID": "DET", "N": "NOUN", "SPEC": "X", "TSW": "INTJ", "TW": "NUM",
    "VG": "CCONJ", "VNW": "PRON", "VZ": "ADP", "WW": "VERB",
}  # fmt: skip
NAMES = {"PER": "PERSON", "LOC": "GPE", "ORG": "ORG"}
TEXT, LEMMA, TAG, ENTITY, HEAD, RELATION = 1, 2, 4, 6, -2, -1


@dataclass
class Word:
    text: str
    lemma: str
    tag: str  # of CGN, written as spaCy does: WW|pv|tgw|ev
    entity: str
    head: int  # the place in the sentence; its own for the root
    relation: str  # Alpino's, until its rule has given it that of Universal Dependencies
    part: str

    def is_(self, *tags: str) -> bool:
        return self.tag.startswith(tags)


Sentence = list[Word]


def sentences_in(output: str) -> list[Sentence]:
    """Read Frog's columns: a line a word, an empty line after each sentence."""
    blocks = (block.splitlines() for block in re.split(r"\n\s*\n", output.strip("\n")) if block.strip())
    return [universal(read([line.split("\t") for line in block])) for block in blocks]


def read(rows: list[list[str]]) -> Sentence:
    """Return the words as Frog tied them; of what it took as one ("tot_en_met") the rest hangs on the first word."""
    first: dict[str, int] = {}
    words: Sentence = []
    for row in rows:
        first[row[0]] = len(words)
        tags = re.split(r"(?<=\))_", row[TAG])
        several = len(tags) > 1
        texts, lemmas = (row[column].split("_") if several else [row[column]] for column in (TEXT, LEMMA))
        entities = row[ENTITY].split("_") if several else [row[ENTITY]]
        for number, (text, lemma, tag, entity) in enumerate(zip(texts, lemmas, tags, entities, strict=True)):
            head, relation = (row[HEAD], row[RELATION]) if number == 0 else (row[0], "mwp")
            words.append(word(text, lemma, tag, entity, head, relation))
    for place, one in enumerate(words):
        one.head = first.get(str(one.head), place)
    return with_one_root(words)


def word(text: str, lemma: str, tag: str, entity: str, head: str, relation: str) -> Word:
    tag = tag.replace("()", "").replace("(", "|").replace(",", "|").removesuffix(")")
    part = PARTS[tag.split("|")[0]]
    if tag.startswith(("N|eigen", "SPEC|deeleigen")):
        part = "PROPN"
    return Word(text, lemma, tag, NAMES.get(entity[2:], ""), head, relation, part)  # type: ignore[arg-type]


def with_one_root(words: Sentence) -> Sentence:
    """Tie to the first finite verb without a head what Frog left loose, and what it tied in a circle."""
    roots = [place for place, one in enumerate(words) if one.head == place]
    root = next((place for place in roots if words[place].is_("WW|pv")), roots[0] if roots else 0)
    words[root].head, words[root].relation = root, "ROOT"
    for place, one in enumerate(words):
        if place == root or leads_to(words, place, root):
            continue
        after = place > root and one.is_("N|", "ADJ|")
        one.head, one.relation = root, "vc" if one.is_("WW|inf", "WW|vd") else "predc" if after else "mod"
    return words


def leads_to(words: Sentence, place: int, root: int) -> bool:
    for _ in words:
        place = words[place].head
    return place == root


def universal(words: Sentence) -> Sentence:
    """Turn the tree around, rule by rule, and in each from the leaves upward."""
    for rule in (join, lay_down_mark, make_copula, make_auxiliary):
        for place in sorted(range(len(words)), key=lambda one: -depth(words, one)):
            rule(words, place)
    for one in words:
        one.relation = label(words, one)
    return words


def depth(words: Sentence, place: int) -> int:
    steps = 0
    while words[place].head != place:
        place, steps = words[place].head, steps + 1
    return steps


def children(words: Sentence, place: int, which: Callable[[Word], bool] = lambda _one: True) -> list[int]:
    return [other for other, one in enumerate(words) if one.head == place and other != place and which(one)]


def promote(words: Sentence, place: int, child: int, relation: str) -> None:
    """Let `child` take its head's place in the tree; the head and what else hangs on it hang on the child."""
    above, below = words[place], words[child]
    for other in children(words, place, lambda one: one.relation != "mwp"):
        words[other].head = child
    below.head, below.relation = (child if above.head == place else above.head), above.relation
    above.head, above.relation = child, relation


def join(words: Sentence, place: int) -> None:
    """ "Jan en Piet": not "en" is the head but the first, and the others hang on him."""
    conjuncts = children(words, place, lambda one: one.relation == "cnj")
    if not conjuncts or not words[place].is_("VG", "LET", "VZ"):
        return
    first, *others = conjuncts
    promote(words, place, first, "punct" if words[place].is_("LET") else "cc")
    for other in others:
        words[other].head, words[other].relation = first, "conj"
    if after := [other for other in others if other > place]:
        words[place].head = after[0]


def lay_down_mark(words: Sentence, place: int) -> None:
    """ "op tijd", "om te betalen", "dat u betaalt", "die betaalt": the first words only introduce the last."""
    one = words[place]
    if not one.is_("VZ", "VG", "VNW|betr", "VNW|vb", "BW"):
        return
    introduced = children(words, place, lambda child: child.relation in ("obj1", "body"))
    if introduced:
        promote(words, place, introduced[-1], "su" if one.is_("VNW|betr") else "mark")


def make_copula(words: Sentence, place: int) -> None:
    """ "De rekening is betaalbaar": the head is what the invoice is."""
    predicates = children(words, place, lambda child: child.relation == "predc")
    if predicates and words[place].lemma in COPULAS:
        promote(words, place, predicates[-1], "cop")
        words[place].part = "AUX"


def make_auxiliary(words: Sentence, place: int) -> None:
    """ "U moet betalen": the head is what one must do."""
    verbs = children(words, place, lambda child: child.relation == "vc")
    verbs = [verb for verb in verbs if words[verb].is_("WW") or children(words, verb, is_copula)]
    if verbs and words[place].lemma in AUXILIARIES and words[place].is_("WW"):
        promote(words, place, verbs[0], "aux:pass" if words[place].lemma == "worden" else "aux")
        words[place].part = "AUX"


def is_copula(one: Word) -> bool:
    return one.relation == "cop"


def label(words: Sentence, one: Word) -> str:
    if one.relation == "su":
        passive = any(other.relation == "aux:pass" and words[other.head] is words[one.head] for other in words)
        return "nsubj:pass" if passive else "nsubj"
    if one.is_("LET"):
        return "punct"
    return one.relation if one.relation in ("ROOT", "conj", "cc", "cop", "aux", "aux:pass", "mark", "det") else "dep"
