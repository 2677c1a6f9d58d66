"""From the count of an article to the people who were told: for each rule and key that counts it, link by link."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipelines.explaining.decision_links import decision_links
from pipelines.explaining.delivery_links import delivery_links
from pipelines.explaining.engine_then import EngineThen
from pipelines.explaining.fates import Fate
from pipelines.explaining.finding import Found
from pipelines.explaining.ledger_span import events_between
from pipelines.explaining.links import Chain, Checked, Link, State, chain_of
from pipelines.signal_history import WARM_UP
from schemas.alert_event import AlertEvent
from schemas.ports.store import Store


@dataclass(frozen=True)
class KeyChain:
    """What came of the count of one article: the chain of a rule and a key from there on."""

    rule: str
    key: str
    chain: Chain


@dataclass(frozen=True)
class Failing:
    """The first link that failed: of the article itself, or of the rule (and the key) under which it came furthest."""

    link: Link
    text: str
    rule: str = ""
    key: str = ""


def key_chains(
    store: Store, then: EngineThen, fates: Sequence[tuple[str, Fate]], alerts: Sequence[AlertEvent]
) -> Iterator[KeyChain]:
    """Yield the chain of each rule and key that counts the article; ``alerts`` are the first events that name it."""
    of_key = {(alert.rule, alert.key): alert for alert in alerts}
    for name, fate in fates:
        if fate.fell_at is not None:
            continue
        state = then.engine.rules[name]
        known = list(events_between(store, then.moment - WARM_UP, then.moment, rule=name))
        for key in fate.keys:
            alert = of_key.get((name, key))
            if alert is not None:
                text = f"it is evidence of the alert that was {alert.event.value} at {alert.at:%Y-%m-%d %H:%M}"
                links, found = [Checked(Link.OPENED, State.HOLDS, text)], alert.alert_id
            else:
                decided = decision_links(then, state, key, known)
                links, found = list(decided.links), decided.alert_id
            if found:
                links.extend(delivery_links(store, found, state.rule.mode))
            yield KeyChain(name, key, chain_of(links))


def first_failing(found: Found, fates: Sequence[tuple[str, Fate]], chains: Sequence[KeyChain]) -> Failing | None:
    """Return the link at which the article came to its end; None where somebody was told of it."""
    if not found.signals:
        return Failing(Link.EXTRACTED, _not_extracted(found))
    if any(one.chain.broken is None for one in chains):
        return None
    order = {link: place for place, link in enumerate(Link)}
    ends = [
        Failing(one.chain.broken.link, one.chain.broken.text, one.rule, one.key)
        for one in chains
        if one.chain.broken is not None
    ]
    if not ends:
        # What a rule found once, and then did not count, came further than what it never found.
        matching = [one for one in fates if one[1].matches]
        near = matching or sorted(fates, key=lambda one: -one[1].depth)
        ends = [Failing(fate.fell_at, fate.text, name) for name, fate in near if fate.fell_at is not None]
    # Of several that came equally far the first, which is the nearest to matching.
    return max(ends, key=lambda one: order[one.link], default=Failing(Link.RULE, "no rule was in force"))


def _not_extracted(found: Found) -> str:
    if not found.dead:
        return "it was not extracted yet"
    _, letter = found.dead[-1]
    return f"it lies in the dead letters: {letter.stage}: {letter.reason.value} ({letter.error})"
