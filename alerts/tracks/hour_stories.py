"""Which stories began in an hour, of which volume each is, and which feeds brought them. Articles in, numbers by row out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from alerts.tracks.counting import KeyedArticles
from alerts.tracks.feed_shares import SHARED
from alerts.tracks.layers import Layers

#: What a key's articles amount to in an hour, by row and feed.
ByFeed = dict[int, dict[str, int]]

#: Of which volume a story of a key is that begins with an article, given both: see :mod:`alerts.tracks.joining`.
VolumeOf = Callable[[str, str], int]


def stories_that_count(
    articles: KeyedArticles, rows: Mapping[str, int], hour: int, volumes: int, volume_of: VolumeOf
) -> Sequence[ByFeed]:
    """Return, by volume and by row of every key with an article in ``hour``, how many stories began there, by feed."""
    found: list[ByFeed] = [{} for _ in range(volumes)]
    for key in articles.keys_in(hour):
        row, entries = rows[key], articles.by_key[key].of_hour(hour)
        first = found[0][row] = {}
        for entry in entries:
            if not entry.leads:
                continue
            leader, feed = entry.place[1], entry.feed_id
            if len(entries) > 1 and any(e.story == leader and e.feed_id != feed for e in entries):
                feed = SHARED
            volume = volume_of(key, leader) if volumes > 1 else 0
            by_feed = found[volume].setdefault(row, {}) if volume else first
            by_feed[feed] = by_feed.get(feed, 0) + 1
    return found


def stories_in_shadow(
    layers: Layers, rows: Mapping[str, int], hour: int, volumes: int, volume_of: VolumeOf
) -> Sequence[Sequence[tuple[int, Sequence[str]]]]:
    """Return, by volume, (row, feeds) of each story that began in ``hour`` and that only feeds in shadow carried."""
    found: list[list[tuple[int, Sequence[str]]]] = [[] for _ in range(volumes)]
    for key, leader, feeds in layers.new_stories(hour):
        found[volume_of(key, leader)].append((rows[key], feeds))
    return found
