"""The key that signs links in messages: from an environment variable or a file, else made once in the folder."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from connectors.channels.secrets import SecretReference
from pipelines.notifying.answer_links import LEAST_KEY_BYTES, AnswerLinks
from schemas.errors import UsageError
from tocsin.settings import Workplace

#: Where the key lies that nobody named, in the folder of the settings. Without it, links sent before are void.
MADE_KEY = Path("data/answer-links.key")


def answer_links_of(workplace: Workplace, environ: Mapping[str, str] | None = None) -> AnswerLinks | None:
    """Return what signs and reads links; None where there is no `public_url` for them, or they are not wanted.

    :raises UsageError: the key cannot be read, or is too short; no part of it is told.
    """
    settings, page = workplace.settings.answer_links, workplace.settings.public_url
    if page is None or not settings.offered:
        return None
    if settings.key_env is None and settings.key_file is None:
        return AnswerLinks(_made(workplace.path(MADE_KEY)).encode(), page)
    file = None if settings.key_file is None else workplace.path(settings.key_file)
    reference = SecretReference("answer_links", "key", settings.key_env, file)
    key = reference.read(os.environ if environ is None else environ).encode()
    if len(key) < LEAST_KEY_BYTES:
        raise UsageError(
            f"the key of [answer_links] has fewer than {LEAST_KEY_BYTES} characters",
            remedy='make one:  python3 -c "import secrets; print(secrets.token_urlsafe(32))"',
        )
    return AnswerLinks(key, page)


def _made(path: Path) -> str:
    """Return the key at ``path``, made where there is none. Of two processes that make it at once both get the same."""
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            beside = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(secrets.token_urlsafe(32))
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(beside, path)  # Whole or not at all, and never over one that is there.
            except FileExistsError:
                pass
            finally:
                beside.unlink()
        key = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        said = getattr(error, "strerror", None) or "it is not text"
        raise UsageError(
            f"the key of links in messages, {path}, cannot be made or read: {said}",
            remedy="let this user write there, or name a key by key_env or key_file in [answer_links]",
        ) from None
    if len(key) < LEAST_KEY_BYTES:
        raise UsageError(
            f"{path} holds no key", remedy="delete it; the next start makes another, and old links are void"
        )
    return key
