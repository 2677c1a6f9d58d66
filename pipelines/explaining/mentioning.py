"""Whether an article that was never extracted speaks, by its words, of what a rule counts."""

from __future__ import annotations

from alerts.rules.match import compile_watch
from alerts.rules.model import ActorSet, NamedActors, Rule, WatchKind
from alerts.rules.shortfall import NameOf
from schemas.article import Article
from schemas.signal import Signal


def mentions(rule: Rule, article: Article, name_of: NameOf = str) -> bool:
    """Tell whether the names of the rule's actors, or its keywords, stand in ``article``; a wildcard is met by anything."""
    text = f"{article.title}\n\n{article.summary}\n\n{article.text}"
    watch = rule.watch
    if watch.kind is WatchKind.KEYWORDS:
        bare = watch.model_copy(update={"pair": None, "actor": None, "topics": None, "tone": None})
        plain = Signal(
            article_id=article.article_id,
            revision=article.revision,
            revised_at=article.revised_at,
            source=article.source,
            feed_id=article.feed_id,
            title=article.title,
            text=text,
            language=article.language,
            observed_at=article.observed_at,
            event_time=article.event_time,
            event_time_reason=article.event_time_reason,
            extractor_version="none",
        )
        return bool(compile_watch(rule.model_copy(update={"watch": bare})).hits(plain))
    sides: tuple[ActorSet, ...] = ()
    if watch.pair is not None:
        sides = (watch.pair.one, watch.pair.other)
    elif watch.actor is not None:
        sides = (watch.actor.any,) if watch.actor.any else ()
    named = [ids for side in sides if (ids := _ids(side))]
    folded = text.casefold()
    return bool(named) and all(any(name_of(actor).casefold() in folded for actor in ids) for ids in named)


def _ids(side: ActorSet) -> tuple[str, ...]:
    """Return the actors named on a side; none where anybody of some kind will do."""
    return tuple(a for choice in side if isinstance(choice, NamedActors) for a in choice.ids)
