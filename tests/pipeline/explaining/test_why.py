"""`alerts why` on scripted logs: each link of the chain broken in turn is the first that is named, with its numbers."""

from __future__ import annotations

import asyncio
import json
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from alerts.explanation.names import NamesById
from alerts.rules.model import (
    ActiveTime,
    AnyActor,
    Corroboration,
    Mode,
    NamedActors,
    New,
    Only,
    PairPart,
    Record,
    Rule,
    Spike,
    Threshold,
    Unit,
)
from connectors.clock import ManualClock
from pipelines.explaining.engine_then import engine_then
from pipelines.explaining.links import Link, State
from pipelines.explaining.why import Why, why
from pipelines.notify import Notifier, NotifySettings
from pipelines.notifying.planning import Receiver
from pipelines.notifying.routing import Inhibition, Matcher, Route
from pipelines.notifying.situations import NO_ROUTES, Routing
from schemas.errors import FatalError, UsageError
from schemas.ports.channel import Outcome
from schemas.ports.log import Entry
from schemas.ports.response import Silence
from schemas.reasons import ArticleStatus, EventTimeReason, LanguageSupport, Severity, Tone
from schemas.topics import ARTICLES
from schemas.wire import encode
from tests.pipeline.explaining.scripted import QUIET_H, RULE, Script, article, at, refuse
from tests.streams.deciding import Desk
from tests.streams.records import FEED_IDS, activated, coverage, pair_rule, signal
from tests.unit.notify.world import NEVER, YES, Phone
from tocsin.cli import cli


def ask(desk: Desk, hour: float, *, rule: str = "baku-moscow", key: str | None = None) -> Why:
    with desk.opened() as (log, store):
        return why(log, store, desk.snapshots, rule, at(hour), key=key)


def told(desk: Desk, *receivers: Receiver, routing: Routing = NO_ROUTES, answer: Outcome = YES) -> None:
    """Let a notifier tell what waits, half an hour after it rang."""
    clock = ManualClock(at(3.5))
    with desk.store() as store:
        phones = [Phone(receiver.name, answer=answer) for receiver in receivers]
        settings = NotifySettings(owner="one")
        notifier = Notifier(
            store, phones, receivers, names=NamesById(), clock=clock, settings=settings, routing=routing
        )
        asyncio.run(notifier.step(clock.now()))


def broken(answer: Why) -> tuple[Link, str]:
    found = answer.chain.broken
    assert found is not None, [f"{c.link}: {c.text}" for c in answer.chain.links]
    return found.link, " ".join([found.text, *found.details])


def test_everything_holds_where_it_rang(tmp_path: Path) -> None:
    answer = ask(Script().burst(2.1, 14).desk(tmp_path), 3.5)
    links = {checked.link: checked for checked in answer.chain.links}
    assert links[Link.OPENED].state is State.HOLDS
    assert answer.alert_id
    assert links[Link.SILENCED].state is State.HOLDS
    assert broken(answer) == (Link.ROUTED, "the notifier has not come to it yet: look at `tocsin status`")
    assert {w.verdict.window_h for w in answer.windows} == {6, 24}
    assert sum(hour.count for hour in answer.hours[0][1]) == 14 + 3


def test_without_receivers_nobody_is_to_be_told_and_nothing_is_silenced(tmp_path: Path) -> None:
    desk = Script().burst(2.1, 14).desk(tmp_path)
    told(desk)
    answer = ask(desk, 3.5)
    assert {c.link: c.state for c in answer.chain.links}[Link.SILENCED] is State.HOLDS
    assert broken(answer) == (Link.ROUTED, "there was nobody to tell: no [[receivers]] in tocsin.toml")


def test_who_asks_for_louder_alerts_is_not_led_to_and_who_asked_for_silence_is_named(tmp_path: Path) -> None:
    desk = Script().burst(2.1, 14).desk(tmp_path)
    told(desk, Receiver("night", min_severity=Severity.CRITICAL))
    link, text = broken(ask(desk, 3.5))
    assert link is Link.ROUTED
    assert "night: suppressed (it asks for louder alerts)" in text


