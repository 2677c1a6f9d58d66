"""Two folders change places in one step, so that whoever reads sees the one or the other and never both or neither.

`renameat2(2)` with RENAME_EXCHANGE, of Linux 3.15 and glibc 2.28; ext4, XFS, Btrfs, tmpfs and overlayfs have it, NFS has not.
"""

from __future__ import annotations

import ctypes
import errno
import os
from pathlib import Path

_AT_FDCWD, _EXCHANGE = -100, 2  # from <fcntl.h> and <linux/fs.h>
#: What a system says that has no such call, or not for these folders.
_UNABLE = frozenset({errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.EXDEV})


class ExchangeUnsupportedError(OSError):
    """This system or file system cannot do it."""


def exchange_folders(one: Path, other: Path) -> None:
    """Let ``one`` and ``other``, which both exist, change places.

    :raises ExchangeUnsupportedError: they cannot here. :raises OSError: they could, and it failed.
    """
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError) as error:
        raise ExchangeUnsupportedError(errno.ENOSYS, "the system has no renameat2") from error
    if rename(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), ctypes.c_uint(_EXCHANGE)) == 0:
        return
    number = ctypes.get_errno()
    kind = ExchangeUnsupportedError if number in _UNABLE else OSError
    raise kind(number, os.strerror(number), str(one), None, str(other))
