"""What a rule finds in a signal: one hit a key. A pure function of (rule, signal)."""

from __future__ import annotations

from dataclasses import dataclass

from alerts.rules.model import Only, Rule
from schemas.signal import Signal


@dataclass(frozen=True)
class Hit:
    """A key found in an article: where (indices into ``Signal.sentences``, sorted) and the words or ids that matched."""

    key: str
    sentences: tuple[int, ...]
    matched: tuple[str, ...]


class CompiledWatch:
    """The watch of one rule, ready to be asked."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule

    def hits(self, signal: Signal) -> tuple[Hit, ...]:
        """Return one hit a key, sorted by key; a withdrawn signal has none."""
        raise NotImplementedError


def compile_watch(rule: Rule) -> CompiledWatch:
    """Return the watch of ``rule``, ready to be asked for hits."""
    return CompiledWatch(rule)


def narrowed(hit: Hit, only: Only | None, rule: Rule, signal: Signal) -> bool:
    """Tell whether a detector with ``only`` counts ``hit`` of ``rule`` in ``signal``."""
    raise NotImplementedError
