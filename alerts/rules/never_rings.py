"""What a watch leaves nothing of for a detector or for those who should corroborate it: rules that could never ring. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from alerts.rules.model import Detector, Scope, Shift, SourcesPart, Watch
from schemas.reasons import Tone


def shortcoming(watch: Watch, detector: Detector) -> tuple[str, str] | None:
    """Return why ``detector`` could never ring on what ``watch`` counts, by tones, and a remedy; None: it could."""
    tones = _tones(watch)
    # A paragraph may hold one tone beside another; a sentence and an article have one.
    has_one = watch.scope is not Scope.PARAGRAPH
    if detector.only is not None and detector.only.tones:
        if has_one and tones.isdisjoint(detector.only.tones):
            return (
                f"only what is {_listed(detector.only.tones)} is counted of what is {_listed(sorted(tones))}: it can never ring",
                "take the tone out of the watch or out of only",
            )
        tones = {*detector.only.tones} if not has_one else tones & {*detector.only.tones}
    if not isinstance(detector, Shift) or not detector.to.tones:
        return None
    if has_one and tones.isdisjoint(detector.to.tones):
        message = (
            f"nothing that is counted is {_listed(detector.to.tones)}: the part is always empty, it can never ring"
        )
        return message, "take the tone out of the watch or out of only"
    if tones <= {*detector.to.tones} and not detector.to.topics and detector.to.sources is None:
        message = f"all that is counted is {_listed(sorted(tones))}: the part is always the whole, it can never ring"
        return message, "watch every tone, and name in to the one that is to grow"
    return None


def countries_left(sources: SourcesPart | None) -> int | None:
    """Return of how many countries publishers can be that count; None: that is not known."""
    if sources is None or not sources.countries or sources.ids or sources.groups:
        return None
    return len({*sources.countries} - {*sources.except_countries})


def nobody_left(sources: SourcesPart) -> bool:
    """Tell whether everybody who is wanted is excepted."""
    wanted = (sources.ids, sources.groups, sources.countries)
    excepted = (sources.except_ids, sources.except_groups, sources.except_countries)
    return any(wanted) and all({*these} <= {*those} for these, those in zip(wanted, excepted, strict=True))


def _tones(watch: Watch) -> set[Tone]:
    if watch.tone is None:
        return {*Tone}
    return {*(watch.tone.any or Tone)} - {*watch.tone.none}


def _listed(tones: Sequence[Tone]) -> str:
    return " or ".join(tone.value for tone in tones)
