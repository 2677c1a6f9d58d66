"""The model's names are those that spaCy itself reads off the same network."""

from __future__ import annotations

import random
from functools import cache

from pipelines.extraction.name_model import NamedSpan, NameRecogniser, _loaded_model

_TEXT = (
    "President Anna Novak of Estonia met Odile Marchand Jr. in New York on Tuesday 4 May , said the United Nations Security "
    "Council ’s envoy from Rio de Janeiro . Goldman Sachs paid $ 3 million to University of Tartu and Lake Geneva , \n  the "
    "Reverend Martin Luther King , Exxon Mobil Corp. and van der Berg met at JFK Airport"
)
_WORDS = _TEXT.split(" ")


@cache
def _recogniser() -> NameRecogniser:
    return NameRecogniser()


def _by_spacy(text: str) -> list[NamedSpan]:
    labels = {"PERSON": "PERSON", "ORG": "ORGANISATION", "GPE": "PLACE", "LOC": "PLACE", "FAC": "PLACE"}
    names = _loaded_model()(text).ents
    return [NamedSpan(name.start_char, name.end_char, labels[name.label_]) for name in names if name.label_ in labels]


def test_the_names_are_those_that_spacy_reads() -> None:
    choose = random.Random(7)
    passages = [" ".join(choose.choices(_WORDS, k=choose.randrange(1, 40))) for _ in range(150)]
    passages += [" ".join(_WORDS[start : start + 25]) for start in range(len(_WORDS))]
    expected = [_by_spacy(passage) for passage in passages]
    assert sum(map(len, expected)) > 300
    assert _recogniser().names_in(passages) == expected


def test_a_name_ends_with_the_passage_at_the_latest() -> None:
    # Cut inside a name, as a passage may be: the network would go on.
    passages = ["He met the United", "United Nations Security", "Anna", " ", "\n", ""]
    assert _recogniser().names_in(passages) == [_by_spacy(passage) for passage in passages]


def test_no_passages_have_no_names() -> None:
    before = _recogniser().tokens
    assert _recogniser().names_in([]) == []
    assert _recogniser().tokens == before
