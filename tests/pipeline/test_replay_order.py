"""`--order`: as news arrived, or as they were published; what is taken where nobody says, and that each is what it says."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner, Result

from alerts.rules.model import KeywordsPart, Pattern, Rule, RuleSet, Scope, Threshold, Watch, WatchKind
from connectors.archive.field_map import FieldMap
from connectors.archive.folder import Archive
from connectors.archive.import_rows import Row
from pipelines.archive_job import ArchiveSettings
from pipelines.backtest.arrival import ArrivalDelay, delayed
from pipelines.extraction.extractor import extractor_for
from pipelines.import_history import ImportReport, import_items, items_in, write_rhythm
from pipelines.replay.cached_signals import extract_days
from pipelines.replay.order import Order, OrderReason, order_of_imports
from pipelines.replay.past import ByPublication, past_of, records_in
from pipelines.replay.replay import activation
from schemas.alert_event import AlertEvent, ChainHead, ledger_digest
from schemas.article import Article
from schemas.control import RulesReady
from schemas.coverage import Coverage
from schemas.reasons import EventKind
from schemas.signal import Signal
from schemas.wire import SignalsRecord
from tests.pipeline.archive.living import Life
from tests.pipeline.invented_history import HOUR, START, history, row
from tests.streams import world
from tests.streams.deciding import Desk
from tests.streams.records import FEED_IDS, activated, coverage, pair_rule, signal
from tocsin.commands.backtest import command as backtest
from tocsin.commands.replay import command

_DAYS = 12
_BURST = START + timedelta(days=10, hours=9)
_CRAWLED = START + timedelta(days=70)

RULES = """
rules:
  - name: norway-iceland
    watch: {pair: [Norway, Iceland]}
    when: [{spike: {}}, {threshold: {count: 3, within: 24h}}]
