"""What `tocsin replay --verify` does and says: the ledger by its bytes, then its crossings against a replay of the articles."""

from __future__ import annotations

import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from schemas.ids import hour_start
from schemas.plain_text import plural
from tocsin.history import rules_in
from tocsin.progress import Progress
from tocsin.workplace import open_log_of, open_store_of, open_workplace

if TYPE_CHECKING:
    from connectors.archive.folder import Archive
    from pipelines.replay.cached_signals import NotExtracted
    from pipelines.replay.parity.parity import Difference, Extract, Parity
    from pipelines.replay.parity.settled import Crossing
    from pipelines.verify import Verification

#: Differences and openings told one by one; the rest is told as a number, and `--json` has all of them.
_SHOWN = 20

#: What each cause means, in words.
_CAUSES = {
    "late": "came too late to be counted",
    "backfill": "undated and perhaps old: never counted live",
    "behind": "extraction was behind: its hour was learnt already",
    "put_aside": "the decider had put it aside, or an operator had it skipped",
    "dead_letter": "was a dead letter, so it was not counted live",
    "not_extracted": "extraction can make no signal of it now",
    "gone": "the log holds its signal, but the article no more",
    "extractor": "another version of the extractor finds something else in it",
    "coverage": "its feed was not seen in that hour in one of the runs",
    "rule": "another version of the rule",
    "keys": "the rule was full, and refused the keys that came last",
    "budget": "the rule's bar goes by what had come at 00:00 UTC, or in its first three days by the hour",
}

_STEPS = {"live": "deciding again", "articles": "reading articles", "replay": "replaying articles"}


def verify_folder(folder: Path, rules_path: Path | None, *, workers: int, batch: int, as_json: bool) -> None:
    """Check the ledger of ``folder``; leave with exit code 0 where all is explained, else 1."""
    from connectors.archive.tiered_log import TieredLog
    from pipelines.dead_letters import read_letters
    from pipelines.extraction.extractor import extractor_for
    from pipelines.replay.parity.history_run import OtherRules
    from pipelines.replay.parity.parity import check_parity
    from pipelines.verify import verify

    workplace = open_workplace(folder)
    actors = tuple(workplace.files(workplace.settings.actors))
    other = OtherRules(*rules_in(rules_path, actors)) if rules_path is not None else None
    told = _Steps()
    with open_log_of(workplace) as log, tempfile.TemporaryDirectory(prefix="tocsin-parity-") as scratch:
        store = open_store_of(workplace)
        try:
            tiered = TieredLog(log, workplace.path(workplace.settings.archive))
            with Progress("verifying") as progress:
                ledger = verify(
                    tiered, store, snapshots=workplace.path(workplace.settings.snapshots), progress=progress.update
                )
            dead = {aside.letter.article_id for aside in read_letters(log).by_id.values() if aside.letter.article_id}
            parity = check_parity(
                tiered,
                store,
                dead,
                extractor_for(actors).version,
                extraction_with(actors, workers, batch),
                Path(scratch),
                told,
                other,
            )
        finally:
            told.end()
            store.close()
    (_say_json if as_json else _say)(ledger, parity)
    sys.exit(0 if ledger.ok and not parity.unexplained else 1)


def extraction_with(actors: Sequence[Path], workers: int, batch: int) -> Extract:
    """Return the extraction of an archive in ``workers`` processes."""

    def extract(archive: Archive, days: Sequence[date]) -> Sequence[NotExtracted]:
        from pipelines.extraction.extractor import extractor_for
        from pipelines.replay.extract_archive import extract_archive

        with Progress("extracting") as progress:
            version = extractor_for(actors).version
            return extract_archive(archive, version, days, actors, progress.update, workers=workers, batch=batch).failed

    return extract


class _Steps:
    """A progress line for each step, one after another."""

    def __init__(self) -> None:
        self._step = ""
        self._progress: Progress | None = None

    def __call__(self, step: str, done: int, total: int | None) -> None:
        if step != self._step:
            self.end()
            self._step, self._progress = step, Progress(_STEPS[step])
            self._progress.__enter__()
        assert self._progress is not None
        self._progress.update(done, total)
        if done == total:
            self.end()

    def end(self) -> None:
        """Take the line away."""
        if self._progress is not None:
            self._progress.__exit__(None, None, None)
        self._step, self._progress = "", None


def _say_json(ledger: Verification, parity: Parity) -> None:
    click.echo(
        json.dumps(
            {
                "kind": "replay_verify",
                "ok": ledger.ok and not parity.unexplained,
                "ledger": {
                    "same": ledger.ok,
                    "events": ledger.events,
                    "recomputed": ledger.recomputed,
                    "digest": ledger.digest,
                    "recomputed_digest": ledger.recomputed_digest,
                    "differences": ledger.differences,
                },
                "articles": parity.articles,
                "articles_gone": len(parity.gathered.gone),
                "articles_waiting": parity.gathered.waiting,
                "articles_lost": sorted(parity.gathered.lost),
                "not_extracted": [one.article_id for one in parity.not_extracted],
                "first_hour": _hour(parity.first_hour),
                "last_hour": _hour(parity.last_hour),
                "complete": parity.complete,
                "crossings": {"live": parity.live, "replayed": parity.replayed, "same": parity.same},
                "differences": [_difference(one) for one in parity.differences],
                "opened": parity.opened,
                "not_opened": _openings(parity.not_opened),
                "not_settled": _openings(parity.not_settled),
                "unexplained": parity.unexplained,
            }
        )
    )


