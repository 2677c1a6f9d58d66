"""What a person answered → the files of a new folder, with comments that teach. Pure: it neither asks nor writes."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from alerts.rules.directory import ActorDirectory
from alerts.rules.load import load_rules
from alerts.rules.model import WatchKind
from alerts.rules.short_watch import short_watch
from schemas.latin_letters import in_latin
from tocsin.feed_tables import feed_id_for, feed_table
from tocsin.settings import FILE_NAME, parse_settings
from tocsin.toml_text import TomlValue, quoted, toml_table, toml_value

#: Where the rule and the actors of one's own go, seen from the folder.
RULE_FILE = "rules/watch.yaml"
ACTOR_FILE = "actors/own.yaml"
#: Keeps data out of a repository of one's own; one that is there already is left as it is.
IGNORE_FILE = ".gitignore"


@dataclass(frozen=True)
class NewFeed:
    """A feed to read. ``title`` is what the document calls itself, empty where nobody looked."""

    url: str
    title: str = ""


@dataclass(frozen=True)
class Answers:
    """Everything the files are made of. ``receiver`` holds the keys of a ``[[receivers]]`` besides the console."""

    watch: str
    feeds: Sequence[NewFeed] = ()
    receiver: Mapping[str, TomlValue] = field(default_factory=dict)
    allow_addresses: Sequence[str] = ()


def files_for(answers: Answers, names: ActorDirectory, topics: Collection[str]) -> dict[str, str]:
    """Return the text of each file by its path in the folder, the settings last; all of them are checked.

    :raises UsageError: a feed or a receiver that the settings refuse.
    :raises RulesError: a watch that is none.
    """
    rules = rules_text(answers.watch, names, topics)
    load_rules(rules, RULE_FILE, names, topics=topics)
    settings = settings_text(answers)
    parse_settings(settings, FILE_NAME, {})
    return {ACTOR_FILE: _ACTORS, RULE_FILE: rules, IGNORE_FILE: "data/\ntocsin.lock\n", FILE_NAME: settings}


def rules_text(watch: str, names: ActorDirectory, topics: Collection[str]) -> str:
    """Return a rule file with one rule of ``watch`` (short form) and what else could be written there."""
    kind = short_watch(watch, names, topics=topics).kind
    return _RULES.format(name=rule_name(watch), watch=watch_in_file(watch, kind))


def rule_name(watch: str) -> str:
    """Return a name for a rule of ``watch``: ``Azerbaijan & Türkiye`` → ``azerbaijan-turkiye``."""
    words = re.findall(r"[a-z0-9_]+", in_latin(watch))
    if words and words[0] in ("keyword", "topic"):
        words = words[1:]
    return "-".join(words)[:60].strip("-_") or "first-watch"


def watch_in_file(watch: str, kind: WatchKind) -> str:
    """Return ``watch`` (short form, of ``kind``) as it stands in a rule file: ``{pair: ["Azerbaijan", "Russia"]}``."""
    bare = watch.strip()
    if bare.startswith("{"):
        return " ".join(bare.split())
    head, _, rest = bare.partition(":")
    if head in ("keyword", "topic"):
        return f"{{{'keywords' if head == 'keyword' else 'topics'}: {quoted(rest.strip())}}}"
    sides = [side.strip() for side in bare.split("&")]
    if kind is WatchKind.PAIR and len(sides) == 2:
        return f"{{pair: [{quoted(sides[0])}, {quoted(sides[1])}]}}"
    return f"{{{'pair' if kind is WatchKind.PAIR else 'actor'}: {quoted(bare)}}}"


def settings_text(answers: Answers) -> str:
    """Return the settings file."""
    parts = [_SETTINGS]
    if answers.allow_addresses:
        parts.append(f"allow_addresses = {toml_value(answers.allow_addresses)}\n")
    else:
        parts.append(_PRIVATE_NETWORKS)
    parts.append(_FEEDS_HEAD)
    parts.extend(
        feed_table(feed_id, feed.url, name=feed.title)
        for feed, feed_id in zip(answers.feeds, feed_ids(answers), strict=True)
    )
    parts.append(_FEED_EXAMPLE if not answers.feeds else "")
    parts.append(_RECEIVERS)
    if answers.receiver:
        parts.append("\n" + toml_table("receivers", answers.receiver))
    else:
        parts.append(_RECEIVER_EXAMPLES)
    return "".join(parts)


def feed_ids(answers: Answers) -> list[str]:
    """Return an id for each feed, made of its host; a second feed of one host gets a number."""
    ids: list[str] = []
    for feed in answers.feeds:
        ids.append(feed_id_for(feed.url, ids))
    return ids


_SETTINGS = """\
# The settings of this folder. A key that is unknown or wrong is named, with its line, when a command starts.
# Every key may also come from the environment: TOCSIN_LOG, TOCSIN_WEB__PORT, …  docs/settings.md lists them all.