def test_silence_breaks_the_chain_at_its_own_link(tmp_path: Path) -> None:
    desk = Script().burst(2.1, 14).desk(tmp_path)
    with desk.store() as store:
        quiet = Silence(silence_id="s1", created_at=at(0), author="ann", rule="baku-moscow", ends_at=at(99))
        store.add_silence(quiet)
    told(desk, Receiver("phone"))
    link, text = broken(ask(desk, 3.5))
    assert link is Link.SILENCED
    assert "phone: suppressed (somebody asked for silence: s1 by ann)" in text


def test_what_was_delivered_holds_to_the_end(tmp_path: Path) -> None:
    desk = Script().burst(2.1, 14).desk(tmp_path)
    told(desk, Receiver("phone"))
    answer = ask(desk, 3.5)
    assert answer.chain.broken is None
    links = {checked.link: checked for checked in answer.chain.links}
    assert links[Link.ROUTED].text == "to phone"
    assert links[Link.DELIVERED].text == "1 of 1 messages were delivered"


def test_a_rule_not_yet_in_force(tmp_path: Path) -> None:
    desk = Script(hours=2).desk(tmp_path)
    link, text = broken(ask(desk, -QUIET_H - 5))
    assert link is Link.RULE
    assert "it came into force at 2025-01-06 00:00" in text
    with pytest.raises(UsageError, match="was ever in force"):
        ask(desk, 1, rule="nobody")


def test_a_rule_that_was_taken_out(tmp_path: Path) -> None:
    script = Script(hours=4)
    script.arrivals.append((at(1), activated(at(1), pair_rule("another", Spike()))))
    link, text = broken(ask(script.desk(tmp_path), 3))
    assert (link, text) == (
        Link.RULE,
        f"the rule was not in force then; it was in force until {at(1):%Y-%m-%d %H:%M} UTC",
    )


def test_a_rule_that_was_off(tmp_path: Path) -> None:
    off = RULE.model_copy(update={"mode": Mode.OFF})
    link, text = broken(ask(Script(rules=(off,), hours=2).burst(0.1, 9).desk(tmp_path), 1))
    assert (link, text) == (Link.RULE, "the rule was off then (mode: off)")


def test_its_feeds_have_not_joined_yet(tmp_path: Path) -> None:
    """What came late in the twelve days corroborates until a day of it is learnt."""
    script = Script(feeds=lambda hour: FEED_IDS if hour >= -6 else FEED_IDS[:3])
    answer = ask(script.burst(2.1, 9, feeds=FEED_IDS[3:]).desk(tmp_path), 3.5)
    link, text = broken(answer)
    assert link is Link.COUNTED
    assert "its feed delta has not joined yet, from 2025-01-19 20:00 UTC at the earliest: until then it only" in text
    polled = next(checked for checked in answer.chain.links if checked.link is Link.POLLED)
    assert (
        "delta joined lately: it corroborates, and counts from 2025-01-19 20:00 UTC at the earliest" in polled.details
    )


def test_there_was_no_feed_to_poll(tmp_path: Path) -> None:
    script = Script(feeds=lambda hour: FEED_IDS if hour < -2 else ())
    link, text = broken(ask(script.desk(tmp_path), 24))
    assert link is Link.POLLED
    assert "no feed was polled in these hours" in text


def test_nobody_was_polled(tmp_path: Path) -> None:
    script = Script(failing=lambda hour: FEED_IDS[:5] if hour >= 0 else ())
    link, text = broken(ask(script.desk(tmp_path), 24))
    assert link is Link.POLLED
    assert "alfa was not seen in 23 of 23 h" in text


def test_polling_stood_still(tmp_path: Path) -> None:
    desk = Script().desk(tmp_path)
    link, text = broken(ask(desk, 34))
    assert link is Link.POLLED
    assert text == f"no poll was recorded since {at(30):%Y-%m-%d %H:%M} UTC: nothing is known after that"
    assert broken(ask(desk, 31.5))[0] is Link.SEEN, "an hour and a half may pass between two"


def test_extraction_stood_still(tmp_path: Path) -> None:
    desk = Script().desk(tmp_path)
    polls = [coverage(at(hour), reached_back_to=at(hour)) for hour in range(34)]
    with desk.log() as log:
        log.append(ARTICLES, [Entry(0, encode(poll)) for poll in polls])
    link, text = broken(ask(desk, 34))
    assert link is Link.EXTRACTED
    assert text == f"nothing was extracted since {at(30):%Y-%m-%d %H:%M} UTC: hours wait for it"


