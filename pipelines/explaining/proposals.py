"""What change of a rule would have kept an alert from ringing, and what else it would have changed: tried on the log.

Each change is tried alone; the effect is counted on the alerts people have judged, and on all alerts of the history.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from alerts.rules.detector_model import Budget
from alerts.rules.model import Corroboration, Cusum, Detector, Drop, New, Rule, Sensitivity, Shift, Spike, Threshold
from alerts.tracks.counting import of_unit
from pipelines.explaining.engine_then import Progress, no_progress
from pipelines.explaining.rule_replay import Rung, replay_rules
from pipelines.explaining.silencers import detector_name
from schemas.alert_event import AlertEvent, Counts
from schemas.errors import UsageError
from schemas.ports.log import Log
from schemas.reasons import Judgement

#: An alert is the same one where it overlaps, give or take so much: less than a key rests, or the next one would do as well.
_SLACK = timedelta(hours=12)

AS_IT_IS = "as it is"

#: Parts of a budget that are tried in its place.
_SMALLER = (0.5, 0.2, 0.1)


@dataclass(frozen=True)
class JudgedAlert:
    """An alert of the rule with a verdict."""

    key: str
    opened: datetime
    until: datetime | None
    judgement: Judgement
    counts: Counts = field(default_factory=Counts)  # the highest it had

    def is_in(self, rung: Sequence[Rung]) -> bool:
        """Tell whether a variant of the rule rang for the same thing."""
        last = self.until or self.opened
        return any(
            one.key == self.key
            and one.opened.at <= last + _SLACK
            and (one.until or one.opened.at) >= self.opened - _SLACK
            for one in rung
        )


@dataclass(frozen=True)
class Proposal:
    """A change as it is written in a rule file, and its effect."""

    change: str
    silences_it: bool
    useful_kept: int
    useful: int
    noise_gone: int
    noise: int
    alerts: int
    alerts_before: int

    @property
    def worth(self) -> tuple[bool, int, int, int]:
        """What to sort by, best last: silences it, keeps what was useful, removes what was noise, changes little else."""
        return self.silences_it, self.useful_kept, self.noise_gone, self.alerts


def proposals(
    log: Log, rule: Rule, alert: JudgedAlert, judged: Sequence[JudgedAlert], progress: Progress = no_progress
) -> list[Proposal]:
    """Return the changes worth considering, best first; ``judged`` has every judged alert of the rule, ``alert`` too.

    :raises UsageError: the log does not reach back to the alert.
    """
    variants = dict(_variants(rule, alert.counts))
    replayed = replay_rules(log, {AS_IT_IS: rule, **variants}, progress)
    if replayed.first is None or replayed.first > alert.opened:
        raise UsageError(
            "the log does not reach back to that alert any more: no change can be tried on it",
            remedy="`tocsin replay` tries rules on the archive",
        )
    within = [one for one in judged if one.opened >= replayed.first]
    useful = [one for one in within if one.judgement is Judgement.USEFUL]
    noise = [one for one in within if one.judgement is Judgement.NOISE]
    before = replayed.alerts[AS_IT_IS]
    found = []
    for change in variants:
        rung = replayed.alerts[change]
        found.append(
            Proposal(
                change=change,
                silences_it=not alert.is_in(rung),
                useful_kept=sum(one.is_in(rung) for one in useful),
                useful=len(useful),
                noise_gone=sum(not one.is_in(rung) for one in noise),
                noise=len(noise),
                alerts=len(rung),
                alerts_before=len(before),
            )
        )
    found.sort(key=lambda proposal: proposal.worth, reverse=True)
    # Of one setting with the same effect, the value nearest to the rule's: variants come in that order, and sorting keeps it.
    smallest = {(re.sub(r"[\d.]+", "", proposal.change), proposal.worth): proposal for proposal in reversed(found)}
    kept = {proposal.change for proposal in smallest.values()}
    return [one for one in found if one.change in kept and (one.silences_it or one.noise_gone)]


def judged_alerts(events: Sequence[AlertEvent], judgements: Mapping[str, Judgement], rule: str) -> list[JudgedAlert]:
    """Return the judged alerts of ``rule`` in the order they opened."""
    spans: dict[str, list[AlertEvent]] = {}
    for event in events:
        if event.rule == rule and event.alert_id in judgements:
            spans.setdefault(event.alert_id, []).append(event)
    return [
        JudgedAlert(
            key=found[0].key,
            opened=found[0].at,
            until=found[-1].at if len(found) > 1 else None,
            judgement=judgements[name],
            counts=max((event.counts for event in found), key=lambda counts: (counts.stories, counts.publishers)),
        )
        for name, found in spans.items()
    ]


def _variants(rule: Rule, had: Counts) -> Iterator[tuple[str, Rule]]:
    """Yield the changes to try, each quieter than the rule by a step or just beyond what the alert had."""
    kinds = [detector.kind for detector in rule.when]
    for number, detector in enumerate(rule.when):
        for text, quieter in _quieter(detector, had):
            when = (*rule.when[:number], quieter, *rule.when[number + 1 :])
            yield f"{detector_name(kinds, number)}: {{{text}}}", rule.model_copy(update={"when": when})
    yield from _together(rule, had, kinds)
    countries = 1 + (rule.corroborated_by.source_countries if rule.corroborated_by is not None else 1)
    wanted = Corroboration(source_countries=countries)
    yield f"corroborated_by: {{source_countries: {countries}}}", rule.model_copy(update={"corroborated_by": wanted})


def _together(rule: Rule, had: Counts, kinds: Sequence[str]) -> Iterator[tuple[str, Rule]]:
    """Yield changes of all detectors at once by what they count, for where each of several rings by itself."""
    of_each = [
        [(text, quieter) for text, quieter in _quieter(detector, had) if "stories" in text or "count" in text]
        for detector in rule.when
    ]
    for step in zip(*of_each, strict=False) if len(of_each) > 1 else ():
        texts = [f"{detector_name(kinds, number)}: {{{text}}}" for number, (text, _) in enumerate(step)]
        yield " and ".join(texts), rule.model_copy(update={"when": tuple(quieter for _, quieter in step)})


def _quieter(detector: Detector, had: Counts) -> Iterator[tuple[str, Detector]]:
    if isinstance(detector, Spike | Cusum | Shift | Drop):
        for sensitivity in _quieter_than(detector.sensitivity):
            update = {"sensitivity": sensitivity, "budget": None}
            yield f"sensitivity: {sensitivity.value}", detector.model_copy(update=update)
        for allowed in _smaller_than(detector.budget):
            smaller = detector.model_copy(update={"budget": Budget(false_alarms_per_month=allowed)})
            yield f"budget: {{false_alarms: {allowed:g}, per: month}}", smaller
    floors = detector.floors
    if isinstance(detector, Threshold):
        for count in _raised(detector.count, of_unit(had, detector.of)):
            yield f"count: {count}", detector.model_copy(update={"count": count})
        return
    if isinstance(detector, New):
        confirm = detector.confirm
        for stories in _raised(confirm.stories, had.stories):
            wanted = confirm.model_copy(update={"stories": stories})
            yield f"confirm: {{stories: {stories}}}", detector.model_copy(update={"confirm": wanted})
        return
    for stories in _raised(floors.stories, had.stories):
        raised = floors.model_copy(update={"stories": stories})
        yield f"min: {{stories: {stories}}}", detector.model_copy(update={"floors": raised})
    for publishers in _raised(floors.publishers, had.publishers):
        raised = floors.model_copy(update={"publishers": publishers})
        yield f"min: {{publishers: {publishers}}}", detector.model_copy(update={"floors": raised})


def _quieter_than(sensitivity: Sensitivity | None) -> tuple[Sensitivity, ...]:
    every = tuple(Sensitivity)
    return every[every.index(sensitivity) + 1 :] if sensitivity is not None else (Sensitivity.LOW,)


def _smaller_than(budget: Budget | None) -> list[float]:
    """Return false alarms a month, as they would be written."""
    return [float(f"{part * budget.false_alarms_per_month:.2g}") for part in _SMALLER] if budget is not None else []


def _raised(value: int, had: int) -> list[int]:
    """Return higher bars to try. Twice what the last event told is never reached: there it would have told of it again."""
    most = max(value, had)
    return sorted({value + 1, value + 2, most + 1, (3 * most + 1) // 2, 2 * most})
