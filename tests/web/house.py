"""A folder with a real log, a real ledger and hostile news in it, and the application over it as a client sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from starlette.testclient import TestClient

from alerts.rules.model import Floors, Spike, Threshold
from connectors.clock import SystemClock
from connectors.log.open import open_log
from pipelines.actor_directory import ActorDirectory, actor_directory
from schemas.dead_letter import DeadLetter
from schemas.ports.log import Entry
from schemas.ports.store import FeedRow
from schemas.reasons import DeadLetterReason, FeedState
from schemas.signal import Sentence, Signal
from schemas.topics import ARTICLES, DEAD_LETTERS
from schemas.wire import SignalsRecord, encode
from tests.streams.deciding import Desk, desk_in
from tests.streams.records import FEED_IDS, HOUR, activated, coverage, pair_rule, signal
from tests.streams.world import START
from tocsin.settings import Workplace, load_workplace
from tocsin.web.app import make_app
from tocsin.web.serving import make_site
from tocsin.web.site import Site
from tocsin.workplace import open_store_of

ADDRESS = "http://127.0.0.1:8765"

#: Titles as an attacker writes them: markup, an attribute that ends, a template, an override of the direction of text.
HOSTILE = (
    "<script>alert(1)</script>",
    '" onmouseover="alert(2)',
    "{{ 7 * 7 }} {% include 'x' %}",
    "\u202egnp.exe \u2066hidden\u2069",
    "<img src=x onerror=alert(3)>",
    "</td></table><h1>Owned</h1>",
)
HOSTILE_LINK = "javascript:alert(4)"

_HOURS = 9 * 24
#: The burst begins here.
BURST = 8 * 24 + 10


def news() -> list[SignalsRecord]:
    """Return nine days in which two countries meet once a day, and then, with hostile titles, every hour."""
    low = Floors(stories=3, publishers=2, times=2.0)
    rules = (
        pair_rule("aze-rus", Spike(floors=low)),
        pair_rule("gbr-ukr", Threshold(count=4, within_h=24), one="GBR", other="UKR"),
    )
    stream: list[SignalsRecord] = [activated(START - timedelta(seconds=1), *rules)]
    for hour in range(_HOURS):
        since = START + hour * HOUR
        many = 2 if hour >= BURST else int(hour % 24 == 7)
        stream.extend(_article(hour, number, since) for number in range(many))
        if hour % 30 == 0:
            stream.append(signal(f"u{hour}", since + HOUR / 3, feed="echo", pair=("GBR", "UKR")))
        stream.append(coverage(since, reached_back_to=since))
    return stream


def _article(hour: int, number: int, since: datetime) -> Signal:
    plain = signal(f"a{hour:04d}-{number}", since + HOUR / 4 * (number + 1), feed=FEED_IDS[(hour + number) % 5])
    if hour < BURST:
        return plain
    title = HOSTILE[(hour + number) % len(HOSTILE)]
    changes = {
        "title": title,
        "text": title,
        "url": HOSTILE_LINK if number else plain.url,
        "sentences": (Sentence(start=0, end=len(title), tone=plain.tone),),
    }
    return plain.model_copy(update=changes)


def settings_in(folder: Path, more: str = "") -> None:
    """Write the settings of ``folder``."""
    places = 'log = "sqlite:///log.db"\nstore = "sqlite:///store.db"\nsnapshots = "snapshots"\n'
    (folder / "tocsin.toml").write_text(places + more, encoding="utf-8")


def desk_with_news(folder: Path) -> Desk:
    """Return a folder in which the news was decided, with feeds in each state."""
    desk = desk_in(folder, news())
    desk.decide()
    settings_in(folder)
    now = datetime.now(UTC)
    rows = [
        FeedRow(
            feed_id="alfa", url="https://alfa.example/rss", state=FeedState.OK, last_success_at=now, items_seen=1234
        ),
        FeedRow(
            feed_id="bravo",
            url="https://user:secret-word@bravo.example/rss",
            state=FeedState.FAILING,
            last_error="<b>500</b> from the server",
            consecutive_failures=3,
        ),
    ]
    with desk.store() as store:
        store.save_feeds(rows)
    with open_log(desk.log_url, SystemClock()) as log:
        log.append(DEAD_LETTERS, [Entry(0, encode(one)) for one in dead_letters(now)])
    return desk


def dead_letters(now: datetime) -> list[DeadLetter]:
    """Return one that is open, with hostile words, and one that was sent back."""
    aside = DeadLetter(
        dead_letter_id="a" * 24,
        stage="extract",
        reason=DeadLetterReason.HOSTILE_TEXT,
        error="; ".join(HOSTILE),
        topic=ARTICLES,
        partition=0,
        offset=17,
        article_id="b" * 32,
        feed_id="<b>bravo</b>",
        original=HOSTILE[0].encode(),
        original_bytes=len(HOSTILE[0]),
        recorded_at=now - timedelta(hours=3),
    )
    return [aside.changed(dead_letter_id="c" * 24, feed_id=None, status="replayed"), aside]


@lru_cache
def _names() -> ActorDirectory:
    return actor_directory()


class House:
    """The application over a folder. ``client`` speaks to it as a browser on this machine would."""

    def __init__(self, folder: Path, *, environ: Mapping[str, str] | None = None) -> None:
        self.workplace: Workplace = load_workplace(folder, {})
        self.store = open_store_of(self.workplace)
        self.site: Site = make_site(self.workplace, self.store, environ or {}, _names())
        while self.site.reader.look():
            pass
        self.app = make_app(self.site, self.workplace.settings.web, self.workplace.settings.public_url)
        self.client = self.client_at()

    def client_at(self, base: str = ADDRESS, *, peer: str = "127.0.0.1") -> TestClient:
        """Return another client, with its own cookies."""
        return TestClient(self.app, base_url=base, client=(peer, 50_000), follow_redirects=False)

    def close(self) -> None:
        """Release the store."""
        self.store.close()

    def page(self, path: str) -> str:
        """Return the text of a page that must be there."""
        answer = self.client.get(path)
        assert answer.status_code == 200, (path, answer.status_code, answer.text[:300])
        text: str = answer.text
        return text

    @property
    def alert_id(self) -> str:
        """Return the id of the newest alert."""
        return self.site.reading.ledger.newest_first()[0].id

    def paths(self) -> Sequence[str]:
        """Return a path of every page that shows something to people."""
        key = "rule=aze-rus&key=AZE-RUS"
        alert = f"/alerts/{self.alert_id}"
        return (
            "/",
            "/alerts",
            alert,
            "/watches",
            f"/watches/key?{key}",
            "/rules",
            "/why",
            "/feeds",
            "/audit",
            "/dead-letters",
        )
