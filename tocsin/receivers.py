"""Receivers of the settings → open channels and whom they tell; every mistake in them at once. Starts the job `notify`."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from zoneinfo import ZoneInfo

from connectors.address_guard import guarded_connector
from connectors.channels.heartbeat_url import HeartbeatUrl
from connectors.channels.open import open_answers, open_channel
from connectors.channels.secrets import SecretReference
from connectors.channels.settings import PagerDutySettings, ReceiverSettings
from connectors.clock import SystemClock
from connectors.libre_translate import LibreTranslate
from pipelines.notify import NotifySettings
from pipelines.notify_job import NamesWhenNeeded, NotifyJob
from pipelines.notifying.following import KeyFollower
from pipelines.notifying.late_store import LateStore, store_when_there
from pipelines.notifying.listening import Listener
from pipelines.notifying.planning import Receiver
from pipelines.notifying.regular import Regular
from pipelines.notifying.room import Room
from pipelines.notifying.translating import Translations
from pipelines.watchdog import Watchdog
from schemas.clock import Clock
from schemas.errors import UsageError
from schemas.ports.answers import AnswerSource
from schemas.ports.channel import Channel
from tocsin.answer_link_key import answer_links_of
from tocsin.disk_use import disk_use
from tocsin.routes_settings import pacing_of, routing_of
from tocsin.workplace import open_log_of

if TYPE_CHECKING:
    from alerts.explanation.names import ActorNames
    from tocsin.settings import Workplace

logger = logging.getLogger(__name__)

Section = TypeVar("Section", bound=ReceiverSettings)


@dataclass(frozen=True)
class Ways:
    """Every way out: a channel and a receiver for each section [[receivers]], and a monitor outside if there is one."""

    channels: Sequence[Channel]
    receivers: Sequence[Receiver]
    heartbeat: HeartbeatUrl | None
    answers: Sequence[AnswerSource] = ()

    async def close(self) -> None:
        """Close all of them; idempotent."""
        await asyncio.gather(*(channel.close() for channel in self.channels))
        await asyncio.gather(*(source.close() for source in self.answers))
        if self.heartbeat is not None:
            await self.heartbeat.close()


def open_ways(workplace: Workplace, environ: Mapping[str, str] | None = None) -> Ways:
    """Return the ways out of the settings. Nothing is connected yet, but every secret is read.

    :raises UsageError: secrets that cannot be read or are none, all of them.
    """
    ways, mistakes = _opened(workplace, os.environ if environ is None else environ)
    if mistakes:
        raise UsageError("\n".join(str(mistake) for mistake in mistakes))  # Each carries its own remedy.
    return ways


def ways_that_open(workplace: Workplace, environ: Mapping[str, str] | None = None) -> Ways:
    """Return the ways out of the settings without those whose secrets cannot be read."""
    return _opened(workplace, os.environ if environ is None else environ)[0]


def _opened(workplace: Workplace, environ: Mapping[str, str]) -> tuple[Ways, Sequence[UsageError]]:
    clock = SystemClock()
    mistakes: list[UsageError] = []
    channels: list[Channel] = []
    answers: list[AnswerSource] = []
    for settings in workplace.settings.receivers:
        beside = beside_settings(settings, workplace.folder)
        try:
            channels.append(open_channel(beside, clock=clock, environ=environ))
            source = open_answers(beside, environ=environ)
            if source is not None:
                answers.append(source)
        except UsageError as error:
            mistakes.append(error)
    heartbeat = None
    try:
        heartbeat = _open_heartbeat(workplace, clock, environ)
    except UsageError as error:
        mistakes.append(error)
    receivers = [receiver_of(settings) for settings in workplace.settings.receivers]
    return Ways(channels, receivers, heartbeat, answers), mistakes


def receiver_of(settings: ReceiverSettings) -> Receiver:
    """Return whom ``settings`` describe: what is told and what is not."""
    quiet, at_most = pacing_of(settings)
    return Receiver(
        name=settings.name,
        min_severity=settings.min_severity,
        labels=settings.labels,
        service_events=settings.service_events,
        quiet=quiet,
        at_most=at_most,
        keeps_incidents=isinstance(settings, PagerDutySettings),
    )


def regular_of(settings: ReceiverSettings) -> Regular:
    """Return what a receiver gets by the clock."""
    return Regular(settings.name, settings.test_every, settings.all_quiet, ZoneInfo(settings.zone))


def beside_settings(settings: Section, folder: Path) -> Section:
    """Return ``settings`` with the files they name seen from ``folder``, like every other path of the settings."""
    paths = {name: value for name, value in settings if isinstance(value, Path)}
    return settings.model_copy(update={name: folder / path for name, path in paths.items()})


def _open_heartbeat(workplace: Workplace, clock: SystemClock, environ: Mapping[str, str]) -> HeartbeatUrl | None:
    settings = workplace.settings.heartbeat
    url = settings.url
    if settings.url_env is not None or settings.url_file is not None:
        file = None if settings.url_file is None else workplace.path(settings.url_file)
        url = SecretReference("heartbeat", "url", settings.url_env, file).read(environ)
    return None if url is None else HeartbeatUrl(url, clock=clock, allowed=settings.allow_addresses)


def translations_of(
    workplace: Workplace, clock: Clock, environ: Mapping[str, str] | None = None
) -> Translations | None:
    """Return what translates headlines, None where nobody asked for it; :raises UsageError: its key cannot be read."""
    settings, api_key = workplace.settings.translate, None
    if settings.url is None:
        return None
    if settings.api_key_env is not None or settings.api_key_file is not None:
        file = None if settings.api_key_file is None else workplace.path(settings.api_key_file)
        reference = SecretReference("translate", "api_key", settings.api_key_env, file)
        api_key = reference.read(os.environ if environ is None else environ)
    translator = LibreTranslate(
        settings.url,
        api_key,
        settings.target,
        lambda: guarded_connector(settings.allow_addresses),
        timeout_s=settings.timeout_s,
    )
    return Translations(translator, clock, target=settings.target)


def notify_owner() -> str:
    """Return a name that no other notifier has, and that tells a person which process it is."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


