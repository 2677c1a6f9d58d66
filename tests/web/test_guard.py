"""Who may come in, by which name, and what every answer carries."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.errors import UsageError
from tests.web.house import House, settings_in
from tocsin.settings import parse_settings
from tocsin.web.security import local_path, required_headers

READ, ACT = "a-token-to-read-with", "a-token-to-act-with"
ENVIRON = {"READ_TOKEN": READ, "ACT_TOKEN": ACT}
TOKENS = '[web]\ntokens = ["wall read env:READ_TOKEN", "anna act env:ACT_TOKEN"]\n'
NEVER_OPEN = (
    "/",
    "/alerts",
    "/watches",
    "/why",
    "/rules",
    "/feeds",
    "/audit",
    "/dead-letters",
    "/metrics",
    "/mark",
    "/api/v1/alerts",
    "/api/v1/openapi.json",
)


@pytest.fixture(scope="module")
def locked(decided: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house whose door is locked."""
    folder = tmp_path_factory.mktemp("locked") / "news"
    shutil.copytree(decided, folder)
    settings_in(folder, TOKENS)
    made = House(folder, environ=ENVIRON)
    yield made
    made.close()


def sign_in(house: House, token: str) -> int:
    """Sign in with the house's client as a browser does; return the status."""
    form = house.client.get("/sign-in").text
    mark = re.search(r'name="mark" value="(\w+)"', form)
    assert mark is not None
    fields = {"mark": mark[1], "next": "/watches", "token": token}
    status: int = house.client.post("/sign-in", data=fields).status_code
    return status


def test_every_answer_carries_the_headers(house: House, locked: House) -> None:
    for path in (*house.paths(), "/nowhere", "/healthz", "/metrics", "/api/v1/alerts", "/static/style.css"):
        headers = house.client.get(path).headers
        for name in required_headers():
            assert name in headers, (path, name)
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
    for refused in (locked.client.get("/"), house.client.get("/", headers={"host": "evil.example"})):
        assert "default-src 'none'" in refused.headers["content-security-policy"]


def test_a_chart_may_style_itself_and_nothing_else(house: House) -> None:
    policy = house.client.get(f"/alerts/{house.alert_id}/chart.svg").headers["content-security-policy"]
    assert "script-src" not in policy
    assert "default-src 'none'" in policy
    assert "sandbox" in policy


