"""Every choice a person may ask about, as an enum whose value is the word shown to people and stored in records."""

from enum import StrEnum
from typing import Self


class ArticleStatus(StrEnum):
    """Whether the publisher still stands by the article; leaving the feed is not withdrawal."""

    LIVE = "live"
    WITHDRAWN = "withdrawn"


class EventTimeReason(StrEnum):
    """Why ``event_time`` is what it is."""

    PUBLISHED = "published"  # as the publisher claimed
    MISSING = "missing"  # undated, but the previous successful poll lacked it: the time it was first seen
    FUTURE_CLAMPED = "future_clamped"  # claimed later than it was seen: the time it was first seen
    BACKFILL = "backfill"  # undated and perhaps old: never counted
    ARCHIVE = "archive"  # imported history: as the archive says


class CutReason(StrEnum):
    """Why a text is shorter than what the publisher sent."""

    RECORD_LIMIT = "record_limit"  # the record would be over 1 MiB
    CHARACTERS = "characters"  # characters no record can carry (lone surrogates, NUL) were replaced


class PageMiss(StrEnum):
    """Why an item has no text from the page behind its link; the value is what people read."""

    NO_LINK = "no link"
    ROBOTS = "robots.txt forbids it"
    ROBOTS_UNKNOWN = "its robots.txt cannot be had"
    UNREACHABLE = "the page cannot be had"
    NO_PAGE = "no web page"  # a film, a PDF
    NO_TEXT = "no text found in it"
    SHORTER = "no longer than what the feed has"  # a wall of consent or payment
    NO_TIME = "too many at once"


class FeedState(StrEnum):
    """The state of a feed that a person reads."""

    NEW = "new"  # never polled with success
    OK = "ok"
    FAILING = "failing"
    PAUSED = "paused"  # by an operator
    MUTED = "muted"  # gone for good (410 twice)
    SILENT = "silent"  # answers, but brings nothing for far longer than it ever did
    REMOVED = "removed"


class Tone(StrEnum):
    """How the parties of a sentence meet."""

    COOPERATION = "cooperation"
    CONFLICT = "conflict"
    NEUTRAL = "neutral"


class Prominence(StrEnum):
    """How central an actor or a pair is to its article."""

    TITLE = "title"
    MAIN = "main"
    MENTION = "mention"


class LanguageSupport(StrEnum):
    """How much extraction can do for a language."""

    FULL = "full"  # actors, pairs, tone, topics, entities
    NAMES = "names"  # names of countries, demonyms and main officials
    NONE = "none"  # keywords only


class EventKind(StrEnum):
    """What happened in the life of an alert or a rule."""

    PENDING = "pending"  # a crossing that must last before it opens; no alert yet, nobody is told
    SUBSIDED = "subsided"  # a pending crossing ended before its time
    OPENED = "opened"
    ESCALATED = "escalated"
    REMINDED = "reminded"  # still open after as long as the rule says
    UPDATED = "updated"
    RESOLVED = "resolved"
    RETRACTED = "retracted"
    BLIND = "blind"
    SIGHTED = "sighted"
    RULE_READY = "rule_ready"
    RULE_REMOVED = "rule_removed"
    OVERFLOW = "overflow"
    ENGINE_CHANGED = "engine_changed"
    EXTRACTOR_CHANGED = "extractor_changed"


class EventReason(StrEnum):
    """Why an event of the ledger was written."""

    CROSSED = "crossed"  # the score and every floor were reached
    LEARNING = "learning"  # crossed while normal is not yet known
    AT_ACTIVATION = "at_activation"  # already over the threshold when the rule took over
    SCHEDULE_BEGAN = "schedule_began"  # over the threshold already when the hours began in which the rule may ring
    COOLDOWN_ENDED = "cooldown_ended"  # crossed late in the cool-down and not over when it ended
    OUTSIDE_SCHEDULE = "outside_schedule"  # the hours in which the rule may ring ended
    NOT_LONG_ENOUGH = "not_long_enough"  # a window of the stretch that `for` asks for did not cross
    STILL_OPEN = "still_open"
    TWICE_AS_MANY = "twice_as_many"  # the count doubled since the last event
    GRAVER = "graver"  # what a graver severity of the rule asks for was reached
    BACK_TO_NORMAL = "back_to_normal"
    EVIDENCE_CHANGED = "evidence_changed"  # edited or withdrawn articles
    LATE_EVIDENCE = "late_evidence"  # articles that came late belong to the window it opened on
    EVIDENCE_GONE = "evidence_gone"  # the crossing no longer holds
    COVERAGE_LOST = "coverage_lost"
    COVERAGE_BACK = "coverage_back"
    WARMED = "warmed"  # a rule has read its history and takes over
    RULE_REMOVED = "rule_removed"
    INTO_THE_SHADOW = "into_the_shadow"  # the rule only records from here on
    TOO_MANY_KEYS = "too_many_keys"
    TOO_MANY_OPEN = "too_many_open"
    ENGINE_CHANGED = "engine_changed"
    EXTRACTOR_CHANGED = "extractor_changed"


