"""Precision, recall and F1 of sets of labels, place by place; what is optional counts neither way."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass
class Score:
    """Counts of one task; what is optional counts neither way."""

    found: int = 0
    missed: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def add(self, where: int, gold: Iterable[str], optional: Iterable[str], seen: Iterable[str]) -> None:
        """Count one sentence."""
        must, may, is_there = set(gold), set(optional), set(seen)
        self.found += len(must & is_there)
        self.missed += [f"{where}:{one}" for one in sorted(must - is_there)]
        self.wrong += [f"{where}:{one}" for one in sorted(is_there - must - may)]

    @property
    def precision(self) -> float:
        """Of what was found, the part that is right."""
        return self.found / max(1, self.found + len(self.wrong))

    @property
    def recall(self) -> float:
        """Of what is there, the part that was found."""
        return self.found / max(1, self.found + len(self.missed))

    @property
    def f1(self) -> float:
        """The harmonic mean of both; 1 where there was nothing to find and nothing was."""
        if not (self.found or self.missed or self.wrong):
            return 1.0
        return 2 * self.found / max(1, 2 * self.found + len(self.missed) + len(self.wrong))


def print_score(name: str, score: Score) -> None:
    """Print one task: its figures, then what was missed and what was wrong."""
    print(
        f"{name:26} F1 {score.f1:.3f}  precision {score.precision:.3f}  recall {score.recall:.3f}  found {score.found}"
    )
    print(f"{'':26} missed {' '.join(score.missed) or '-'}")
    print(f"{'':26} wrong  {' '.join(score.wrong) or '-'}")
