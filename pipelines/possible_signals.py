"""Which signals some rule may hit, told from their JSON: history is read at the price of the few that matter.

    JSON of a signal ──what must be in it for a rule to hit──▶ nothing: no rule hits it  │  else it is decoded, and rules look

A signal that no rule hits changes no count and no decision: only the coverage says what was seen. What may hit is passed on,
and every later wording of its article, for one may take back what an earlier one counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from operator import and_

import numpy as np
import numpy.typing as npt
from ahocorasick_rs import AhoCorasick, BytesAhoCorasick

from alerts.rules.folding import fold
from alerts.rules.match import literals_of
from alerts.rules.membership import ActorTest
from alerts.rules.model import ActorSet, Mode, Rule, Scope, Watch

#: How every signal begins; what begins otherwise is decoded.
_HEAD = b'{"schema_version":1,"kind":"signal","article_id":"'

#: Fields of every pair, every actor and every topic that was found.
_SOME_PAIR, _SOME_ACTOR, _SOME_TOPIC = b'"target"', b'"prominence"', b'"hits"'

#: Marks that JSON writes otherwise than the text has them: a word with one cannot be looked for in JSON.
_ESCAPED = re.compile(r'["\\\x00-\x1f]')

#: U+2000 to U+207F in UTF-8: spaces, dashes, quotes and characters nobody sees.
_PRINTED_MARKS = re.compile(rb"\xe2[\x80\x81].", re.DOTALL)

#: So many ids at most are looked for in a whole day at a time: of more there is one in most signals anyway.
_FEW_IDS = 8

#: Where in the text of a day some of the ids were found.
Found = Sequence[tuple[int, int, int]]

#: One of it must be in the JSON. Ids as they are, literals in the folded JSON.
_Group = frozenset[str | bytes]


class PossibleSignals:
    """Give it the records of one stretch in order; ask it of each whether it need be decoded.

    :param every: nothing is left out, as for rules of which nothing can be told before.
    """

    def __init__(self, rules: Iterable[Rule], *, every: bool = False) -> None:
        wanted = [frozenset(_groups(rule.watch)) for rule in rules if rule.mode is not Mode.OFF]
        self._all = every or not all(wanted)
        if self._all:
            wanted = []
        groups = frozenset[_Group]().union(*wanted)
        bits = {group: 1 << number for number, group in enumerate(groups)}
        # By rule the groups it needs as bits of a number, and what all of them need: a hundred rules often need the same.
        self._needed = {sum(bits[group] for group in of_rule) for of_rule in wanted}
        self._needed_by_all = reduce(and_, self._needed) if self._needed else 0
        bits_of: dict[str | bytes, int] = {}
        for group, bit in bits.items():
            for needle in group:
                bits_of[needle] = bits_of.get(needle, 0) | bit
        ids = sorted(needle for needle in bits_of if isinstance(needle, bytes))
        literals = sorted(needle for needle in bits_of if isinstance(needle, str))
        self._bits_of_ids = [bits_of[needle] for needle in ids]
        self._bits_of_literals = [bits_of[needle] for needle in literals]
        self._ids = BytesAhoCorasick(ids) if ids else None
        self._literals = AhoCorasick(literals) if literals else None
        self._are_plain = all(literal.isascii() and literal.isalnum() for literal in literals)
        self._passed: set[bytes] = set()
        self._begun = False
        some = _some_ids(wanted)
        self._sieve = BytesAhoCorasick(sorted(some)) if some else None

    def __contains__(self, raw: bytes) -> bool:
        """Tell whether ``raw``, the JSON of a record of ``signals``, may matter; it counts as passed on then."""
        if self._all or not raw.startswith(_HEAD):
            return True
        article_id = raw[len(_HEAD) : raw.index(b'"', len(_HEAD))]
        # The first signal tells events which extractor there is.
        if self._begun and article_id not in self._passed and not self._may_hit(raw):
            return False
        self._begun = True
        self._passed.add(article_id)
        return True

    def has_passed(self, article_ids: Iterable[str]) -> None:
        """Count articles as passed on before the stretch began: their later wordings may matter."""
        self._passed.update(article_id.encode() for article_id in article_ids)
        self._begun = True

    def look_for(self, text: bytes) -> Found | None:
        """Return where in ``text`` ids stand of which each rule needs one; None: it has to be asked of each record.

        Other threads run meanwhile.
        """
        return self._sieve.find_matches_as_indexes(text, overlapping=True) if self._sieve is not None else None

    def passed_of(self, text: bytes, starts: npt.NDArray[np.int32], found: Found | None) -> Iterator[bytes]:
        """Yield the records of ``text``, which begin at ``starts``, that pass, as if it had been asked of each in order.

        ``found`` is what :meth:`look_for` told of the text.
        """
        number = len(starts) - 1
        for index in range(number) if found is None else self._worth_asking(text, starts, found):
            raw = text[starts[index] : starts[index + 1]]
            if raw in self:
                yield raw

    def _worth_asking(self, text: bytes, starts: npt.NDArray[np.int32], found: Found) -> Sequence[int]:
        """Return the records of which an id was found, later wordings of what passes, and what begins otherwise."""
        if not self._begun:
            return range(len(starts) - 1)
        asked = set((np.searchsorted(starts, [begin for _, begin, _ in found], side="right") - 1).tolist())
        ids = [_article_id(text, at) for at in starts[:-1].tolist()]
        passing = self._passed.union(ids[index] for index in asked)
        # What begins otherwise has no id, and passes.
        asked.update(index for index, one in enumerate(ids) if not one or one in passing)
        return sorted(asked)

    def _may_hit(self, raw: bytes) -> bool:
        found = 0
        if self._ids is not None:
            for number, _, _ in self._ids.find_matches_as_indexes(raw, overlapping=True):
                found |= self._bits_of_ids[number]
        if self._literals is not None:
            for number, _, _ in self._literals.find_matches_as_indexes(self._folded(raw), overlapping=True):
                found |= self._bits_of_literals[number]
        if found & self._needed_by_all != self._needed_by_all:
            return False
        return any(found & needed == needed for needed in self._needed)

    def _folded(self, raw: bytes) -> str:
        """Return the words of ``raw`` folded; where the literals are plain, perhaps without the marks between words."""
        if self._are_plain:
            # Folding other letters than ASCII is dear. Most texts have none, but dashes and quotes of print.
            bare = _PRINTED_MARKS.sub(b"", raw)
            if bare.isascii():
                return bare.decode("ascii").lower()
        return fold(raw.decode("utf-8", "replace")).text


def _article_id(text: bytes, at: int) -> bytes:
    """Return the id of the article whose signal begins ``at``; empty where no signal does."""
    begin = at + len(_HEAD)
    return text[begin : text.index(b'"', begin)] if text.startswith(_HEAD, at) else b""


def _some_ids(wanted: Sequence[frozenset[_Group]]) -> set[bytes]:
    """Return a few ids of which any record has one that a rule can hit; none where there are no such few."""
    some: set[bytes] = set()
    for of_rule in wanted:
        ids = [
            {needle for needle in group if isinstance(needle, bytes)}
            for group in of_rule
            if not group & {_SOME_PAIR, _SOME_ACTOR, _SOME_TOPIC} and all(isinstance(needle, bytes) for needle in group)
        ]
        if not ids:
            return set()
        some |= min(ids, key=lambda group: (len(group), sorted(group)))
    return some if len(some) <= _FEW_IDS else set()


def _groups(watch: Watch) -> list[_Group]:
    """Return what an article must have for ``watch`` to hold; empty: nothing is known to be needed."""
    groups: list[_Group] = []
    if watch.pair is not None:
        groups += [_named(watch.pair.one), _named(watch.pair.other)]
        together = watch.scope is not Scope.SENTENCE and not watch.pair.directed
        groups.append(frozenset({_SOME_ACTOR if together else _SOME_PAIR}))
    if watch.actor is not None:
        groups += [_named(choices) for choices in (*watch.actor.all, *([watch.actor.any] if watch.actor.any else []))]
        if watch.actor.any or watch.actor.all:
            groups.append(frozenset({_SOME_ACTOR}))
    if watch.each_topic:
        groups.append(frozenset({_SOME_TOPIC}))
    if watch.topics is not None:
        groups += [frozenset({_quoted(topic)}) for topic in watch.topics.all]
        groups.append(frozenset(_quoted(topic) for topic in watch.topics.any))
    if watch.keywords is not None:
        literals = literals_of(watch.keywords)
        if not any(_ESCAPED.search(literal) for literal in literals):
            groups.append(frozenset(literals))
    return [group for group in groups if group]


def _named(choices: ActorSet) -> _Group:
    ids = ActorTest(choices).ids
    return frozenset() if ids is None else frozenset(_quoted(actor) for actor in ids)


def _quoted(name: str) -> bytes:
    return f'"{name}"'.encode()
