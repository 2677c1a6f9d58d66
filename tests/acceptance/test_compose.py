"""docker-compose.yml: what it must hold, read as YAML everywhere, and read by the real compose where it can be had."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any  # What a YAML file holds.

import pytest
from ruamel.yaml import YAML

from tests.services.not_run import not_run
from tocsin.settings import parse_settings

_ROOT = Path(__file__).resolve().parents[2]
_FILE = _ROOT / "docker-compose.yml"
_JOBS = ("poll", "extract", "decide", "notify", "archive", "web")
_ENVIRONMENT = {"TOCSIN_PASSWORD": "a password", "TOCSIN_WEB_TOKEN": "a token that nobody guesses"}


@pytest.fixture(scope="module")
def written() -> Mapping[str, Any]:
    """The file as it is written, anchors and merges resolved, variables not."""
    loaded: Mapping[str, Any] = YAML(typ="safe").load(_FILE.read_text(encoding="utf-8"))
    return loaded


def test_there_is_one_container_per_job_and_nothing_else(written: Mapping[str, Any]) -> None:
    assert set(written["services"]) == {"kafka", "postgres", *_JOBS}


def test_kafka_is_its_own_controller_and_loses_nothing(written: Mapping[str, Any]) -> None:
    kafka = written["services"]["kafka"]
    settings = kafka["environment"]
    assert kafka["image"].startswith("apache/kafka:4.")
    assert set(settings["KAFKA_PROCESS_ROLES"].split(",")) == {"broker", "controller"}
    node, _, voter = settings["KAFKA_CONTROLLER_QUORUM_VOTERS"].partition("@")
    assert node == settings["KAFKA_NODE_ID"]
    assert f"CONTROLLER://:{voter.rpartition(':')[2]}" in settings["KAFKA_LISTENERS"].split(",")
    assert settings["KAFKA_LOG_RETENTION_MS"] == "-1"
    assert settings["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"
    assert settings["KAFKA_LOG_DIRS"] == kafka["volumes"][0].partition(":")[2], "what is outside of it is lost with it"
    assert not [name for name in settings if "ZOOKEEPER" in name]


@pytest.mark.parametrize("name", ["kafka", "postgres"])
def test_servers_keep_their_data_and_say_when_they_are_ready(written: Mapping[str, Any], name: str) -> None:
    server = written["services"][name]
    volume = server["volumes"][0].partition(":")[0]
    assert volume in written["volumes"]
    assert server["healthcheck"]["test"]
    assert not server.get("ports"), "nothing listens outside of the containers' own network"


@pytest.mark.parametrize("name", _JOBS)
def test_a_job_is_one_command_on_both_servers(written: Mapping[str, Any], name: str) -> None:
    job = written["services"][name]
    assert job["command"][:2] == ["run", name]
    assert {server: how["condition"] for server, how in job["depends_on"].items()} == {
        "kafka": "service_healthy",
        "postgres": "service_healthy",
    }
    dockerfile = _ROOT / job["build"]["context"] / job["build"]["dockerfile"]
    assert dockerfile.is_file()
    settings = parse_settings("", "tocsin.toml", job["environment"])
    listener = written["services"]["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"].removeprefix("PLAINTEXT://")
    assert settings.log == f"kafka://{listener}"
    assert settings.store.startswith("postgresql://tocsin@postgres/")
    assert settings.article_partitions > 1, "or extracting could not be shared"


def test_no_password_is_written_down(written: Mapping[str, Any]) -> None:
    services = written["services"]
    for holder, key in (("postgres", "POSTGRES_PASSWORD"), ("decide", "PGPASSWORD")):
        assert services[holder]["environment"][key].startswith("${TOCSIN_PASSWORD:?")


def test_the_page_is_reached_from_this_machine_alone_and_asks_for_a_token(written: Mapping[str, Any]) -> None:
    web = written["services"]["web"]
    assert web["ports"] == ["127.0.0.1:8765:8765"]
    assert not any(written["services"][name].get("ports") for name in _JOBS if name != "web")
    settings = parse_settings("", "tocsin.toml", web["environment"]).web
    assert [(token.scope, token.place) for token in settings.token_places] == [("act", "TOCSIN_WEB_TOKEN")]
    assert web["environment"]["TOCSIN_WEB_TOKEN"].startswith("${TOCSIN_WEB_TOKEN:?")


def test_the_image_copies_every_package(written: Mapping[str, Any]) -> None:
    dockerfile = (_ROOT / written["services"]["poll"]["build"]["dockerfile"]).read_text(encoding="utf-8")
    for package in ("schemas", "connectors", "alerts", "pipelines", "tocsin"):
        assert f"COPY {package} {package}\n" in dockerfile


def real_compose() -> list[str]:
    """Return the command of the compose that is installed; where there is none, the test at hand is not run."""
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]) is None:
            continue
        answer = subprocess.run([*command, "version"], capture_output=True, timeout=60, check=False)
        if answer.returncode == 0:
            return command
    not_run(
        "docker-compose.yml read by the real compose",
        "neither `docker compose` nor `docker-compose` is installed here",
        required_in_ci=False,
    )


def compose(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [*real_compose(), "-f", str(_FILE), *words]
    clean = {name: value for name, value in os.environ.items() if name not in _ENVIRONMENT} | environment
    return subprocess.run(command, env=clean, capture_output=True, text=True, timeout=120, check=False)


def test_the_real_compose_reads_it(written: Mapping[str, Any]) -> None:
    answer = compose("config", "--format", "json", **_ENVIRONMENT)
    assert answer.returncode == 0, answer.stderr
    understood = json.loads(answer.stdout)
    assert set(understood["services"]) == set(written["services"])
    for name in _JOBS:
        assert understood["services"][name]["command"][:2] == ["run", name]
        assert understood["services"][name]["environment"]["PGPASSWORD"] == _ENVIRONMENT["TOCSIN_PASSWORD"]
    assert set(understood["volumes"]) == {"kafka", "postgres", "state"}


def test_the_real_compose_refuses_to_start_without_a_password() -> None:
    answer = compose("config", "--quiet")
    assert answer.returncode != 0
    assert "TOCSIN_PASSWORD" in answer.stderr