def test_nothing_was_seen(tmp_path: Path) -> None:
    assert broken(ask(Script(background=False).desk(tmp_path), 20)) == (Link.SEEN, "no article of these hours")


def test_it_was_not_extracted(tmp_path: Path) -> None:
    waiting = article("w", at(2), "AZE and RUS at odds")
    other = signal("x", at(3), pair=("GBR", "UKR"))
    desk = Script(background=False).put(other).desk(tmp_path, [waiting])
    link, text = broken(ask(desk, 4))
    assert link is Link.EXTRACTED
    assert "1 article had not been extracted by then" in text
    assert "AZE and RUS at odds" in text


def test_it_went_to_the_dead_letters(tmp_path: Path) -> None:
    lost = article("w", at(2), "AZE and RUS at odds")
    desk = Script(background=False).put(signal("x", at(3), pair=("GBR", "UKR"))).desk(tmp_path, [lost])
    refuse(desk, lost, at(2))
    link, text = broken(ask(desk, 4))
    assert link is Link.EXTRACTED
    assert "extraction_failed (the model would not)" in text


def test_it_had_no_date(tmp_path: Path) -> None:
    undated = [signal(f"u{n}", at(2), feed=FEED_IDS[n % 6], reason=EventTimeReason.BACKFILL) for n in range(9)]
    link, text = broken(ask(Script(background=False).put(*undated).desk(tmp_path), 4))
    assert link is Link.DATED
    assert "9 of 9 articles fell out here" in text
    assert "no date" in text


def test_it_was_old_news(tmp_path: Path) -> None:
    late = [signal(f"l{n}", at(-60), feed=FEED_IDS[n % 6], observed_at=at(2)) for n in range(9)]
    link, text = broken(ask(Script(background=False).put(*late).desk(tmp_path), 4))
    assert link is Link.DATED
    assert "came over a day late" in text


def test_it_was_withdrawn_or_edited_away(tmp_path: Path) -> None:
    script = Script(background=False)
    for n in range(5):
        script.put(
            signal(f"w{n}", at(2), feed=FEED_IDS[n]),
            signal(
                f"w{n}",
                at(2),
                feed=FEED_IDS[n],
                observed_at=at(2),
                revised_at=at(2) + timedelta(minutes=30),
                status=ArticleStatus.WITHDRAWN if n else ArticleStatus.LIVE,
                pair=None,
            ),
        )
    link, text = broken(ask(script.desk(tmp_path), 4))
    assert link is Link.NEWEST
    assert "an earlier version matched; now the article was withdrawn" in text


def test_the_language_is_not_known(tmp_path: Path) -> None:
    plain = signal("n", at(2), pair=None)
    link, text = broken(ask(Script(background=False).put(plain).desk(tmp_path), 4))
    assert link is Link.LANGUAGE
    assert "actors are not found in en" in text


def test_an_actor_is_missing(tmp_path: Path) -> None:
    plain = signal("n", at(2), pair=("AZE", "GEO")).model_copy(update={"language_support": LanguageSupport.FULL})
    link, text = broken(ask(Script(background=False).put(plain).desk(tmp_path), 4))
    assert link is Link.ACTORS
    assert "RUS was not found in it" in text


def test_of_many_keys_the_one_that_is_asked_about_is_looked_for(tmp_path: Path) -> None:
    anybody = PairPart(one=(NamedActors(ids=("AZE",)),), other=(AnyActor(),))
    rule = RULE.model_copy(update={"watch": RULE.watch.model_copy(update={"pair": anybody})})
    found = [signal(name, at(2), pair=pair) for name, pair in (("g", ("AZE", "GEO")), ("s", ("GEO", "TUR")))]
    understood = [one.model_copy(update={"language_support": LanguageSupport.FULL}) for one in found]
    desk = Script(rules=(rule,), background=False).put(*understood).desk(tmp_path)
    link, text = broken(ask(desk, 4, key="AZE-TUR"))
    assert link is Link.ACTORS
    assert text.count("TUR was not found in it") == 2, "of the one article and in all"
    assert broken(ask(desk, 4, key="AZE-GEO"))[0] is Link.EXPECTATION
    link, text = broken(ask(desk, 4, key="GEO-TUR"))
    assert link is Link.MATCHED
    assert "the rule has no such key" in text


