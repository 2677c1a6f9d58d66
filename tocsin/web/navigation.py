"""The pages people choose from, in the order shown: path and name. A new page is a line here and a file in ``pages``."""

from __future__ import annotations

NAVIGATION: tuple[tuple[str, str], ...] = (
    ("/", "Now"),
    ("/alerts", "Alerts"),
    ("/watches", "Watches"),
    ("/rules", "Rules"),
    ("/why", "Why not?"),
    ("/feeds", "Feeds"),
    ("/dead-letters", "Dead letters"),
    ("/audit", "Audit"),
)
