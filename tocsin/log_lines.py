"""How the lines of a running service look on stderr: UTC time, who speaks, what; warnings only unless asked for more."""

from __future__ import annotations

import logging
import sys
import time

#: Packages whose quieter words --verbose brings out; those of libraries stay out.
_OURS = ("tocsin", "pipelines", "connectors", "alerts", "schemas")


def set_up_log_lines(speaker: str, *, verbose: bool) -> None:
    """Send log records of this process to stderr as lines of ``speaker``."""
    formatter = logging.Formatter(f"%(asctime)sZ {speaker:<10} %(levelname)-7s %(message)s", "%Y-%m-%d %H:%M:%S")
    formatter.converter = time.gmtime
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    for name in _OURS:
        logging.getLogger(name).setLevel(logging.INFO if verbose else logging.WARNING)