def test_the_watch_did_not_match(tmp_path: Path) -> None:
    directed = PairPart(one=(NamedActors(ids=("AZE",)),), other=(NamedActors(ids=("RUS",)),), directed=True)
    rule = RULE.model_copy(update={"watch": RULE.watch.model_copy(update={"pair": directed})})
    link, text = broken(ask(Script(rules=(rule,), background=False).burst(2, 3).desk(tmp_path), 4))
    assert link is Link.MATCHED
    assert "in that direction" in text


def test_the_detector_counts_another_tone(tmp_path: Path) -> None:
    rule = pair_rule("baku-moscow", Spike(only=Only(tones=(Tone.CONFLICT,))))
    link, text = broken(ask(Script(rules=(rule,), background=False).burst(2, 3).desk(tmp_path), 4))
    assert link is Link.COUNTED
    assert "(only)" in text


def test_its_feed_was_not_seen_in_that_hour(tmp_path: Path) -> None:
    script = Script(background=False, failing=lambda hour: ("alfa",) if hour == 2 else ())
    link, text = broken(ask(script.burst(2.1, 5, feeds=["alfa"]).desk(tmp_path), 4))
    assert link is Link.COUNTED
    assert "its feed alfa was not seen in its hour" in text


def test_not_far_enough_from_normal(tmp_path: Path) -> None:
    answer = ask(Script().burst(2.1, 4).desk(tmp_path), 3)
    link, text = broken(answer)
    assert link is Link.EXPECTATION
    assert "lacks a score of 3 (has" in text
    assert "sensitivity high would have rung in the hour from 01-18 02:00 (score 2.5" in text
    numbers = answer.chain.broken.numbers if answer.chain.broken is not None else {}
    assert numbers["score needed"] == 3.0


def test_of_windows_that_lack_the_same_the_newest_is_told(tmp_path: Path) -> None:
    answer = ask(Script([pair_rule("baku-moscow", Threshold(count=2, within_h=6))], hours=36).desk(tmp_path), 34)
    links = {checked.link: checked for checked in answer.chain.links}
    (line,) = links[Link.EXPECTATION].details
    assert line.startswith(f"threshold, 6 h to {at(35):%m-%d %H:%M}: 0 stories")


def test_a_floor_was_not_reached(tmp_path: Path) -> None:
    link, text = broken(ask(Script().burst(26.1, 14, feeds=["alfa", "bravo"]).desk(tmp_path), 27))
    assert link is Link.FLOORS
    assert "3 publishers (has 2)" in text


def test_countries_are_a_floor_as_well(tmp_path: Path) -> None:
    rule = pair_rule("baku-moscow", Threshold(count=2, within_h=6))
    wanted = rule.model_copy(update={"corroborated_by": Corroboration(source_countries=2)})
    script = Script(rules=(wanted,), background=False).burst(2.1, 3, feeds=["alfa"])
    link, text = broken(ask(script.desk(tmp_path), 3))
    assert link is Link.FLOORS
    assert "publishers of 2 countries (has 1)" in text


def test_the_history_is_too_short_for_new(tmp_path: Path) -> None:
    rule = pair_rule("baku-moscow", New(quiet_for_h=24 * 60))
    link, text = broken(ask(Script(rules=(rule,), background=False).burst(2.1, 3).desk(tmp_path), 3))
    assert link is Link.LEARNING
    assert "1,440 h of history are needed, 290 h were there" in text


def test_it_was_still_learning_what_the_most_is(tmp_path: Path) -> None:
    rule = pair_rule("baku-moscow", Record())
    link, text = broken(ask(Script(rules=(rule,)).burst(2.1, 14).desk(tmp_path), 3))
    assert link is Link.LEARNING
    assert "697 h of history are needed, 291 h were there" in text


def test_copies_of_one_story_count_once(tmp_path: Path) -> None:
    moments = [at(2) + timedelta(minutes=n) for n in range(14)]
    copies = [signal(f"c{n}", moment, feed=FEED_IDS[n % 6], wording="same") for n, moment in enumerate(moments)]
    link, text = broken(ask(Script(background=False).put(*copies).desk(tmp_path), 3))
    assert link is Link.DUPLICATE
    assert "14 articles tell 1 story: copies count once" in text