async def run_notify(workplace: Workplace, late: LateStore, stop: asyncio.Event) -> None:
    """Tell people and watch the watch until ``stop``, from the start on, whether or not the store is there already.

    :raises UsageError: the receivers hold mistakes, all of them.
    """
    ways = open_ways(workplace)
    if not ways.receivers:
        logger.warning(
            "there are no [[receivers]] in the settings: what rings is only in the ledger (`tocsin alerts list`)"
        )
    clock = SystemClock()
    room = partial(_room, workplace)
    watchdog = Watchdog(late, ways.channels, clock=clock, heartbeat=ways.heartbeat, room=room)
    store = await store_when_there(late, watchdog, clock, stop)
    if store is None:
        await asyncio.gather(watchdog.close(), *(channel.close() for channel in ways.channels))
        return
    job = NotifyJob(
        store,
        ways.channels,
        ways.receivers,
        names=NamesWhenNeeded(lambda: _names(workplace)),
        clock=clock,
        settings=NotifySettings(owner=notify_owner()),
        watchdog=watchdog,
        follower=KeyFollower(lambda: open_log_of(workplace), store.rule_sets, clock),
        page=workplace.settings.public_url,
        links=answer_links_of(workplace),
        translations=translations_of(workplace, clock),
        routing=routing_of(workplace.settings.routes, workplace.settings.inhibit_rules),
        regulars=[regular_of(settings) for settings in workplace.settings.receivers],
        listener=Listener(store, ways.answers, clock) if ways.answers else None,
    )
    await job.run(stop)


def _room(workplace: Workplace) -> Room:
    return disk_use(workplace).room


def _names(workplace: Workplace) -> ActorNames:
    # Imported with the first message: the catalogue of actors takes a while to read.
    from pipelines.actor_directory import actor_directory

    return actor_directory(workplace.files(workplace.settings.actors))
