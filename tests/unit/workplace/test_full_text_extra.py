"""A feed that asks for its full text without the packages for it: nothing starts, and the remedy is told."""

from __future__ import annotations

import importlib.util
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from schemas.errors import UsageError
from tocsin.service import check_feeds
from tocsin.settings import Workplace, parse_settings

FEEDS = """
[[feeds]]
id = "plain"
url = "https://news.example/rss"
[[feeds]]
id = "daily"
url = "https://news.example/rss"
full_text = {wanted}
"""


def test_what_is_missing_is_told_before_anything_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec

    def without(name: str, package: str | None = None) -> ModuleSpec | None:
        return None if name == "lxml_html_clean" else found(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", without)
    asking = Workplace(folder=Path(), settings=parse_settings(FEEDS.format(wanted="true"), "tocsin.toml", {}))
    with pytest.raises(UsageError, match='feed "daily": full_text needs the package lxml_html_clean'):
        check_feeds(["poll"], asking)
    check_feeds(["notify"], asking)
    check_feeds(
        ["poll"], Workplace(folder=Path(), settings=parse_settings(FEEDS.format(wanted="false"), "tocsin.toml", {}))
    )
