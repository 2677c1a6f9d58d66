"""Secrets by reference: the settings name an environment variable or a file, never the secret itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from schemas.errors import UsageError

#: More than this is no secret but the wrong file.
_LARGEST_SECRET_BYTES = 65_536


@dataclass(frozen=True)
class SecretReference:
    """Where a secret lies. ``key`` is the name of the setting without ``_env`` or ``_file``; errors repeat it."""

    receiver: str
    key: str
    env: str | None
    file: Path | None

    def read(self, environ: Mapping[str, str]) -> str:
        """Return the secret without blanks around it.

        :raises UsageError: the variable is not set, the file cannot be read, or it is empty; no part of a secret is told.
        """
        if self.env is not None:
            place = f"environment variable {self.env}, named by {self.key}_env"
            found = environ.get(self.env)
            if found is None:
                raise self._error(f"{place}, is not set", f"set {self.env} before the start")
        else:
            place = f"file {self.file}, named by {self.key}_file"
            found = self._from_file(place)
        secret = found.strip()
        if not secret:
            raise self._error(f"{place}, is empty", "put the secret there")
        if any(ord(character) < 32 or ord(character) == 127 for character in secret):
            raise self._error(
                f"{place}, holds several lines or control characters", "put the secret there, and only it"
            )
        return secret

    def _from_file(self, place: str) -> str:
        assert self.file is not None
        try:
            with self.file.open("rb") as stream:
                raw = stream.read(_LARGEST_SECRET_BYTES + 1)
            if len(raw) > _LARGEST_SECRET_BYTES:
                raise self._error(f"{place}, is far too large for a secret", "name the right file")
            return raw.decode()
        except UnicodeDecodeError:
            # "from None": the error itself would quote bytes of the secret.
            raise self._error(f"{place}, is not text", "name the right file") from None
        except OSError as error:
            remedy = "make the file, and let this user read it"
            raise self._error(f"{place}, cannot be read: {error.strerror}", remedy) from error

    def _error(self, what: str, remedy: str) -> UsageError:
        return UsageError(f'receiver "{self.receiver}": {what}', remedy=remedy)
