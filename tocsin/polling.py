"""Puts the poll job together from the settings: a fetcher behind the address guard, parse workers, the job over both."""

from __future__ import annotations

import asyncio
import logging
import os
import socket

from connectors.clock import SystemClock
from connectors.feeds.fetch import Fetcher
from connectors.feeds.page_text import require_full_text
from connectors.feeds.parsing import FeedParser
from connectors.folders.scan import FolderScanner
from pipelines.poll import PollJob, PollSettings
from pipelines.polling.folder_inlet import FolderInlet
from pipelines.polling.looking import Inlet
from pipelines.polling.pages import PAGE_ACCEPT, PAGE_LIMITS, PageTools
from schemas.ports.log import Log
from schemas.ports.store import Store
from tocsin.pushing import read_push_tokens, taking_pushes
from tocsin.settings import Workplace

logger = logging.getLogger(__name__)

#: One document that takes its parser to the limits does not keep the others waiting; the second is started when needed.
PARSE_WORKERS = 2


async def run_poll(workplace: Workplace, log: Log, store: Store, stop: asyncio.Event) -> None:
    """Poll the feeds of ``workplace`` until ``stop``."""
    clock = SystemClock()
    settings = workplace.settings
    if not settings.sources:
        logger.warning("there are no feeds in the settings: nothing is polled, only the time is told")
    check_sources(workplace)
    fetcher = Fetcher(clock, allowed_networks=settings.allow_addresses)
    page_fetcher = Fetcher(clock, allowed_networks=settings.allow_addresses, limits=PAGE_LIMITS, accept=PAGE_ACCEPT)
    try:
        async with (
            FeedParser(workers=PARSE_WORKERS) as parser,
            taking_pushes(settings.push, workplace.folder) as pushed,
        ):
            manners = PollSettings(
                max_per_host=settings.polling.host_requests,
                host_gap_s=settings.polling.host_gap.total_seconds(),
                lease_s=settings.polling.takeover.total_seconds(),
            )
            # One run a folder, which its lock sees to: a restart goes on under the name it had.
            name = settings.polling.name or f"{socket.gethostname()}:{workplace.folder.absolute()}"
            job = PollJob(
                log,
                store,
                settings.sources,
                clock=clock,
                fetcher=fetcher,
                parser=parser,
                pages=PageTools(page_fetcher, parser),
                inlets={**folder_inlets(workplace), **pushed},
                settings=manners,
                name=name,
            )
            await job.run(stop)
    finally:
        await fetcher.close()
        await page_fetcher.close()


def folder_inlets(workplace: Workplace) -> dict[str, Inlet]:
    """Return what looks into each watched folder, by its id."""
    return {
        folder.id: FolderInlet(FolderScanner(folder, workplace.path(folder.path)))
        for folder in workplace.settings.folders
    }


def check_sources(workplace: Workplace) -> None:
    """:raises UsageError: a feed wants its full text, and the packages for it are not installed; or tokens of those who push
    cannot be read."""
    read_push_tokens(workplace.settings.push, workplace.folder, os.environ)
    wanting = next((feed.id for feed in workplace.settings.feeds if feed.full_text), None)
    if wanting is not None:
        require_full_text(wanting)
