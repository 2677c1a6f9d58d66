"""A look into a watched folder, as the poll job takes one at a feed: in a thread, because disks may be slow."""

from __future__ import annotations

import asyncio

from connectors.feeds.cursor import FeedCursor
from connectors.folders.scan import FolderScanner, FolderUnreadableError
from pipelines.polling.looking import Answered, Failed


class FolderInlet:
    """Looks with ``scanner``. What was read is the validator of the cursor, so it moves when the log has the articles."""

    def __init__(self, scanner: FolderScanner) -> None:
        self._scanner = scanner

    async def look(self, cursor: FeedCursor) -> Answered | Failed:
        """Return what is new since ``cursor``."""
        try:
            document, done = await asyncio.to_thread(self._scanner.look, cursor.etag or "")
        except FolderUnreadableError as error:
            return Failed(error.message)
        return Answered(document, done or None, None, None)

    def written(self) -> None:
        """Nothing waits for it."""
