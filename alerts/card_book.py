"""The cards of all articles that can still count, by article and by hour of event time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from alerts.cards import Card


class CardBook:
    """A card for each article; a later revision takes the place of the one before, and has its event time."""

    def __init__(self, cards: Iterable[Card] = ()) -> None:
        self._hours: dict[int, dict[str, Card]] = {}
        self._hour_of: dict[str, int] = {}
        for card in cards:
            self.put(card)

    def __iter__(self) -> Iterator[Card]:
        """Yield every card, hour by hour in the order the hours came."""
        for of_hour in self._hours.values():
            yield from of_hour.values()

    def __len__(self) -> int:
        return len(self._hour_of)

    def __contains__(self, article_id: str) -> bool:
        return article_id in self._hour_of

    def __getitem__(self, article_id: str) -> Card:
        return self._hours[self._hour_of[article_id]][article_id]

    def get(self, article_id: str) -> Card | None:
        """Return the card of an article; None where there is none."""
        hour = self._hour_of.get(article_id)
        return None if hour is None else self._hours[hour][article_id]

    def put(self, card: Card) -> None:
        """Keep ``card``, in place of the one of the same article."""
        if self._hour_of.setdefault(card.article_id, card.hour) != card.hour:
            raise ValueError(f"article {card.article_id} has another event time than before")
        of_hour = self._hours.get(card.hour)
        if of_hour is None:
            of_hour = self._hours[card.hour] = {}
        of_hour[card.article_id] = card

    def of_hour(self, hour: int) -> Iterable[Card]:
        """Return the cards of one hour of event time, in the order they came."""
        return self._hours.get(hour, {}).values()

    def forget_before(self, hour: int) -> None:
        """Drop the cards of hours below ``hour``."""
        for old in [h for h in self._hours if h < hour]:
            for article_id in self._hours.pop(old):
                del self._hour_of[article_id]
