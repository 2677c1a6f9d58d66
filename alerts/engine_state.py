"""The engine between two records as bytes, and back: what :func:`restore` returns goes on exactly as the engine would have.

    engine ──freeze──▶ FrozenEngine ──encoded──▶ bytes ──restore──▶ engine

To freeze is quick, and all that the engine's own thread has to wait for; another one may encode while the engine goes on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pydantic import TypeAdapter, ValidationError

from alerts.card_book import CardBook
from alerts.cards import Card, CardState, KeyHit
from alerts.chain import Chains
from alerts.coverage_state import CoverageState, coverage_book, coverage_state
from alerts.engine import ENGINE_VERSION, Engine, Waiting
from alerts.lifecycle import Life
from alerts.reading import Reader
from alerts.rule_state import RuleState
from alerts.rules.model import Rule
from alerts.snapshot import beginning, pack, unpack
from alerts.tracks.make import make_tracks
from alerts.tracks.spike_banks import SharedBanks
from schemas.alert_event import ChainHead
from schemas.control import RulesActivated
from schemas.errors import BrokenRecordError
from schemas.model import Part
from schemas.reasons import Severity

#: The shape of the document; another one is not read, the log is stepped again instead.
SNAPSHOT_VERSION = 6

#: How every snapshot's document begins, and how much of it there is to look at.
_BEGINNING = re.compile(rb'\{"snapshot_version":(\d{1,9}),"engine_version":"([^"\\]{0,40})",')
_BEGINNING_BYTES = 100

Arrays = dict[str, npt.NDArray[np.generic]]


class _Life(Part):
    key: str
    crossing: int | None
    track: int
    last_count: int
    calm_hours: int
    blind: bool
    cooling_until: int
    crossed_while_cooling: int
    last_cooling_crossing: int
    pending: int | None = None
    pending_track: int = 0
    told_hour: int | None = None
    seen: tuple[int, int, int] | None = None
    settled: bool = False
    grown: bool = False
    level: Severity | None = None
    taken_back: tuple[int, int, int] | None = None


class _Rule(Part):
    rule: Rule
    start_hour: int | None
    lives: tuple[_Life, ...]
    keys: tuple[str, ...]
    blind_feeds: tuple[str, ...]
    keys_overflowed: bool
    open_overflowed: bool
    keys_overflow_told: bool
    went_live: bool
    tracks: tuple[dict[str, object], ...]


class _Waiting(Part):
    offset: int
    record: RulesActivated


class _Engine(Part):
    snapshot_version: int
    engine_version: str
    open: int | None
    rules_hash: str
    card_hours: int
    extractors: tuple[tuple[str, int], ...]
    skips: tuple[tuple[int, int], ...]
    passed_over: tuple[int, ...] = ()
    waiting: _Waiting | None = None
    inherited: tuple[tuple[str, str, int], ...] | None = None
    coverage: CoverageState
    chains: tuple[ChainHead, ...]
    cards: tuple[CardState, ...]
    rules: tuple[_Rule, ...]


#: Cards encoded at once: other threads wait so long.
_CARDS_AT_ONCE = 200

_PLAIN = TypeAdapter(dict[str, object])
_CARDS = TypeAdapter(list[CardState])


@dataclass(frozen=True)
class FrozenEngine:
    """All of an engine at one moment. Nothing that the engine changes is in it: it may be encoded in another thread."""

    document: _Engine  # without cards and without rules
    cards: Sequence[tuple[Card, bool, dict[str, tuple[KeyHit, ...]]]]  # with what was ``counted`` and ``hits`` then
    rules: Sequence[tuple[_Rule, Sequence[dict[str, object]]]]  # with the documents of its tracks
    arrays: Arrays

    def encoded(self) -> bytes:
        """Return it as bytes, the same whenever and wherever it is done."""
        return pack(b"".join(self._json()), self.arrays)

    def _json(self) -> Iterator[bytes]:
        """Yield the document, whose last field is the rules, in pieces: the encoder lets no other thread run meanwhile."""
        yield self.document.model_dump_json(exclude={"cards", "rules"}).encode().removesuffix(b"}")
        yield b',"cards":['
        for begin in range(0, len(self.cards), _CARDS_AT_ONCE):
            cards = self.cards[begin : begin + _CARDS_AT_ONCE]
            states = [CardState.of(card, counted=counted, hits=hits) for card, counted, hits in cards]
            yield (b"," if begin else b"") + _CARDS.dump_json(states)[1:-1]
        yield b'],"rules":['
        for number, (rule, tracks) in enumerate(self.rules):
            yield (b"," if number else b"") + rule.model_dump_json(exclude={"tracks"}).encode().removesuffix(b"}")
            yield b',"tracks":['
            for index, plain in enumerate(tracks):
                yield (b"," if index else b"") + _PLAIN.dump_json(plain)
            yield b"]}"
        yield b"]}"


def snapshot(engine: Engine) -> bytes:
    """Return all of ``engine`` as bytes."""
    return freeze(engine).encoded()


def freeze(engine: Engine) -> FrozenEngine:
    """Return all of ``engine`` as it is now: arrays copied, and what is plain held by nobody else."""
    arrays: Arrays = {}
    rules = []
    for number, state in enumerate(engine.rules.values()):
        tracks = []
        for index, track in enumerate(state.tracks):
            plain, own = track.state()
            tracks.append(plain)
            arrays.update({f"{number}/{index}/{name}": array for name, array in own.items()})
        rules.append((_rule_document(state), tracks))
    document = _Engine(
        snapshot_version=SNAPSHOT_VERSION,
        engine_version=ENGINE_VERSION,
        open=engine.open,
        rules_hash=engine.rules_hash,
        card_hours=engine.card_hours,
        extractors=tuple(engine.extractors.items()),
        skips=tuple(engine.skips),
        passed_over=tuple(engine.passed_over),
        waiting=None
        if engine.waiting is None
        else _Waiting(offset=engine.waiting.offset, record=engine.waiting.record),
        inherited=None
        if engine.inherited is None
        else tuple((rule, key, hour) for (rule, key), hour in engine.inherited.items()),
        coverage=coverage_state(engine.coverage),
        chains=tuple(engine.chains.heads.values()),
        cards=(),
        rules=(),
    )
    cards = [(card, card.counted, dict(card.hits)) for card in engine.cards]
    return FrozenEngine(document, cards, rules, arrays)


def restore(raw: bytes, make: Callable[[], Engine] = Engine) -> Engine:
    """Return the engine whose :func:`snapshot` is ``raw``; ``make`` makes one of the kind that is wanted, with no record yet.

    :raises BrokenRecordError: it is none, or one of another shape or engine, which is found out before the rest is read.
    """
    refuse_others(raw)
    plain, arrays = unpack(raw)
    try:
        document = _Engine.model_validate_json(plain)
    except ValidationError as error:
        raise BrokenRecordError(f"not a snapshot this program reads: {error.error_count()} differences") from error
    engine = make()
    engine.open = document.open
    engine.rules_hash = document.rules_hash
    engine.card_hours = document.card_hours
    engine.extractors = dict(document.extractors)
    engine.skips = list(document.skips)
    engine.passed_over = list(document.passed_over)
    if document.waiting is not None:
        engine.waiting = Waiting(document.waiting.offset, document.waiting.record)
    if document.inherited is not None:
        engine.inherited = {(rule, key): hour for rule, key, hour in document.inherited}
    engine.coverage = coverage_book(document.coverage)
    engine.chains = Chains({head.rule: head for head in document.chains})
    engine.cards = CardBook(state.card() for state in document.cards)
    for number, state in enumerate(document.rules):
        engine.rules[state.rule.name] = _rule_state(state, number, arrays, engine.banks)
    engine.reader = Reader(tuple(state.rule for state in engine.rules.values()))
    return engine


def refuse_others(raw: bytes) -> None:
    """Look at the first bytes of a snapshot's document alone, however long it is.

    :raises BrokenRecordError: it is none, or one of another shape or engine.
    """
    found = _BEGINNING.match(beginning(raw, _BEGINNING_BYTES))
    if found is None:
        raise BrokenRecordError("not a snapshot this program reads: it does not begin as one")
    shape, engine = int(found[1]), found[2].decode(errors="replace")
    if (shape, engine) != (SNAPSHOT_VERSION, ENGINE_VERSION):
        raise BrokenRecordError(f"a snapshot of engine {engine}, shape {shape}")


def _rule_document(state: RuleState) -> _Rule:
    lives = tuple(
        _Life(
            key=key,
            crossing=life.crossing,
            track=life.track,
            last_count=life.last_count,
            calm_hours=life.calm_hours,
            blind=life.blind,
            cooling_until=life.cooling_until,
            crossed_while_cooling=life.crossed_while_cooling,
            last_cooling_crossing=life.last_cooling_crossing,
            pending=life.pending,
            pending_track=life.pending_track,
            told_hour=life.told_hour,
            seen=life.seen,
            settled=life.settled,
            grown=life.grown,
            level=life.level,
            taken_back=life.taken_back,
        )
        for key, life in state.lives.items()
    )
    return _Rule(
        rule=state.rule,
        start_hour=state.start_hour,
        lives=lives,
        keys=tuple(state.keys),
        blind_feeds=state.blind_feeds,
        keys_overflowed=state.keys_overflowed,
        open_overflowed=state.open_overflowed,
        keys_overflow_told=state.keys_overflow_told,
        went_live=state.changed_mode,
        tracks=(),
    )


def _rule_state(
    document: _Rule, number: int, arrays: Mapping[str, npt.NDArray[np.generic]], banks: SharedBanks
) -> RuleState:
    state = RuleState(document.rule, make_tracks(document.rule, banks))
    state.start_hour = document.start_hour
    for life in document.lives:
        state.lives[life.key] = Life(
            crossing=life.crossing,
            track=life.track,
            last_count=life.last_count,
            calm_hours=life.calm_hours,
            blind=life.blind,
            cooling_until=life.cooling_until,
            crossed_while_cooling=life.crossed_while_cooling,
            last_cooling_crossing=life.last_cooling_crossing,
            pending=life.pending,
            pending_track=life.pending_track,
            told_hour=life.told_hour,
            seen=life.seen,
            settled=life.settled,
            grown=life.grown,
            level=life.level,
            taken_back=life.taken_back,
        )
    state.keys = dict.fromkeys(document.keys)
    state.blind_feeds = document.blind_feeds
    state.keys_overflowed = document.keys_overflowed
    state.open_overflowed = document.open_overflowed
    state.keys_overflow_told = document.keys_overflow_told
    state.changed_mode = document.went_live
    for index, (track, plain) in enumerate(zip(state.tracks, document.tracks, strict=True)):
        head = f"{number}/{index}/"
        track.load(plain, {name.removeprefix(head): a for name, a in arrays.items() if name.startswith(head)})
    return state
