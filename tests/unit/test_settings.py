"""The settings file: every mistake at once, with its place; overridden by environment; secrets by reference; documented."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from schemas.errors import UsageError
from tocsin.settings import Settings, load_workplace, parse_settings
from tocsin.settings_page import PAGE, settings_page

ROOT = Path(__file__).resolve().parents[2]

WHOLE = """\
rules = ["desk/*.yaml"]  # ours

[[feeds]]
id = "one"
url = "https://one.example/rss"
interval = "1s"

[[feeds]]
id = "two"
url = "https://two.example/rss"

[[receivers]]
type = "console"
name = "screen"

[[receivers]]
type = "webhook"
name = "hook"
url = "https://hook.example/in"
secret_env = "HOOK_SECRET"

[receivers.labels]
desk = "caucasus"

[web]
port = 9000
"""


def parsed(text: str, environment: Mapping[str, str] | None = None) -> Settings:
    return parse_settings(text, "tocsin.toml", environment or {})


def mistakes(text: str, environment: Mapping[str, str] | None = None) -> list[str]:
    with pytest.raises(UsageError) as raised:
        parsed(text, environment)
    assert raised.value.exit_code == 2
    assert raised.value.remedy
    return raised.value.message.splitlines()


def test_a_whole_file_is_read() -> None:
    settings = parsed(WHOLE)
    assert settings.rules == ("desk/*.yaml",)
    assert [(feed.id, feed.interval) for feed in settings.feeds] == [
        ("one", timedelta(seconds=1)),
        ("two", None),
    ]
    assert [receiver.name for receiver in settings.receivers] == ["screen", "hook"]
    assert settings.receivers[1].labels == {"desk": "caucasus"}
    assert settings.web.port == 9000


def test_an_empty_file_has_every_default() -> None:
    assert parsed("") == Settings()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("rules =", "rule ="), "tocsin.toml:1: rule: unknown key; did you mean rules?"),
        (('id = "two"', 'ids = "two"'), "tocsin.toml:9: feeds.1.ids: unknown key; did you mean id?"),
        (
            ("secret_env", "secret_evn"),
            "tocsin.toml:20: receivers.1.webhook.secret_evn: unknown key; did you mean secret",
        ),
        (("port = 9000", "prot = 9000"), "tocsin.toml:26: web.prot: unknown key; did you mean port?"),
        (("port = 9000", "port = 90000"), "tocsin.toml:26: web.port: Input should be less than or equal to 65535"),
        (('"1s"', '"soon"'), 'tocsin.toml:6: feeds.0.interval: must be a duration like "90s"'),
        (('"1s"', '"0s"'), 'tocsin.toml:6: feeds.0.interval: must lie between "1s" and "1d"'),
        (('"two"', '"one"'), "tocsin.toml:3: feeds: the same id stands more than once: 'one' (sections 1, 2)"),
        (('"hook"', '"screen"'), "the same name stands more than once: 'screen' (sections 1, 2)"),
        (('type = "webhook"', 'type = "pigeon"'), "type is none of console, webhook, email, ntfy, slack"),
        (('type = "webhook"\n', ""), "tocsin.toml:16: receivers.1: the key type is missing: one of console, webhook"),
        (('url = "https://two.example/rss"', ""), "tocsin.toml:8: feeds.1.url: Field required"),
        (("[web]\n", "[wbe]\n"), "tocsin.toml:25: wbe: unknown key; did you mean web?"),
        (
            ("[web]\nport", "[web]\nxyzzy"),
            "tocsin.toml:26: web.xyzzy: unknown key; known here: host, identity_header, names, port",
        ),
    ],
)
def test_a_mistake_is_told_with_its_line_and_what_was_meant(change: tuple[str, str], told: str) -> None:
    assert change[0] in WHOLE
    found = mistakes(WHOLE.replace(*change))
    assert any(told in line for line in found), found


def test_all_mistakes_are_told_at_once() -> None:
    text = WHOLE.replace("rules =", "rule =").replace('"1s"', '"soon"').replace("port = 9000", "port = 0")
    found = mistakes(text, {"TOCSIN_ARTICLE_PARTITIONS": "many", "TOCSIN_STOER": "sqlite:///x"})
    assert len(found) == 5
    for place in (":1:", ":6:", ":26:", "TOCSIN_ARTICLE_PARTITIONS:", "TOCSIN_STOER:"):
        assert sum(place in line for line in found) == 1, (place, found)


def test_toml_that_cannot_be_read_names_the_line() -> None:
    assert "line 2" in mistakes("rules = []\nlog = sqlite\n")[0]


def test_what_the_environment_says_goes_before_the_file() -> None:
    said = {
        "TOCSIN_LOG": "kafka://kafka:9092",
        "TOCSIN_ARTICLE_PARTITIONS": "4",
        "TOCSIN_WEB__PORT": "8000",
        "TOCSIN_RULES": "a/*.yaml, b.yaml",
        "TOCSIN_ACTORS": "",
        "TOCSIN_PUBLIC_URL": "12345",
        "TOCSIN_HEARTBEAT__URL": "https://monitor.example/x",
    }
    settings = parsed(WHOLE, said)
    assert settings.log == "kafka://kafka:9092"
    assert settings.article_partitions == 4
    assert settings.web.port == 8000
    assert settings.rules == ("a/*.yaml", "b.yaml")
    assert settings.actors == ()
    assert settings.public_url == "12345", "digits stay text where text is wanted"
    assert settings.heartbeat.url == "https://monitor.example/x"


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("TOCSIN_ARTICLE_PARTITIONS", "0", "TOCSIN_ARTICLE_PARTITIONS: Input should be greater than or equal to 1"),
        ("TOCSIN_WEB__PRT", "1", "TOCSIN_WEB__PRT: names no key of the section [web], which has host, port, names"),
        ("TOCSIN_WEB", "1", "TOCSIN_WEB: names no key of the section [web]"),
        ("TOCSIN_LOG__FILE", "x", "TOCSIN_LOG__FILE: log is no section"),
        ("TOCSIN_FEEDS", "x", "TOCSIN_FEEDS: feeds can be told only by the file"),
        ("TOCSIN_RECEIVERS__NAME", "x", "receivers can be told only by the file"),
        ("TOCSIN_SNAPSHOT", "x", "TOCSIN_SNAPSHOT: unknown; did you mean TOCSIN_SNAPSHOTS?"),
    ],
)
def test_a_mistake_in_the_environment_names_the_variable(variable: str, value: str, told: str) -> None:
    (line,) = mistakes(WHOLE, {variable: value})
    assert line.startswith(told) or told in line


def test_variables_of_others_are_left_alone() -> None:
    others = {"TOCSIN_PYTHON": "/usr/bin/python3", "TOCSIN_PASSWORD": "x", "TOCSIN_NTFY_TOKEN": "x", "HOME": "/"}
    assert parsed(WHOLE, others) == parsed(WHOLE)


def test_a_secret_in_the_file_is_refused_and_not_repeated() -> None:
    text = WHOLE.replace('secret_env = "HOOK_SECRET"', 'secret = "whsec_verysecret"')
    told = "\n".join(mistakes(text))
    assert "secret: unknown key; did you mean secret_env?" in told
    assert "verysecret" not in told


def test_the_password_of_the_store_comes_by_environment_only() -> None:
    address = "postgresql://tocsin:verysecret@db/tocsin"
    told = "\n".join(mistakes(f'store = "{address}"\n'))
    assert "tocsin.toml:1: store: the file must hold no password" in told
    assert "verysecret" not in told
    assert parsed("", {"TOCSIN_STORE": address}).store == address


def test_where_the_heartbeat_goes_is_said_once() -> None:
    both = '[heartbeat]\nurl = "https://a.example"\nurl_env = "URL"\n'
    assert "at most one of url, url_env, url_file" in mistakes(both)[0]


def test_a_folder_without_settings_says_how_to_make_them(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no tocsin\.toml") as raised:
        load_workplace(tmp_path)
    assert "tocsin init" in raised.value.remedy


def test_paths_start_at_the_folder(tmp_path: Path) -> None:
    (tmp_path / "tocsin.toml").write_text('store = "sqlite:///state/store.db"\n')
    workplace = load_workplace(tmp_path, {})
    assert workplace.url(workplace.settings.store) == f"sqlite:///{tmp_path}/state/store.db"
    assert workplace.path(Path("x")) == tmp_path / "x"
    assert workplace.path(Path("/x")) == Path("/x")


def test_the_page_about_the_settings_is_what_the_program_makes() -> None:
    assert (ROOT / PAGE).read_text(encoding="utf-8") == settings_page(), (
        f"the settings have changed: python -m tocsin.settings_page > {PAGE}"
    )


def test_folders_are_checked_with_feeds_and_by_their_map() -> None:
    folder = '[[folders]]\nid = "wire"\npath = "in"\n'
    feed = '[[feeds]]\nid = "wire"\nurl = "https://news.example/rss"\n'
    settings = parse_settings(folder, "tocsin.toml", {})
    assert [source.id for source in settings.sources] == ["wire"]
    for text, words in (
        (folder + feed, "a feed has the same id: wire"),
        (folder + folder, "the same id stands more than once"),
        (folder + 'map = "titel=x"', "did you mean title"),
        (folder + 'map = "title=x"\npreset = "gdelt"', "exclude each other"),
        (folder + 'tz = "Mars/Base"', "there is no zone 'Mars/Base'"),
        (folder + 'interval = "2d"', "must lie between"),
    ):
        with pytest.raises(UsageError, match=words):
            parse_settings(text, "tocsin.toml", {})


def test_the_endpoint_is_off_without_a_port_and_has_an_id_of_its_own() -> None:
    feed = '[[feeds]]\nid = "push"\nurl = "https://news.example/rss"\n'
    assert parse_settings("[push]\n", "tocsin.toml", {}).sources == ()
    assert [source.id for source in parse_settings("[push]\nport = 8766\n", "tocsin.toml", {}).sources] == ["push"]
    with pytest.raises(UsageError, match="a feed or folder has the same id: push"):
        parse_settings(f"{feed}[push]\nport = 8766\n", "tocsin.toml", {})
    with pytest.raises(UsageError, match="give tokens"):
        parse_settings('[push]\nhost = "0.0.0.0"\nport = 8766\n', "tocsin.toml", {})