class Severity(StrEnum):
    """How loudly a rule rings, weakest first."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    CRITICAL = "critical"


class DropReason(StrEnum):
    """Why a record was left out on purpose; each is counted."""

    DUPLICATE = "duplicate"
    UNCHANGED = "unchanged"
    TOO_LATE = "too_late"
    SKIPPED_BY_OPERATOR = "skipped_by_operator"


class DeadLetterReason(StrEnum):
    """Why a record could not be handled and was put aside."""

    NOT_JSON = "not_json"
    BROKEN_RECORD = "broken_record"
    TOO_LARGE = "too_large"
    EXTRACTION_FAILED = "extraction_failed"
    HOSTILE_TEXT = "hostile_text"
    DECIDING_FAILED = "deciding_failed"


class DeliveryStatus(StrEnum):
    """Where one (alert event, receiver) stands; the last four are ends."""

    PENDING = "pending"
    HELD = "held"  # told later on purpose: quiet hours, a group that waits, a digest, an escalation
    RETRYING = "retrying"
    DELIVERED = "delivered"
    SUPERSEDED = "superseded"  # a newer event of the same alert was sent instead
    DEAD = "dead"  # refused for good, or out of attempts
    SUPPRESSED = "suppressed"  # by a recorded reason (resolved before it could be sent, mode, limit)


class DeliveryReason(StrEnum):
    """Why a delivery ended other than by being delivered."""

    SHADOW = "shadow"  # the rule only tries itself
    ADDED_LATE = "added_late"  # late articles were added to what was told: the next event of the alert tells it
    NOT_YET = "not_yet"  # a crossing that must last before it rings
    SERVICE_EVENT = "service_event"  # of the service rather than of the news; this receiver did not ask for those
    BELOW_SEVERITY = "below_severity"  # weaker than what this receiver asked for
    OTHER_LABELS = "other_labels"  # this receiver asked for other labels
    ALREADY_RESOLVED = "already_resolved"  # over before it could be told
    NEVER_TOLD = "never_told"  # the end of an alert whose opening this receiver never heard of
    NEWER_EVENT = "newer_event"  # a newer event of the same alert is told instead
    WHILE_AWAY = "while_away"  # told in the one message about what happened while nobody could be reached
    REFUSED = "refused"  # the receiver will never take it
    OUT_OF_ATTEMPTS = "out_of_attempts"
    OUT_OF_TIME = "out_of_time"
    NO_SUCH_RECEIVER = "no_such_receiver"  # no longer in the settings
    NOT_ROUTED = "not_routed"  # the routes lead it to others
    MUTED = "muted"  # a route that tells nobody
    SILENCED = "silenced"  # somebody asked for silence
    ACKNOWLEDGED = "acknowledged"  # somebody cares for it: no correction, repeat or escalation is told
    INHIBITED = "inhibited"  # a graver alert that explains it is open
    TOO_MANY = "too_many"  # over what this receiver wants in a stretch of time
    QUIET_HOURS = "quiet_hours"  # of this receiver
    GROUP_WAIT = "group_wait"  # it waits for others of its group
    ESCALATION = "escalation"  # told later, unless somebody acknowledges it before
    TOLD_TOGETHER = "told_together"  # in one message with others; the message id leads to it
    RESTORED = "restored"  # from a backup: it may have been told since that was made
    SAME_STORIES = "same_stories"  # told under a stronger key that counts mostly the same articles


class SourceKind(StrEnum):
    """Who stands behind a publisher.

    Public, private and community media are the mix of UNESCO's Media Development Indicators (2008, category 2); state and
    party media, news agencies and the sites of governments and bodies themselves are told apart from them, because
    readers weigh them otherwise.
    """

    STATE = "state"  # owned and steered by a government
    PUBLIC = "public"  # public service, editorially independent
    PRIVATE = "private"  # commercial
    PARTY = "party"  # of a party or movement
    COMMUNITY = "community"  # non-profit, run by those it serves
    WIRE = "wire"  # a news agency whose copy others print
    OFFICIAL = "official"  # a government, army or body speaking for itself

    @classmethod
    def named(cls, word: object) -> Self | None:
        """Return the kind that somebody's data calls ``word``; None where it is none of these."""
        return next((kind for kind in cls if kind.value == str(word).strip().lower()), None)


class Judgement(StrEnum):
    """What people made of an alert once it was over."""

    USEFUL = "useful"
    NOISE = "noise"
    UNDONE = "undone"  # the verdict before was a mistake: there is none


class MessageKind(StrEnum):
    """What a message to people is about."""

    ALERT = "alert"
    WHILE_AWAY = "while_away"  # one message for all that is too old to be told one by one
    DIGEST = "digest"  # one message for what was held back: a group, quiet hours, the rest over a limit
    ACKNOWLEDGED = "acknowledged"  # somebody cares for an alert: for machines that keep incidents
    SERVICE = "service"  # the watch itself: it stands still, or a receiver cannot be reached
    TEST = "test"