@pytest.mark.parametrize("host", ["127.0.0.1:8765", "localhost:8765", "[::1]:8765", "127.0.0.1"])
def test_the_machines_own_names_are_answered(house: House, host: str) -> None:
    assert house.client.get("/healthz", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8765", "127.0.0.1.evil.example", "192.168.0.9", "[", ""]
)
def test_a_name_that_somebody_elses_dns_leads_here_is_refused(house: House, host: str) -> None:
    answer = house.client.get("/", headers={"host": host})
    assert answer.status_code == 400
    assert "Azerbaijan" not in answer.text


def test_names_of_the_settings_are_answered(tmp_path: Path) -> None:
    settings_in(tmp_path, 'public_url = "https://tocsin.example/"\n[web]\nnames = ["desk.lan"]\n')
    made = House(tmp_path)
    try:
        for host in ("tocsin.example", "desk.lan:8765"):
            assert made.client.get("/healthz", headers={"host": host}).status_code == 200
    finally:
        made.close()


@pytest.mark.parametrize("path", NEVER_OPEN)
def test_without_a_token_nothing_of_the_news_is_told(locked: House, path: str) -> None:
    stranger = locked.client_at()
    answer = stranger.get(path)
    assert answer.status_code == 401
    assert "Azerbaijan" not in answer.text
    browser = stranger.get(path, headers={"accept": "text/html"})
    assert browser.status_code == 303
    assert browser.headers["location"].startswith("/sign-in?next=")
    for wrong in ("Bearer wrong", "Bearer ", f"Basic {READ}", READ):
        assert stranger.get(path, headers={"authorization": wrong}).status_code == 401


@pytest.mark.parametrize("path", NEVER_OPEN)
def test_a_token_opens_it(locked: House, path: str) -> None:
    assert locked.client_at().get(path, headers={"authorization": f"Bearer {READ}"}).status_code == 200


def test_health_is_told_to_anybody(locked: House) -> None:
    stranger = locked.client_at()
    assert stranger.get("/healthz").text == "ok\n"
    assert stranger.get("/readyz").text == "ok\n"


def test_signing_in_opens_a_session_and_signing_out_ends_it(locked: House) -> None:
    locked.client = locked.client_at()
    assert sign_in(locked, "not the token at all") == 403
    assert locked.client.get("/").status_code == 401
    assert sign_in(locked, ACT) == 303
    cookie = str(locked.client.cookies.jar)
    assert ACT not in cookie, "the token itself is in no cookie"
    page = locked.page("/")
    assert "anna" in page
    mark = re.search(r'name="mark" value="(\w+)"', page)
    assert mark is not None
    assert locked.client.post("/sign-out", data={"mark": "forged"}).status_code == 403
    assert locked.client.post("/sign-out", data={"mark": mark[1]}).status_code == 303
    assert locked.client.get("/").status_code == 401


def test_a_session_is_httponly_strict_and_cannot_be_made_up(locked: House) -> None:
    locked.client = locked.client_at()
    form = locked.client.get("/sign-in").text
    mark = re.search(r'name="mark" value="(\w+)"', form)
    assert mark is not None
    answer = locked.client.post("/sign-in", data={"mark": mark[1], "token": READ})
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    value = locked.client.cookies["tocsin_session"]
    until, _, signature = value.partition(".")
    for forged in (f"{int(until) + 1}.{signature}", f"{until}.{'0' * 64}", f"99999999999999.{signature}", "x", "."):
        stranger = locked.client_at()
        assert stranger.get("/", headers={"cookie": f"tocsin_session={forged}"}).status_code == 401, forged


def test_no_form_is_large_or_of_unknown_length(house: House) -> None:
    assert house.client.post("/sign-in", data={"token": "x" * 20_000}).status_code == 413
    assert house.client.post("/sign-in", content=iter([b"token=x"])).status_code == 413


def test_a_form_of_another_site_is_refused(locked: House) -> None:
    locked.client = locked.client_at()
    mark = re.search(r'name="mark" value="(\w+)"', locked.client.get("/sign-in").text)
    assert mark is not None
    fields = {"mark": mark[1], "token": ACT}
    for headers in ({"origin": "https://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}):
        assert locked.client.post("/sign-in", data=fields, headers=headers).status_code == 403
    assert locked.client.post("/sign-in", data={"token": ACT}).status_code == 403


@pytest.mark.parametrize(
    "wanted", ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)", "/a\r\nb", "", "x"]
)
def test_after_signing_in_nobody_is_sent_elsewhere(wanted: str) -> None:
    assert local_path(wanted) == "/"
    assert local_path("/watches?q=x") == "/watches?q=x"


def test_a_proxy_names_the_person_and_nobody_else_can(tmp_path: Path) -> None:
    settings_in(tmp_path, '[web]\nidentity_header = "X-Forwarded-User"\nproxies = ["10.9.0.0/24"]\n')
    made = House(tmp_path)
    try:
        named = {"x-forwarded-user": "anna"}
        assert made.client_at(peer="10.9.0.7").get("/", headers=named).status_code == 200
        assert made.client_at(peer="10.9.0.7").get("/").status_code == 401
        for stranger in ("10.8.0.7", "127.0.0.1"):
            assert made.client_at(peer=stranger).get("/", headers=named).status_code == 401
    finally:
        made.close()


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ('host = "0.0.0.0"', "give tokens"),
        ('host = "192.168.1.5"', "give tokens"),
        ('host = "::"', "give tokens"),
        ('tokens = ["anna act the-secret-itself"]', "token 1 is not"),
        ('tokens = ["a act env:A", "a read env:B"]', "same name"),
        ('identity_header = "X-User"', "belong together"),
        ('identity_header = "X User"\nproxies = ["10.0.0.0/8"]', "no name of a header"),
    ],
)
def test_settings_that_would_open_the_page_to_anybody_are_refused(section: str, said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)) as refused:
        parse_settings(f"[web]\n{section}\n", "tocsin.toml", {})
    assert "the-secret-itself" not in str(refused.value)


def test_other_machines_may_come_with_tokens() -> None:
    settings = parse_settings('[web]\nhost = "0.0.0.0"\ntokens = ["anna act env:ANNA"]\n', "tocsin.toml", {}).web
    assert not settings.is_loopback
    assert settings.token_places[0].place == "ANNA"


def test_tokens_that_cannot_be_read_or_can_be_guessed_are_all_told(tmp_path: Path) -> None:
    (tmp_path / "short").write_text("abc\n")
    settings_in(tmp_path, '[web]\ntokens = ["a read env:NOT_SET", "b act file:short", "c act file:missing"]\n')
    with pytest.raises(UsageError) as refused:
        House(tmp_path)
    for said in ("NOT_SET", "web token b", "missing"):
        assert said in str(refused.value)
