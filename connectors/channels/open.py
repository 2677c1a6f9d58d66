"""Settings of a receiver → its channel, ready to send. Secrets are read here, once, and every connection is guarded."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TextIO

from connectors.address_guard import guarded_connector, open_guarded_socket
from connectors.channels.alertmanager import AlertmanagerChannel
from connectors.channels.apprise_url import AppriseChannel, require_apprise
from connectors.channels.atom_file import AtomFileChannel
from connectors.channels.console import ConsoleChannel
from connectors.channels.http_post import HttpPoster
from connectors.channels.ntfy import NtfyChannel
from connectors.channels.pagerduty import PagerDutyChannel
from connectors.channels.settings import (
    AlertmanagerSettings,
    AppriseSettings,
    AtomSettings,
    ChannelSettings,
    ConsoleSettings,
    EmailSettings,
    NtfySettings,
    PagerDutySettings,
    ReceiverSettings,
    SlackSettings,
    TelegramSettings,
    WebhookSettings,
    checked_url,
)
from connectors.channels.slack import SlackChannel
from connectors.channels.smtp import EmailChannel, OpenSocket
from connectors.channels.telegram import TelegramChannel
from connectors.channels.telegram_answers import TelegramAnswers
from connectors.channels.webhook import WebhookChannel, decoded_secret
from schemas.clock import Clock
from schemas.errors import UsageError
from schemas.ports.answers import AnswerSource
from schemas.ports.channel import Channel


def open_channel(
    settings: ChannelSettings,
    *,
    clock: Clock,
    environ: Mapping[str, str] | None = None,
    stream: TextIO | None = None,
) -> Channel:
    """Return the channel of ``settings``. Nothing is connected yet. ``stream`` is where a console writes.

    :raises UsageError: a secret cannot be read, or what was read is none; told without any part of it.
    """
    environ = os.environ if environ is None else environ
    if isinstance(settings, ConsoleSettings):
        return ConsoleChannel(settings.name, stream or sys.stdout, timeout_s=settings.timeout_s)
    if isinstance(settings, AtomSettings):
        return AtomFileChannel(settings.name, settings.path, settings.entries, clock, timeout_s=settings.timeout_s)
    if isinstance(settings, EmailSettings):
        password = _secret(settings, "password", environ)
        return EmailChannel(settings, password, _socket_opener(settings), clock)
    if isinstance(settings, AppriseSettings):
        require_apprise(settings.name)
        url = _needed(settings, "url", environ)
        return AppriseChannel(settings.name, url, settings.allow_addresses, clock, timeout_s=settings.timeout_s)
    poster = HttpPoster(
        settings.name,
        lambda: guarded_connector(settings.allowed_networks),
        timeout_s=settings.timeout_s,
        clock=clock,
    )
    if isinstance(settings, NtfySettings):
        topic = settings.topic or _needed(settings, "topic", environ)
        return NtfyChannel(settings.name, settings.url, topic, _secret(settings, "token", environ), poster)
    if isinstance(settings, SlackSettings):
        return SlackChannel(settings.name, _url(settings, environ), poster)
    if isinstance(settings, TelegramSettings):
        token = _needed(settings, "token", environ)
        return TelegramChannel(settings.name, settings.url, token, settings.chat_id, poster, buttons=settings.buttons)
    if isinstance(settings, PagerDutySettings):
        return PagerDutyChannel(settings.name, settings.url, _needed(settings, "routing_key", environ), poster)
    if isinstance(settings, AlertmanagerSettings):
        return AlertmanagerChannel(settings.name, settings.url, _secret(settings, "token", environ), poster, clock)
    text = _secret(settings, "secret", environ)
    secret = None if text is None else decoded_secret(settings.name, text)
    address = settings.url or _url(settings, environ)
    return WebhookChannel(settings.name, address, secret, poster, clock, body_format=settings.format)


def open_answers(settings: ChannelSettings, *, environ: Mapping[str, str] | None = None) -> AnswerSource | None:
    """Return where answers to the messages of a receiver come in; None where it has no way back.

    :raises UsageError: a secret cannot be read.
    """
    if not isinstance(settings, TelegramSettings) or not settings.buttons:
        return None
    token = _needed(settings, "token", os.environ if environ is None else environ)
    return TelegramAnswers(
        settings.name,
        settings.url,
        token,
        settings.chat_id,
        lambda: guarded_connector(settings.allowed_networks),
    )


def _socket_opener(settings: EmailSettings) -> OpenSocket:
    networks = settings.allowed_networks
    return lambda host, port, timeout_s: open_guarded_socket(host, port, timeout_s, networks)


def _secret(settings: ReceiverSettings, key: str, environ: Mapping[str, str]) -> str | None:
    reference = settings.secret(key)
    return None if reference is None else reference.read(environ)


def _needed(settings: ReceiverSettings, key: str, environ: Mapping[str, str]) -> str:
    secret = _secret(settings, key, environ)
    assert secret is not None, "the settings are validated to name it"
    return secret


def _url(settings: WebhookSettings | SlackSettings, environ: Mapping[str, str]) -> str:
    try:
        return checked_url(settings.name, _needed(settings, "url", environ))
    except ValueError as error:
        raise UsageError(str(error), remedy="correct the variable or file named by url_env or url_file") from None