"""

#: A rule of which nothing can be told before it has looked.
EVERYTHING = RuleSet.of(
    Rule(
        name="all",
        watch=Watch(kind=WatchKind.KEYWORDS, keywords=KeywordsPart(any=(Pattern(pattern="x"),)), scope=Scope.ARTICLE),
        when=(Threshold(count=100_000, within_h=1),),
    )
)

Seen = Callable[[dict[str, str], int], datetime | None]


class _Plainly:
    """The bare extraction, without Beam."""

    def __init__(self, articles: list[Article]) -> None:
        self.signals: list[Signal] = extractor_for().extract_many(articles)
        self.failures: list[object] = []


def _never(one: dict[str, str], number: int) -> None:
    """Nobody wrote down when it was seen."""


def _soon(one: dict[str, str], number: int) -> datetime:
    """Two minutes to five hours later: late, and in another order."""
    return datetime.fromisoformat(one["t"]) + timedelta(minutes=2 + number * 37 % 300)


def _late(one: dict[str, str], number: int) -> datetime:
    """As :func:`_soon`, but each fourth comes two days later."""
    return _soon(one, number) + (timedelta(days=2) if number % 4 == 0 else timedelta())


def _at_once(one: dict[str, str], number: int) -> datetime:
    """Ten weeks later, all within minutes."""
    return _CRAWLED + timedelta(milliseconds=number * 100)


def _imported(folder: Path, seen: Seen) -> Archive:
    """Return an extracted archive of the invented past; ``seen`` tells when each item arrived."""
    rows = list(history(_DAYS, burst=_BURST))
    for number, one in enumerate(rows):
        at = seen(one, number)
        if at is not None:
            one["seen"] = at.isoformat()
    return _extracted(folder, rows)


def _extracted(folder: Path, rows: list[dict[str, str]]) -> Archive:
    archive = Archive(folder)
    fields = FieldMap.parse("published=t,source=src,title=title,summary=desc,url=url,observed=seen")
    read = (Row(f"invented:{number}", values) for number, values in enumerate(rows, start=1))
    report = ImportReport()
    import_items(archive, items_in(read, fields, ZoneInfo("UTC"), "", report), report)
    assert not report.left_out
    write_rhythm(archive)
    extract_days(archive, extractor_for().version, archive.days(), _Plainly, batch=5_000)  # type: ignore[arg-type]
    return archive


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    return _imported(tmp_path_factory.mktemp("plain"), _never)


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    return _imported(tmp_path_factory.mktemp("crawled"), _at_once)


@pytest.fixture(scope="module")
def live_like(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    return _imported(tmp_path_factory.mktemp("live"), _late)


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "rules.yaml"
    path.write_text(RULES)
    return path


def _run(archive: Path, ledger: Path, *options: object) -> Result:
    arguments = ["--archive", archive, "--ledger", ledger, *options]
    result = CliRunner().invoke(command, [str(one) for one in arguments])
    assert result.exit_code == 0, (result.output, result.exception)
    return result


def _about(archive: Path, ledger: Path, *options: object) -> dict[str, object]:
    found = json.loads(_run(archive, ledger, *options, "--json").stdout)
    assert isinstance(found, dict)
    return found


def _opened(ledger: Path) -> list[AlertEvent]:
    events = [AlertEvent.model_validate_json(line) for line in ledger.read_text().splitlines()]
    return [event for event in events if event.event is EventKind.OPENED]


# -- which is taken -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seen", "order", "because", "late"),
    [
        (_never, Order.PUBLICATION, OrderReason.NO_ARRIVALS, 0.0),
        (_soon, Order.ARRIVAL, OrderReason.ARRIVALS, 0.0),
        (_late, Order.ARRIVAL, OrderReason.ARRIVALS, 0.25),
        (_at_once, Order.PUBLICATION, OrderReason.MOSTLY_LATE, 1.0),
    ],
)
def test_the_order_that_fits_what_an_archive_knows(
    tmp_path: Path, seen: Seen, order: Order, because: OrderReason, late: float
) -> None:
    rows = list(history(2))
    for number, one in enumerate(rows):
        at = seen(one, number)
        if at is not None:
            one["seen"] = at.isoformat()
    archive = _extracted(tmp_path, rows)
    chosen = order_of_imports(archive, None)
    assert (chosen.order, chosen.because) == (order, because)
    assert chosen.articles == len(rows)
    assert chosen.arrived == (0 if seen is _never else len(rows))
    assert chosen.late == math.ceil(late * len(rows))
    other = next(one for one in Order if one is not order)
    assert order_of_imports(archive, other).because is OrderReason.ASKED


def test_it_is_told_which_and_why(
    plain: Archive, crawled: Archive, live_like: Archive, rules: Path, tmp_path: Path
) -> None:
    ledger = tmp_path / "rang.jsonl"
    said = _run(plain.folder, ledger, "--rules", rules, "--to", "2023-05-02").stdout
    assert "order: publication (the archive knows when articles were published, not when they arrived)" in said
    said = _run(crawled.folder, ledger, "--rules", rules, "--to", "2023-05-02").stdout
    assert "arrived too late to count, as when old news are fetched at once)" in said
    said = _run(live_like.folder, ledger, "--rules", rules, "--to", "2023-05-02").stdout
    assert "order: arrival (the archive knows when articles arrived; " in said
    assert "arrived too late to count)" in said
    options = ["--archive", plain.folder, "--rules", rules, "--out", tmp_path / "out", "--order", "arrival", "--json"]
    result = CliRunner().invoke(backtest, [str(one) for one in options])
    assert result.exit_code == 0, result.exception
    assert "order: arrival (as asked)" in result.stderr
    assert json.loads(result.stdout)["order"]["because"] == "asked"
    assert "Articles came to the rules when they arrived" in (tmp_path / "out" / "report.html").read_text()


# -- what each is -------------------------------------------------------------------------------------------------------


def test_of_what_knows_no_arrivals_both_are_the_same_records(plain: Archive, rules: Path, tmp_path: Path) -> None:
    """The long way by publication gives record for record what lies in the archive."""
    begin, version = activation(EVERYTHING, "", START.date()), extractor_for().version
    past = past_of(plain, Order.ARRIVAL, None, None)
    laid_out = ByPublication.of(plain, past.chosen, None, None)
    assert list(laid_out.days) == list(past.days)
    assert list(records_in(laid_out, version, begin)) == list(records_in(past, version, begin))
    one = _about(plain.folder, tmp_path / "one.jsonl", "--rules", rules, "--order", "arrival")
    other = _about(plain.folder, tmp_path / "other.jsonl", "--rules", rules, "--order", "publication")
    assert one["digest"] == other["digest"]


def test_by_publication_arrival_is_as_if_it_were_not_known(
    plain: Archive, crawled: Archive, live_like: Archive, rules: Path, tmp_path: Path
) -> None:
    wanted = _about(plain.folder, tmp_path / "plain.jsonl", "--rules", rules)
    assert _opened(tmp_path / "plain.jsonl")
    for archive in (crawled, live_like):
        found = _about(archive.folder, tmp_path / "found.jsonl", "--rules", rules, "--order", "publication")
        assert found["digest"] == wanted["digest"]
        assert (found["first_day"], found["last_day"]) == (wanted["first_day"], wanted["last_day"])
        again = _about(archive.folder, tmp_path / "found.jsonl", "--rules", rules, "--order", "publication")
        assert again["digest"] == found["digest"]


def test_by_arrival_what_came_late_counts_for_nothing(crawled: Archive, rules: Path, tmp_path: Path) -> None:
    about = _about(crawled.folder, tmp_path / "rang.jsonl", "--rules", rules, "--order", "arrival")
    assert _opened(tmp_path / "rang.jsonl") == []
    assert about["first_day"] == _CRAWLED.date().isoformat()
    assert about["order"] == {
        "order": "arrival", "because": "asked",
        **dict.fromkeys(("articles", "arrived", "late"), crawled.count(_CRAWLED.date())),
    }  # fmt: skip


def test_days_are_of_the_order(crawled: Archive, rules: Path, tmp_path: Path) -> None:
    past = past_of(crawled, None, date(2023, 5, 3), date(2023, 5, 5))
    assert [day.day for day in past.days] == [3, 4, 5]
    assert list(past.files) == [_CRAWLED.date()]
    told: list[tuple[int, int | None]] = []
    begin = activation(EVERYTHING, "", past.days[0])
    records = list(records_in(past, extractor_for().version, begin, (), lambda *numbers: told.append(numbers)))
    assert told[-1] == (len(records), len(records))
    signals = [record for record in records if isinstance(record, Signal)]
    assert {signal.event_time.day for signal in signals} == {3, 4, 5}
    hours = [record for record in records if isinstance(record, Coverage)]
    assert [hour.since for hour in hours] == [START + number * HOUR for number in range(48, 120)]
    assert hours[0].full
    few = records_in(past, extractor_for().version, activation(EVERYTHING, "", past.days[0]), {"harbour-news"})
    assert {one.source.id for one in few if isinstance(one, Signal)} == {"harbour-news"}


def test_an_edit_comes_as_long_after_the_first_wording_as_it_did(tmp_path: Path) -> None:
    first = row(START + HOUR, "harbour-news", "Norway and Iceland quarrel over cod", "A dispute.")
    edited = first | {"title": "Norway and Iceland quarrel over herring"}
    first["seen"] = (START + 30 * HOUR).isoformat()
    edited["seen"] = (START + 33 * HOUR).isoformat()
    archive = _extracted(tmp_path, [*history(1), first, edited])
    past = past_of(archive, Order.PUBLICATION, None, None)
    records = records_in(past, extractor_for().version, activation(EVERYTHING, "", START.date()))
    found = [one for one in records if isinstance(one, Signal) and one.url == first["url"]]
    assert [one.revised_at for one in found] == [START + HOUR, START + 4 * HOUR]
    assert {one.observed_at for one in found} == {START + HOUR}
    assert [int(one.revised_at.timestamp() * 1000) for one in found] == [one.revision for one in found]


def test_a_model_of_arrival_delays_what_is_replayed_by_publication(crawled: Archive) -> None:
    past = past_of(crawled, None, date(2023, 5, 3), date(2023, 5, 3))
    begin = activation(EVERYTHING, "", past.days[0])
    records = delayed(records_in(past, extractor_for().version, begin), ArrivalDelay.parse("1h"))
    late = {one.observed_at - one.event_time for one in records if isinstance(one, Signal)}
    assert late == {HOUR}


# -- an archived log ----------------------------------------------------------------------------------------------------

#: Three stories within six hours ring.
RULE = pair_rule("three", Threshold(count=3, within_h=6))


def _late_news() -> list[SignalsRecord]:
    """Return three days of a log: one story of three came thirty hours late."""
    at = world.START + 5 * HOUR
    news = [
        signal("a", at),
        signal("b", at + HOUR, feed=FEED_IDS[1]),
        signal("late", at + HOUR, feed=FEED_IDS[2], observed_at=at + 31 * HOUR),
    ]
    hours = [coverage(world.START + number * HOUR) for number in range(72)]
    timed = [(one.revised_at, 1, one) for one in news] + [(one.at, 0, one) for one in hours]
    first = world.START - timedelta(seconds=1)
    return [activated(first, RULE), *(record for *_, record in sorted(timed, key=lambda one: one[:2]))]


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Life:
    life = Life(tmp_path_factory.mktemp("lived"))
    life.live(world.invented_stream(5, days=12), ArchiveSettings(roll_records=400))
    return life


def test_an_archived_log_is_taken_as_it_arrived_and_is_the_live_ledger(lived: Life, tmp_path: Path) -> None:
    about = _about(lived.archive, tmp_path / "rang.jsonl")
    assert about["order"] == {"order": "arrival", "because": "log", "articles": 0, "arrived": 0, "late": 0}
    heads = [head for head in Desk(lived.folder).heads().values() if isinstance(head, ChainHead)]
    assert about["digest"] == ledger_digest(heads)
    asked = _about(lived.archive, tmp_path / "rang.jsonl", "--order", "arrival")
    assert asked["digest"] == about["digest"]


def test_an_archived_log_by_publication_is_the_same_each_time_and_another_ledger(lived: Life, tmp_path: Path) -> None:
    one = _about(lived.archive, tmp_path / "one.jsonl", "--order", "publication")
    other = _about(lived.archive, tmp_path / "other.jsonl", "--order", "publication")
    assert (tmp_path / "one.jsonl").read_bytes() == (tmp_path / "other.jsonl").read_bytes()
    assert one["digest"] == other["digest"] != _about(lived.archive, tmp_path / "rang.jsonl")["digest"]
    assert {event.rule for event in _opened(tmp_path / "one.jsonl")} >= {"gbr-ukr", "hostile"}


def test_what_came_too_late_live_counts_by_publication(tmp_path: Path) -> None:
    life = Life(tmp_path / "life")
    life.folder.mkdir()
    life.live(_late_news(), ArchiveSettings())
    _about(life.archive, tmp_path / "arrival.jsonl")
    assert _opened(tmp_path / "arrival.jsonl") == []
    _about(life.archive, tmp_path / "publication.jsonl", "--order", "publication")
    (rang,) = _opened(tmp_path / "publication.jsonl")
    assert rang.counts.stories == 3
    assert rang.at <= world.START + 7 * HOUR


def _with_rules_ready(stream: list[SignalsRecord], asked: int, taken: int) -> Iterator[SignalsRecord]:
    more = activated(world.START, RULE, pair_rule("two", Threshold(count=2, within_h=6))).changed(deferred=True)
    for number, record in enumerate(stream):
        if number == asked:
            yield more
        if number == taken:
            yield RulesReady(rules_hash=more.rules_hash, activated_offset=asked, ready_at=world.START)
        yield record


def test_rules_take_force_by_publication_when_they_did(tmp_path: Path) -> None:
    """Rules that were asked for at one time and took force at another: ready says when, in either order."""
    desk = Desk(tmp_path)
    desk.make_store()
    desk.append(list(_with_rules_ready(_late_news(), 20, 24)))
    desk.decide()
    life = Life(tmp_path)
    with life.opened() as (log, store):
        life.job(log, store, ArchiveSettings()).step(all_of_it=True)
    ready = []
    for order in Order:
        _about(life.archive, tmp_path / "rang.jsonl", "--order", order)
        events = [AlertEvent.model_validate_json(line) for line in (tmp_path / "rang.jsonl").read_text().splitlines()]
        ready.append({(event.rule, event.at) for event in events if event.event is EventKind.RULE_READY})
    assert ready[0] == ready[1] == {("three", world.START + HOUR), ("two", world.START + 21 * HOUR)}
