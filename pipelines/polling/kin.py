"""Which feeds may bring the same articles: those of one publisher, and whatever names the publisher of each item. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence

from connectors.feeds.settings import FeedSettings
from connectors.feeds.wire import WireDocument


class Kin:
    """Feeds by publisher. ``mixed``: the ids of those (folders, pushes) whose items name their publishers themselves."""

    def __init__(self, feeds: Sequence[FeedSettings], mixed: Collection[str]) -> None:
        self._mixed = tuple(mixed)
        self._of_source: defaultdict[str, list[str]] = defaultdict(list)
        for feed in feeds:
            self._of_source[feed.publisher.id].append(feed.id)

    def of(self, feed: FeedSettings, document: WireDocument) -> Iterator[str]:
        """Yield the ids of the other feeds that may have brought entries of ``document``, which is that of ``feed``."""
        sources = {feed.publisher.id}
        if feed.id in self._mixed:
            sources |= {entry.source for entry in document.entries if entry.source}
        of_sources = {id_ for source in sources if source in self._of_source for id_ in self._of_source[source]}
        yield from sorted((of_sources | {*self._mixed}) - {feed.id})