def test_where_articles_are_counted_copies_are_no_matter(tmp_path: Path) -> None:
    rule = pair_rule("baku-moscow", Threshold(count=20, within_h=6, of=Unit.ARTICLES))
    moments = [at(2) + timedelta(minutes=n) for n in range(14)]
    copies = [signal(f"c{n}", moment, feed=FEED_IDS[n % 6], wording="same") for n, moment in enumerate(moments)]
    answer = ask(Script(rules=(rule,), background=False).put(*copies).desk(tmp_path), 3)
    links = {checked.link: checked for checked in answer.chain.links}
    assert links[Link.DUPLICATE].text == "the rule counts articles, of copies too"
    assert broken(answer)[0] is Link.EXPECTATION


def test_copies_beside_enough_stories_are_a_note(tmp_path: Path) -> None:
    script = Script(hours=12).burst(2.1, 5).put(signal("again", at(2.2), feed="echo", wording="b0"))
    answer = ask(script.desk(tmp_path), 3)
    links = {checked.link: checked for checked in answer.chain.links}
    assert Link.OPENED in links or links[Link.DUPLICATE].state is State.NOTE
    assert broken(answer)[0] is not Link.DUPLICATE


def test_an_open_alert_of_another_rule_explains_it(tmp_path: Path) -> None:
    war = pair_rule("war", Threshold(count=2, within_h=6))
    desk = Script(rules=(war, RULE), hours=4).burst(2.1, 14).desk(tmp_path)
    inhibition = Inhibition(source=(Matcher("rule", "=", "war"),), target=(Matcher("rule", "=", "baku-moscow"),))
    told(desk, Receiver("phone"), routing=Routing(inhibitions=(inhibition,)))
    link, text = broken(ask(desk, 3.5))
    assert link is Link.ROUTED
    assert "phone: suppressed (an open alert explains it: by war AZE-RUS)" in text


def test_a_route_that_tells_nobody(tmp_path: Path) -> None:
    desk = Script().burst(2.1, 14).desk(tmp_path)
    told(desk, Receiver("phone"), routing=Routing(routes=(Route(name="nobody", receiver=None),)))
    link, text = broken(ask(desk, 3.5))
    assert link is Link.ROUTED
    assert "phone: suppressed (a route tells nobody: by nobody)" in text


def test_it_could_not_be_delivered(tmp_path: Path) -> None:
    desk = Script().burst(2.1, 14).desk(tmp_path)
    told(desk, Receiver("phone"), answer=NEVER)
    link, text = broken(ask(desk, 3.5))
    assert link is Link.DELIVERED
    assert "0 of 1 messages were delivered" in text
    assert "phone: dead after 1 attempt" in text
    assert "no such address" in text


def test_the_key_was_resting(tmp_path: Path) -> None:
    rule = pair_rule("baku-moscow", Threshold(count=3, within_h=6, cooldown_h=48, resolve_after_h=2))
    script = Script(rules=(rule,), background=False).burst(1.1, 4).burst(14.1, 4, name="c")
    link, text = broken(ask(script.desk(tmp_path), 15))
    assert link is Link.COOL_DOWN
    assert "rested until" in text


def test_the_same_was_taken_back_in_this_hour(tmp_path: Path) -> None:
    rule = pair_rule("baku-moscow", Threshold(count=3, within_h=6))
    script = Script(rules=(rule,), background=False).burst(1.1, 3)
    for minute, status in ((20, ArticleStatus.WITHDRAWN), (30, ArticleStatus.LIVE)):
        revised = at(1) + timedelta(minutes=minute)
        script.put(signal("b0", at(1.1), feed=FEED_IDS[0], revised_at=revised, status=status))
    desk = script.desk(tmp_path)
    link, text = broken(ask(desk, 1.9))
    assert link is Link.COOL_DOWN
    assert text == "an alert on 3 was taken back in this hour: as many open again when it ends"
    assert {checked.link: checked for checked in ask(desk, 2).chain.links}[Link.OPENED].state is State.HOLDS


