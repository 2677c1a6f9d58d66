"""What a filter of publishers leaves: how many, of how many countries, and whether that is all or nobody of another. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from alerts.rules.model import SourcesPart


def nobody_left(sources: SourcesPart) -> bool:
    """Tell whether everybody who is wanted is excepted."""
    return any(_wanted(sources)) and all(
        {*these} <= {*those} for these, those in zip(_wanted(sources), _excepted(sources), strict=True)
    )


def publishers_left(sources: SourcesPart | None) -> int | None:
    """Return how many publishers can count at most; None: that is not known. Those of one group are one publisher."""
    if sources is None or sources.countries or not (sources.ids or sources.groups):
        return None
    return len({*sources.ids} - {*sources.except_ids}) + len({*sources.groups} - {*sources.except_groups})


def countries_left(sources: SourcesPart | None) -> int | None:
    """Return of how many countries publishers can be that count; None: that is not known, as where a group counts."""
    if sources is None or sources.groups or not (sources.ids or sources.countries):
        return None
    return len({*sources.ids} - {*sources.except_ids}) + len({*sources.countries} - {*sources.except_countries})


def least(*known: int | None) -> int | None:
    """Return the least of the numbers that are known."""
    return min((number for number in known if number is not None), default=None)


def nobody_of(part: SourcesPart, whole: SourcesPart | None) -> bool:
    """Tell whether no publisher of ``whole`` (None: of all) can be one of ``part``; False where that is not known."""
    if whole is None:
        return False
    for one, other in ((part, whole), (whole, part)):
        without = zip(_wanted(one), _excepted(other), strict=True)
        if any(_wanted(one)) and all({*these} <= {*those} for these, those in without):
            return True
    kinds = [place for place in range(3) if _wanted(part)[place] or _wanted(whole)[place]]
    # A publisher has one id, one group and one country: two lists of one kind have somebody in common, or nobody is in both.
    return len(kinds) == 1 and all(
        any(_wanted(sources)) and {*_wanted(part)[kinds[0]]}.isdisjoint(_wanted(whole)[kinds[0]])
        for sources in (part, whole)
    )


def everybody_of(part: SourcesPart, whole: SourcesPart | None) -> bool:
    """Tell whether every publisher of ``whole`` is one of ``part``; False where that is not known."""
    if whole is None:
        return False
    excepted = zip(_excepted(part), _excepted(whole), strict=True)
    if not all({*these} <= {*those} for these, those in excepted):
        return False
    wanted = zip(_wanted(whole), _wanted(part), strict=True)
    return not any(_wanted(part)) or (any(_wanted(whole)) and all({*these} <= {*those} for these, those in wanted))


def _wanted(sources: SourcesPart) -> Sequence[tuple[str, ...]]:
    return sources.ids, sources.groups, sources.countries


def _excepted(sources: SourcesPart) -> Sequence[tuple[str, ...]]:
    return sources.except_ids, sources.except_groups, sources.except_countries
