"""The files of a new folder: whatever was answered, the loaders of settings, rules and actors accept them."""

from __future__ import annotations

import tomllib

import pytest

from alerts.rules.load import RulesError, load_rules
from alerts.rules.model import WatchKind
from pipelines.actor_directory import actor_directory
from pipelines.extraction.actors.actor_yaml import read_actor_file
from pipelines.extraction.topics import topic_ids
from schemas.errors import UsageError
from tocsin.new_workplace import ACTOR_FILE, RULE_FILE, Answers, NewFeed, files_for, rule_name
from tocsin.settings import FILE_NAME, Settings, parse_settings
from tocsin.toml_text import TomlValue

NAMES = actor_directory()
TOPICS = topic_ids()


def settings_of(answers: Answers) -> Settings:
    return parse_settings(files_for(answers, NAMES, TOPICS)[FILE_NAME], FILE_NAME, {})


def uncommented(text: str) -> str:
    """Return ``text`` with the examples in its comments switched on; comments in prose stay comments."""
    examples = ("#[[", "#id", "#url", "#type", "#name", "#secret_env", "#topic_env", "#host", "#sender", "#to =",
                "#user", "#password_file", "#allow_addresses", "#log", "#store")  # fmt: skip
    return "\n".join(line.removeprefix("#") if line.startswith(examples) else line for line in text.splitlines())


@pytest.mark.parametrize(
    ("watch", "kind", "name", "key"),
    [
        ("Azerbaijan & Russia", WatchKind.PAIR, "azerbaijan-russia", "AZE-RUS"),
        ("AZE>*", WatchKind.PAIR, "aze", "AZE>*"),
        ("AZE-RUS", WatchKind.PAIR, "aze-rus", "AZE-RUS"),
        ("SOCAR", WatchKind.ACTOR, "socar", "SOCAR"),
        ("keyword:Zangezur corridor", WatchKind.KEYWORDS, "zangezur-corridor", "keyword:zangezur-corridor"),
        ("keyword:Зангезурский", WatchKind.KEYWORDS, "zangezurskiy", "keyword:zangezurskiy"),
        ("keyword:巴库", WatchKind.KEYWORDS, "first-watch", "keyword:first-watch"),
        ("topic:peace_talks", WatchKind.TOPIC, "peace_talks", "topic:peace_talks"),
        ("{pair: [Ukraine, {type: country, except: [Russia]}],\n tone: conflict}", WatchKind.PAIR, None, None),
        ('{keywords: {any: ["# no comment", \'quote " inside\']}}', WatchKind.KEYWORDS, None, None),
    ],
)  # fmt: skip
def test_a_watch_in_short_becomes_a_rule_that_counts_the_same(
    watch: str, kind: WatchKind, name: str | None, key: str | None
) -> None:
    from alerts.rules.short_watch import short_watch
    from alerts.rules.words import keys_of

    text = files_for(Answers(watch), NAMES, TOPICS)[RULE_FILE]
    (rule,) = load_rules(text, RULE_FILE, NAMES, topics=TOPICS).rules
    assert rule.watch == short_watch(watch, NAMES, topics=TOPICS)
    assert rule.watch.kind is kind
    assert name is None or rule.name == name
    assert key is None or keys_of(rule) == key


def test_a_watch_that_is_none_is_refused_with_what_looks_like_it() -> None:
    with pytest.raises(RulesError, match="Azerbaijan"):
        files_for(Answers("Azerbajan"), NAMES, TOPICS)


def test_feeds_of_one_host_get_ids_of_their_own_and_one_publisher() -> None:
    urls = ["https://www.example.org/a.rss", "https://example.org/b.rss", "http://other.example/feed?x=1#top"]
    settings = settings_of(
        Answers("SOCAR", [NewFeed(url, title) for url, title in zip(urls, ["A", "B", ""], strict=True)])
    )
    assert [feed.id for feed in settings.feeds] == ["example.org", "example.org-2", "other.example"]
    assert [feed.publisher.id for feed in settings.feeds] == ["example.org", "example.org", "other.example"]
    assert [feed.url for feed in settings.feeds] == urls


@pytest.mark.parametrize(
    "title", ['say "no"', "back\\slash", "line\u2028separator", "\x7fdel", "[[feeds]]", "# hash", "x" * 900]
)
def test_what_a_feed_calls_itself_cannot_break_the_file(title: str) -> None:
    settings = settings_of(Answers("SOCAR", [NewFeed("https://example.org/feed", title)]))
    assert [feed.name for feed in settings.feeds] == [title[:200]]
    assert [receiver.type for receiver in settings.receivers] == ["console"]


@pytest.mark.parametrize("url", ["example.org/feed", "ftp://example.org/feed", "https://[half", "https://a b/"])
def test_an_address_that_is_no_web_address_is_refused(url: str) -> None:
    with pytest.raises(UsageError):
        files_for(Answers("SOCAR", [NewFeed(url)]), NAMES, TOPICS)


def test_receiver_and_networks_come_back_as_they_were_given() -> None:
    mail: dict[str, TomlValue] = {"type": "email", "name": "mail", "host": "mail.example", "port": 25, "encryption": "none",
            "sender": "a@example.org", "to": ("b@example.org",)}  # fmt: skip
    settings = settings_of(Answers("SOCAR", receiver=mail, allow_addresses=("10.0.0.0/8",)))
    assert settings.allow_addresses == ("10.0.0.0/8",)
    (_, receiver) = settings.receivers
    assert {key: getattr(receiver, key) for key in mail} == mail


def test_the_examples_in_the_comments_are_right() -> None:
    files = files_for(Answers("SOCAR"), NAMES, TOPICS)
    switched_on = uncommented(files[FILE_NAME])
    settings = parse_settings(switched_on, FILE_NAME, {})
    assert len(settings.feeds) == 1
    assert {receiver.type for receiver in settings.receivers} == {"console", "webhook", "ntfy", "email"}
    assert len(tomllib.loads(switched_on)) == 7

    actors = "\n".join(line.removeprefix("#") for line in files[ACTOR_FILE].split("#\n", 1)[1].splitlines()
                       if not line.startswith("# P"))  # fmt: skip
    read, mistakes = read_actor_file(actors, ACTOR_FILE)
    assert mistakes == []
    assert [actor.id for actor in read.actors] == ["CASPIANWIND", "TOTALENERGIES"]
    assert read.stop == ("Baku Street",)

    rules = files[RULE_FILE].replace("#- ", "- ").replace("#labels", "labels")
    (rule,) = load_rules(rules, RULE_FILE, NAMES, topics=TOPICS).rules
    assert [detector.kind for detector in rule.when] == ["spike", "threshold", "new"]
    for line in files[RULE_FILE].splitlines():
        if line.lstrip().startswith("#   {"):
            watch = line.partition("#   ")[2].partition("       ")[0].partition("    ")[0]
            load_rules(f"rules:\n  - {{name: x, watch: {watch}, when: spike}}\n", "comment", NAMES, topics=TOPICS)


def test_names_of_rules_are_short_and_plain() -> None:
    assert rule_name("keyword:TRIPP") == "tripp"
    assert rule_name("x" * 200) == "x" * 60
    assert rule_name("***") == "first-watch"
    assert rule_name("keyword:Zəngəzur DƏHLİZİ") == "zengezur-dehlizi"
    assert rule_name("Türkiye & Co\u0302te d'Ivoire") == "turkiye-cote-d-ivoire"
    assert rule_name("keyword:Що далі, Київ?") == "shcho-dali-kiyiv"
