"""What `tocsin run` says of feeds that cannot make a spike ring, because one publisher stands behind them all."""

from __future__ import annotations

from pathlib import Path

import pytest

from tocsin.service import too_few_publishers
from tocsin.settings import FILE_NAME, load_workplace

ONE = '[[feeds]]\nid = "one"\nurl = "https://one.example/rss"\n'
SAME = '[[feeds]]\nid = "two"\nurl = "https://one.example/more"\nsource = "one"\n'
OTHER = '[[feeds]]\nid = "three"\nurl = "https://three.example/rss"\n'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (ONE, True),
        (ONE + SAME, True),
        (ONE + SAME + OTHER, False),
        (ONE + '[[folders]]\nid = "in"\npath = "in"\n', False),
        ("", False),
    ],
)
def test_one_publisher_is_told(tmp_path: Path, text: str, told: bool) -> None:
    (tmp_path / FILE_NAME).write_text(text)
    words = too_few_publishers(load_workplace(tmp_path).settings)
    assert ("one publisher" in words) is told