# Where things are kept. These are the defaults, files in this folder; one server: kafka://HOST:9092 and
# postgresql://USER@HOST/NAME (the password by PGPASSWORD or a pgpass file).
#log = "sqlite:///data/log.sqlite"
#store = "sqlite:///data/store.sqlite"

# What to watch, and actors of your own.
rules = ["rules/*.yaml"]
actors = ["actors/*.yaml"]
"""

_PRIVATE_NETWORKS = """
# Feeds are read from public addresses only. To read one inside your own network:
#allow_addresses = ["10.1.0.0/16"]
"""

_FEEDS_HEAD = """
# Feeds: RSS, Atom, JSON Feed or news sitemaps. `id` is yours to choose and keeps the place in the feed when its address
# changes. Worth adding:
#   name = "…"         the publisher as people know it
#   source = "…"       the same for several feeds of one publisher: an article in two of them counts once
#   country = "GBR"    where it sits, three letters; rules can ask for publishers of several countries
#   kind = "state"     who stands behind it: state, public, private, party, community, wire (an agency) or official
#   group = "…"        outlets of one owner or agency: they count as one publisher
#   interval = "15m"   time between polls (default: by the feed's own rhythm)
"""

_FEED_EXAMPLE = """
#[[feeds]]
#id = "example"
#url = "https://example.org/news.rss"
"""

_RECEIVERS = """
# Receivers: who is told, and how. A secret never stands here: name an environment variable (…_env) or a file (…_file).
#   min_severity = "high"            only alerts as loud as this (low, normal, high, critical)
#   labels = { desk = "caucasus" }   only alerts of rules with these labels
#   service_events = true            also hear of feeds that fail and rules that became ready
[[receivers]]
type = "console"
name = "console"
"""

_RECEIVER_EXAMPLES = """
#[[receivers]]
#type = "webhook"
#name = "desk"
#url = "https://example.org/hooks/tocsin"
#secret_env = "TOCSIN_HOOK_SECRET"   # signs each message, after Standard Webhooks

#[[receivers]]
#type = "ntfy"
#name = "phone"
#topic_env = "NTFY_TOPIC"            # whoever knows the topic can read it

#[[receivers]]
#type = "email"
#name = "mail"
#host = "smtp.example.org"
#sender = "tocsin@example.org"
#to = ["desk@example.org"]
#user = "tocsin"
#password_file = "/run/secrets/smtp"
"""

_RULES = """\
# What to watch, and when to ring. After a change:
#   tocsin rules check        says what is wrong, by line
#   tocsin rules match NAME   shows the headlines it finds, without any history
#   tocsin rules apply        puts the rules into force
rules:
  - name: {name}
    # What is counted. Several parts are joined by "and":
    #   {{pair: [Azerbaijan, Russia]}}       two actors that meet in a sentence, either way
    #   {{pair: {{from: Russia, to: "*"}}}}    one acts on anybody; one count for each partner
    #   {{actor: SOCAR}}                     an actor of the article
    #   {{keywords: {{any: [TRIPP, "Zangezur corridor"], none: [football]}}}}
    #   {{topics: peace_talks, tone: conflict}}
    watch: {watch}
    # When it rings; any one of several is enough. "spike" learns what is normal for this watch, hour by hour, and rings
    # when the count is far above it: at least 4 stories, 3 publishers and twice the expectation, unless you say otherwise.
    when:
      - spike: {{sensitivity: normal}}     # high rings sooner and more often, low later
      #- threshold: {{count: 3, within: 24h}}
      #- new: {{quiet_for: 90d, confirm: {{stories: 2, publishers: 2, within: 48h}}}}
    severity: normal                     # low, normal, high, critical
    #labels: {{desk: caucasus}}            # receivers can ask for labels
"""

_ACTORS = """\
# Actors of your own, beside the built-in states, bodies, groups and officials. An entry with the id of a built-in actor
# adds names to it. Remove the # signs to begin; `tocsin rules check` says what is wrong here too.
#
#actors:
#  - id: CASPIANWIND          # how rules and alerts call it
#    name: Caspian Wind
#    type: company            # a company is never counted as its country
#    country: AZE
#    aliases:
#      - Caspian Wind Holding
#      - {text: CWH, case: true, unless: [hospital]}   # only as written, and not near these words
#  - id: TOTALENERGIES         # built in: this adds to it
#    officials:
#      - {name: Patrick Pouyanné, role: chief executive, from: 2014-10-22}
#
# Phrases in which nobody is named:
#stop: ["Baku Street"]
"""