def test_it_must_last_longer(tmp_path: Path) -> None:
    rule = pair_rule("baku-moscow", Threshold(count=3, within_h=2, for_h=3))
    desk = Script(rules=(rule,)).burst(2.1, 3).burst(8.1, 3, name="d").desk(tmp_path)
    link, text = broken(ask(desk, 8.5))
    assert link is Link.LASTING
    assert text == (
        "pending since the hour from 2025-01-18 08:00, needs 3 h more"
        " 2025-01-18 05:00 a crossing since 01-18 02:00 ended: not_long_enough"
    )
    assert "needs 1 h more" in broken(ask(desk, 10))[1]
    links = {checked.link: checked for checked in ask(desk, 20).chain.links}
    assert links[Link.LASTING].state is State.NOTE
    assert links[Link.LASTING].text == "2 crossings ended before lasting long enough"
    assert links[Link.LASTING].details[1].startswith("2025-01-18 11:00 a crossing since 01-18 08:00 ended")


def test_it_was_not_the_time_at_which_the_rule_rings(tmp_path: Path) -> None:
    by_day = (ActiveTime(begin_h=7, end_h=22),)
    rule = pair_rule("baku-moscow", Threshold(count=3, within_h=2)).model_copy(update={"active": by_day})
    desk = Script(rules=(rule,)).burst(2.1, 3).desk(tmp_path)
    link, text = broken(ask(desk, 2.5))
    assert link is Link.SCHEDULE
    assert text == "the rule rings only every day 07:00–22:00 (UTC)"
    assert {c.link: c.state for c in ask(desk, 12).chain.links}[Link.SCHEDULE] is State.HOLDS


def test_the_list_of_alerts_names_what_is_pending(tmp_path: Path) -> None:
    rule = pair_rule("baku-moscow", Threshold(count=3, within_h=6, for_h=5))
    Script(rules=(rule,), hours=4).burst(2.1, 3).desk(tmp_path)
    (tmp_path / "tocsin.toml").write_text('log = "sqlite:///log.db"\nstore = "sqlite:///store.db"\n')
    told = CliRunner().invoke(cli, ["alerts", "list", "--folder", str(tmp_path)])
    assert told.exit_code == 0, told.output
    assert "pending    NORMAL   baku-moscow  AZE-RUS 3 stories" in told.output
    assert "since 2025-01-18 02:00, must last 5 h more" in told.output


def test_the_rule_was_at_its_limit(tmp_path: Path) -> None:
    anyone = PairPart(one=(NamedActors(ids=("AZE",)),), other=(NamedActors(ids=("GEO", "RUS")),))
    rule = Rule(
        name="baku-moscow",
        watch=RULE.watch.model_copy(update={"pair": anyone}),
        when=(Threshold(count=2, within_h=6),),
        limit=1,
    )
    first = [signal(f"g{n}", at(1) + timedelta(minutes=n), feed=FEED_IDS[n], pair=("AZE", "GEO")) for n in range(3)]
    script = Script(rules=(rule,), background=False).put(*first).burst(2.1, 4)
    link, text = broken(ask(script.desk(tmp_path), 3, key="AZE-RUS"))
    assert link is Link.LIMIT
    assert "its limit is 1" in text


def test_it_rang_in_shadow(tmp_path: Path) -> None:
    shadow = RULE.model_copy(update={"mode": Mode.SHADOW})
    link, text = broken(ask(Script(rules=(shadow,)).burst(2.1, 14).desk(tmp_path), 3))
    assert (link, text) == (Link.SILENCED, "the rule is in shadow")


def test_it_is_over(tmp_path: Path) -> None:
    answer = ask(Script(hours=70).burst(2.1, 14).desk(tmp_path), 69)
    links = {checked.link: checked for checked in answer.chain.links}
    assert links[Link.OPENED].text.startswith("the last alert of this key had ended: resolved")
    assert any("opened (crossed)" in line for line in links[Link.OPENED].details)
    assert broken(answer)[0] is Link.SEEN


def test_a_trimmed_log_is_asked_from_the_snapshot_on(tmp_path: Path) -> None:
    desk = Script().burst(2.1, 4).desk(tmp_path)
    whole = ask(desk, 3)
    with desk.log() as log:
        log.trim("signals", 0, 50)
    from_snapshot = ask(desk, 3)
    assert from_snapshot.windows == whole.windows
    assert broken(from_snapshot) == broken(whole)
    with pytest.raises(FatalError, match="its snapshot is of"):
        ask(desk, -QUIET_H + 5)
    shutil.rmtree(desk.snapshots)
    with pytest.raises(FatalError, match="the log was trimmed and there is no snapshot"):
        ask(desk, 3)