def _difference(one: Difference) -> dict[str, object]:
    return {
        **_crossing(one.crossing),
        "in": "live" if one.live else "replay",
        "causes": [
            {"cause": because.cause.value, "article_id": because.article_id, "articles": because.articles}
            for because in one.because
        ],
    }


def _openings(reasons: Mapping[Crossing, str | None]) -> list[dict[str, object]]:
    return [{**_crossing(one), "reason": reason} for one, reason in reasons.items()]


def _crossing(one: Crossing) -> dict[str, object]:
    return {"rule": one.rule, "key": one.key, "hour": hour_start(one.hour).isoformat()}


def _hour(hour: int | None) -> str | None:
    return None if hour is None else hour_start(hour).isoformat()


def _say(ledger: Verification, parity: Parity) -> None:
    if ledger.ok:
        click.echo(f"ledger: {plural(ledger.recomputed, 'event')} decided again from the log, byte for byte the same")
    for difference in ledger.differences:
        click.echo(f"LEDGER DIFFERS: {difference}")
    if parity.first_hour is None or parity.last_hour is None:
        click.echo("crossings: no hour is a day old yet, so there is nothing to compare")
        return
    click.echo(
        f"crossings from {_shown(parity.first_hour)} to {_shown(parity.last_hour)}: {parity.live:,} live, "
        f"{parity.replayed:,} in a replay of {plural(parity.articles, 'article')}, {parity.same:,} of them the same"
    )
    if not parity.complete:
        click.echo("  the log and its archive begin later than the ledger: both runs began to learn there")
    _say_articles(parity)
    for one in parity.differences[:_SHOWN]:
        click.echo(f"  {'only live:  ' if one.live else 'only replay:'} {_named(one.crossing)}")
        for line in _because(one):
            click.echo(f"      {line}")
    _say_more(len(parity.differences))
    causes = Counter(because.cause.value for one in parity.differences for because in one.because)
    if causes:
        click.echo(f"  causes: {', '.join(f'{cause} {number:,}' for cause, number in causes.most_common())}")
    _say_openings(parity)
    if parity.unexplained:
        click.echo(f"{plural(parity.unexplained, 'difference')} WITHOUT a recorded cause")
    elif ledger.ok:
        click.echo("the ledger is what the log says, and every difference has its cause")


def _say_articles(parity: Parity) -> None:
    for number, what in (
        (len(parity.gathered.gone), "whose signal is in the log are gone from it"),
        (parity.gathered.waiting, "not extracted or decided yet, so not compared"),
        (len(parity.gathered.lost), "WITHOUT a signal or a dead letter"),
        (len(parity.not_extracted), "no signal can be made of now"),
    ):
        if number:
            click.echo(f"  {plural(number, 'article')} {what}")


def _because(one: Difference) -> Iterable[str]:
    if not one.because:
        yield "NO recorded cause: please report this"
    for because in one.because:
        more = f" and {because.articles - 1} more" if because.articles > 1 else ""
        which = f" (article {because.article_id}{more})" if because.article_id else ""
        yield f"{because.cause.value}: {_CAUSES[because.cause.value]}{which}"


def _say_openings(parity: Parity) -> None:
    if not parity.complete:
        return
    without = Counter(str(reason or "NO recorded reason") for reason in parity.not_opened.values())
    click.echo(
        f"openings: {plural(parity.opened, 'alert')} in the ledger; crossings that opened none: {_counts(without)}"
    )
    gone = Counter(str(reason or "NO recorded reason") for reason in parity.not_settled.values())
    if gone:
        click.echo(f"  alerts whose crossing does not hold, or not yet, a day later: {_counts(gone)}")
    mistakes = [one for one, reason in [*parity.not_opened.items(), *parity.not_settled.items()] if reason is None]
    for crossing in mistakes[:_SHOWN]:
        click.echo(f"  NO recorded reason: {_named(crossing)}")
    _say_more(len(mistakes))


def _counts(counts: Counter[str]) -> str:
    return ", ".join(f"{reason} {number:,}" for reason, number in counts.most_common()) or "none"


def _say_more(number: int) -> None:
    if number > _SHOWN:
        click.echo(f"  … and {number - _SHOWN:,} more; --json has them all")


def _named(crossing: Crossing) -> str:
    return f"{crossing.rule} {crossing.key} {_shown(crossing.hour)}"


def _shown(hour: int) -> str:
    return f"{hour_start(hour):%Y-%m-%d %H:%M}"
