"""`tocsin alerts export`: one alert as a page of its own."""

from __future__ import annotations

from pathlib import Path

import click

from schemas.errors import UsageError
from schemas.plain_text import plural
from tocsin.commands.alerts_show import explained, stored_alert
from tocsin.progress import Progress
from tocsin.workplace import folder_option, open_log_of, open_store_of, open_workplace


@click.command(epilog="Example: tocsin alerts export 3f2a9c --out alert.html")
@click.argument("alert")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The page to write.")
@folder_option
def export(alert: str, out: Path, folder: Path) -> None:
    """Write ALERT (its id or the beginning of it) as one page that needs nothing else, readable after the links died.

    It holds numbers, hours, evidence with the texts as they were seen, the rule as it was, life and deliveries.
    """
    from connectors.clock import SystemClock
    from pipelines.explaining.alert_then import rule_set_of
    from pipelines.explaining.article_texts import article_texts
    from pipelines.explaining.rule_text import rule_text
    from tocsin.alert_export import alert_page
    from tocsin.rule_files import names_of

    if not out.parent.is_dir():  # Told before it is computed again, which takes a while.
        raise UsageError(f"{out} cannot be written: there is no folder {out.parent}", remedy="make it, or name another")
    workplace = open_workplace(folder)
    store = open_store_of(workplace)
    try:
        found = stored_alert(store, alert)
        then, note = explained(workplace, store, found)
        text = rule_text(rule_set_of(store, found.opened), found.opened.rule)
    finally:
        store.close()
    with open_log_of(workplace) as log, Progress("reading texts") as progress:
        texts = article_texts(log, {item.article_id for item in found.articles}, progress.update)
    page = alert_page(found, then, text, texts, f"{SystemClock().now():%Y-%m-%d %H:%M} UTC", names_of(workplace))
    try:
        out.write_text(page, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{out} cannot be written: {error.strerror or error}") from error
    missing = len({item.article_id for item in found.articles} - texts.keys())
    if note:
        click.echo(f"without the hours: {note}", err=True)
    if missing:
        click.echo(
            f"the log no longer holds the texts of {plural(missing, 'article')}; titles and sentences are there",
            err=True,
        )
    click.echo(f"{out}: {len(page.encode()):,} bytes", err=True)
