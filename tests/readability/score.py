"""LiNT-II's own formula and word lists over trees from Frog. Runs in an environment of its own.

LiNT-II asks spaCy for a model that comes from GitHub alone. What the model would have made is given to it here; the
coefficients are those for the model that it recommends.
"""

import json
import sys
from types import ModuleType
from typing import Any

import spacy
from lint_ii.linguistic_data import LINGUISTIC_DATA_PATH
from lint_ii.linguistic_data.wordlists import PATH_NOUNS_SEM_TYPES
from spacy.tokens import Doc, Span

MODEL = "3.7.0"


def formula() -> dict[str, float]:
    for one in json.loads((LINGUISTIC_DATA_PATH / "coefficients.json").read_text()):
        if (one["model_version"], one["noun_list"]) == (MODEL, PATH_NOUNS_SEM_TYPES.stem):
            return {name: found["coef"] for name, found in one["coefficients"].items()}
    raise LookupError(PATH_NOUNS_SEM_TYPES.stem)


place_of_the_model: Any = ModuleType("lint_ii.linguistic_data.nlp_model")
place_of_the_model.COEFFICIENTS = formula()
sys.modules[place_of_the_model.__name__] = place_of_the_model

from lint_ii import ReadabilityAnalysis, SentenceAnalysis  # noqa: E402  it would load the model

VOCABULARY = spacy.blank("nl").vocab


def document(sentences: list[list[dict[str, Any]]]) -> Doc:
    words, heads, starts = [], [], []
    for sentence in sentences:
        heads += [len(words) + word["head"] for word in sentence]
        starts += [number == 0 for number in range(len(sentence))]
        words += sentence
    columns = {name: [word[name] for word in words] for name in ("text", "lemma", "tag", "part", "relation")}
    made = Doc(
        VOCABULARY, words=columns["text"], lemmas=columns["lemma"], tags=columns["tag"], pos=columns["part"],
        deps=columns["relation"], heads=heads, sent_starts=starts,
    )  # fmt: skip
    made.set_ents([Span(made, n, n + 1, label=word["entity"]) for n, word in enumerate(words) if word["entity"]])
    return made


def scored(sentences: list[list[dict[str, Any]]]) -> dict[str, Any]:
    whole = ReadabilityAnalysis([SentenceAnalysis(sentence) for sentence in document(sentences).sents])
    return {
        "score": whole.lint.score,
        "level": whole.lint.level,
        "features": [
            whole.mean_log_word_frequency, whole.mean_max_sdl, whole.mean_content_words_per_clause,
            whole.proportion_of_concrete_nouns,
        ],
        "rare": [word.text for word, _frequency in whole.get_top_n_least_frequent(5)],
        "sentences": [(one.text, one.lint.score, one.max_sdl, one.content_words_per_clause) for one in whole.sentences],
    }  # fmt: skip


if __name__ == "__main__":
    json.dump([scored(sentences) for sentences in json.load(sys.stdin)], sys.stdout)
