"""Which signals some rule may hit, told from their JSON: history is read at the price of the few that matter.

    JSON of a signal ──what must be in it for a rule to hit──▶ nothing: no rule hits it  │  else it is decoded, and rules look

A signal that no rule hits changes no count and no decision: only the coverage says what was seen. What may hit is passed on,
and every later wording of its article, for one may take back what an earlier one counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

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

#: What must be in the JSON: one of each group. Ids as they are, literals in the folded JSON.
_Groups = Sequence[frozenset[str | bytes]]


class PossibleSignals:
    """Give it the records of one stretch in order; ask it of each whether it need be decoded.

    :param every: nothing is left out, as for rules of which nothing can be told before.
    """

    def __init__(self, rules: Iterable[Rule], *, every: bool = False) -> None:
        wanted = [_groups(rule.watch) for rule in rules if rule.mode is not Mode.OFF]
        self._all = every or not all(wanted)
        self._wanted = [] if self._all else wanted
        needles = {needle for groups in self._wanted for group in groups for needle in group}
        self._ids = sorted(needle for needle in needles if isinstance(needle, bytes))
        self._literals = sorted(needle for needle in needles if isinstance(needle, str))
        self._of_ids = BytesAhoCorasick(self._ids) if self._ids else None
        self._of_literals = AhoCorasick(self._literals) if self._literals else None
        self._are_plain = all(literal.isascii() and literal.isalnum() for literal in self._literals)
        self._passed: set[bytes] = set()
        self._begun = False

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

    def _may_hit(self, raw: bytes) -> bool:
        found: set[str | bytes] = set()
        if self._of_ids is not None:
            matches = self._of_ids.find_matches_as_indexes(raw, overlapping=True)
            found.update([self._ids[match[0]] for match in matches])
        if self._of_literals is not None:
            matches = self._of_literals.find_matches_as_indexes(self._folded(raw), overlapping=True)
            found.update([self._literals[match[0]] for match in matches])
        return any(all(not found.isdisjoint(group) for group in groups) for groups in self._wanted)

    def _folded(self, raw: bytes) -> str:
        """Return the words of ``raw`` folded; where the literals are plain, perhaps without the marks between words."""
        if self._are_plain:
            # Folding other letters than ASCII is dear. Most texts have none, but dashes and quotes of print.
            bare = _PRINTED_MARKS.sub(b"", raw)
            if bare.isascii():
                return bare.decode("ascii").lower()
        return fold(raw.decode("utf-8", "replace")).text


def _groups(watch: Watch) -> _Groups:
    """Return what an article must have for ``watch`` to hold; empty: nothing is known to be needed."""
    groups: list[frozenset[str | bytes]] = []
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


def _named(choices: ActorSet) -> frozenset[str | bytes]:
    ids = ActorTest(choices).ids
    return frozenset() if ids is None else frozenset(_quoted(actor) for actor in ids)


def _quoted(name: str) -> bytes:
    return f'"{name}"'.encode()