def test_a_snapshot_shortens_the_way_and_changes_no_answer(tmp_path: Path) -> None:
    desk = Script(hours=40).burst(2.1, 4).burst(20.1, 14, name="c").desk(tmp_path)
    with desk.opened() as (log, store):
        whole = [why(log, store, None, "baku-moscow", at(hour)) for hour in (3, 21, 39)]
        shutil.rmtree(desk.snapshots)
        desk.snapshots.mkdir()
        again = Desk(tmp_path / "second")
        again.folder.mkdir()
        again.make_store()
        with again.log() as other:
            other.append("signals", [Entry(0, r.value) for r in log.read("signals", 0, 0, max_records=100_000)])
    again.decide(batch=40, snapshot_every=40)
    kept = sorted(again.snapshots.glob("*.snapshot"))
    assert len(kept) == 3
    for path in kept:
        shutil.copy(path, desk.snapshots / path.name)
    (desk.snapshots / f"{10**15:016d}-0000000000000000.snapshot").write_bytes(b"of another log")
    (desk.snapshots / f"{1:016d}-0000000000000000.snapshot").write_bytes(b"damaged")
    stepped: list[int] = []
    for hour, before in zip((3, 21, 39), whole, strict=True):
        with desk.opened() as (log, store):
            then = engine_then(log, store, desk.snapshots, at(hour), at(hour), shorten=True)
            stepped.append(int(then.whole))
        assert ask(desk, hour) == before
    assert stepped[-1] == 0, "the last question began with a snapshot"


def test_the_command_says_the_same(tmp_path: Path) -> None:
    desk = Script().burst(2.1, 4).desk(tmp_path)
    (tmp_path / "tocsin.toml").write_text(
        f'log = "{desk.log_url}"\nstore = "{desk.store_url}"\nsnapshots = "{desk.snapshots}"\n'
    )
    asked = ["alerts", "why", "baku-moscow", "--at", at(3).isoformat(), "-C", str(tmp_path)]
    said = CliRunner().invoke(cli, asked)
    assert said.exit_code == 0, said.output
    assert "EXPECTATION: not far enough from what is expected" in said.stdout
    assert "NO→ expectation" in said.stdout
    assert "By the hour (spike): counted, expected" in said.stdout
    document = json.loads(CliRunner().invoke(cli, [*asked, "--json"]).stdout)
    assert document["broken"] == "expectation"
    assert [a["fell_at"] for a in document["articles"]].count(None) >= 4


def test_the_command_takes_what_people_call_a_watch(tmp_path: Path) -> None:
    desk = Script().burst(2.1, 4).desk(tmp_path)
    (tmp_path / "tocsin.toml").write_text(
        f'log = "{desk.log_url}"\nstore = "{desk.store_url}"\nsnapshots = "{desk.snapshots}"\n'
    )
    asked = ["--at", at(3).isoformat(), "-C", str(tmp_path), "--json"]
    said = CliRunner().invoke(cli, ["alerts", "why", "Russia & Azerbaijan", *asked])
    document = json.loads(said.stdout)
    assert (document["rule"], document["key"]) == ("baku-moscow", "AZE-RUS")
    turned = CliRunner().invoke(cli, ["alerts", "why", "baku-moscow", "--key", "RUS-AZE", *asked])
    assert json.loads(turned.stdout) == document
    later = CliRunner().invoke(cli, ["alerts", "why", "baku-moscow", "--at", "2999-01-01", *asked[2:]])
    assert "that time has not come yet" in later.stderr
    assert json.loads(later.stdout)["broken"] == "polled"
    never = CliRunner().invoke(cli, ["alerts", "why", "baku-moscow", "--at", "9999-12-31T23:59-14:00", *asked[2:]])
    assert never.exit_code == 2
    assert "'9999-12-31T23:59-14:00' is no time" in never.stderr
    unknown = CliRunner().invoke(cli, ["alerts", "why", "baku-moscou", *asked])
    assert isinstance(unknown.exception, UsageError)
    assert unknown.exception.remedy == "did you mean baku-moscow?"
