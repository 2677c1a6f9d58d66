"""The account a server runs under: PostgreSQL refuses root, so root lends its processes to an unprivileged user."""

from __future__ import annotations

import os
import pwd
import stat
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

#: Gives up root, then becomes the command; dies with the test run, however that ends (Linux; SIGINT stops PostgreSQL fast).
_BECOME = """\
import ctypes, os, sys
uid, gid = int(sys.argv[1]), int(sys.argv[2])
libc = ctypes.CDLL(None)
if os.getuid() == 0 != uid:
    os.setgroups([]); os.setgid(gid); os.setuid(uid)
if sys.platform == "linux":
    libc.prctl(1, 2)
os.execv(sys.argv[3], sys.argv[3:])
"""


@dataclass(frozen=True)
class Account:
    """Whom the server's processes belong to."""

    uid: int
    gid: int

    def command(self, *command: str | Path) -> list[str]:
        """Return ``command`` as it is to be started by us to run under this account."""
        return [sys.executable, "-c", _BECOME, str(self.uid), str(self.gid), *map(str, command)]

    def run(self, command: Sequence[str | Path], folder: Path) -> subprocess.CompletedProcess[str]:
        """Run ``command`` under this account in ``folder`` and return what it said; its exit code is not checked."""
        environment = {"PATH": os.defpath, "LC_ALL": "C", "HOME": str(folder), "TZ": "UTC"}
        return subprocess.run(
            self.command(*command),
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def own(self, path: Path) -> None:
        """Give ``path`` to this account."""
        if os.getuid() != self.uid:
            os.chown(path, self.uid, self.gid)


def unprivileged_account() -> Account:
    """Return the account of this process; for root that of ``postgres`` or ``nobody``."""
    if os.getuid() != 0:
        return Account(os.getuid(), os.getgid())
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise LookupError("this machine has neither a user postgres nor a user nobody")


def open_folder(prefix: str, account: Account) -> Path:
    """Return a new folder of ``account`` that it can reach: a private TMPDIR of root would be closed to it."""
    for parent in (Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp"), Path("/dev/shm")):
        if parent.is_dir() and (account.uid == os.getuid() or _open_to_all(parent)):
            folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent.resolve()))
            account.own(folder)
            return folder
    raise LookupError("no temporary folder is open to an unprivileged user")


def _open_to_all(folder: Path) -> bool:
    path = folder.resolve()
    return all(part.stat().st_mode & stat.S_IXOTH for part in (path, *path.parents))
