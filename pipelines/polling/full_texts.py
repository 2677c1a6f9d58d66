"""Which looks are followed by pages, and how many texts that brought: the pages behind new and revised entries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Mapping

from connectors.feeds.entries import changed_entries
from connectors.feeds.wire import WireEntry
from pipelines.polling.looking import Answered, Look
from pipelines.polling.pages import PageReader
from pipelines.polling.roster import Roster


class FullTexts:
    """Follows looks at feeds of ``roster`` that want the full text. ``reader``: None where no pages are read at all."""

    def __init__(self, roster: Roster) -> None:
        self._roster = roster
        self.reader: PageReader | None = None
        self.counts = Counter[str]()  # texts of pages, and entries without one by reason

    def following(self, look: Look) -> Awaitable[Look] | None:
        """Return what reads the pages behind the new and revised entries of ``look``; None where nobody asks for them."""
        found = look.finding
        if self.reader is None or look.feed_id not in self._roster:
            return None
        if not isinstance(found, Answered) or found.document is None:
            return None
        standing = self._roster[look.feed_id]
        if not standing.feed.full_text:
            return None
        wanted = changed_entries(found.document, standing.feed, standing.cursor_now)
        return self._with_pages(self.reader, look, found, standing.address, wanted) if wanted else None

    async def _with_pages(
        self, reader: PageReader, look: Look, found: Answered, address: str, wanted: Mapping[str, WireEntry]
    ) -> Look:
        pages = await reader.read(look.feed_id, address, wanted)
        self.counts["full_texts"] += len(pages.texts)
        self.counts.update({f"no_full_text_{reason.name.lower()}": count for reason, count in pages.missed.items()})
        return look._replace(finding=found._replace(pages=pages))
