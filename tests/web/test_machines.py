"""What programs read: the API as its own description says, metrics as Prometheus reads them, health."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any  # A document whose shape is what is tested.

import pytest

from schemas.alert_event import AlertEvent
from tests.web.house import House
from tocsin.web.metric_names import Metric


def test_alerts_are_told_with_their_numbers(house: House) -> None:
    told = house.client.get("/api/v1/alerts?state=open").json()
    assert told["total"] == 1
    (alert,) = told["alerts"]
    assert (alert["rule"], alert["key"], alert["state"]) == ("aze-rus", "AZE-RUS", "open")
    assert alert["name"] == "Azerbaijan–Russia"
    assert alert["counts"]["stories"] > 3
    whole = house.client.get(f"/api/v1/alerts/{alert['alert_id']}").json()
    events = [AlertEvent.model_validate_json(json.dumps(event)) for event in whole["events"]]
    stored = list(house.store.events(alert_id=alert["alert_id"]))
    assert [event.chain_hash() for event in events] == [event.chain_hash() for event in stored], (
        "the ledger's own records"
    )
    assert whole["evidence"]


def test_watches_are_told_with_what_they_lack(house: House) -> None:
    told = house.client.get("/api/v1/watches").json()
    assert [watch["key"] for watch in told["watches"]] == ["AZE-RUS", "GBR-UKR"]
    ringing, quiet = told["watches"]
    assert ringing["state"] == "firing"
    assert ringing["alert_id"] == house.alert_id
    assert len(ringing["hours"]) == 48
    assert quiet["alert_id"] is None
    assert house.client.get("/api/v1/watches?q=ukraine").json()["total"] == 1
    assert house.client.get("/api/v1/watches?limit=1&start=1").json()["watches"][0]["key"] == "GBR-UKR"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/alerts?limit=0", 422),
        ("/api/v1/alerts?state=loud", 422),
        ("/api/v1/watches?state=loud", 422),
        ("/api/v1/alerts/ffffffffffff", 404),
        ("/api/v1/nothing", 404),
    ],
)
def test_wrong_questions_are_answered_as_json(house: House, path: str, status: int) -> None:
    answer = house.client.get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["detail"]


def test_the_api_describes_itself_and_nothing_else(house: House) -> None:
    described = house.client.get("/api/v1/openapi.json").json()
    assert set(described["paths"]) == {"/api/v1/alerts", "/api/v1/alerts/{alert_id}", "/api/v1/watches"}
    for path in described["paths"].values():
        assert set(path) == {"get"}, "it reads only"
        assert path["get"]["summary"]
    assert house.client.get("/docs").status_code == 404, "its scripts would come from another host"


def test_the_description_is_whole_and_every_answer_fits_it(house: House) -> None:
    described = house.client.get("/api/v1/openapi.json").json()
    assert described["openapi"].startswith("3.1")
    assert described["info"]["title"]
    assert described["info"]["version"]
    text = json.dumps(described)
    for reference in re.findall(r'"\$ref": "([^"]+)"', text):
        _resolved(described, reference)
    operations = [path["get"] for path in described["paths"].values()]
    assert len({one["operationId"] for one in operations}) == len(operations)
    for path, ways in described["paths"].items():
        operation = ways["get"]
        assert {f"{{{p['name']}}}" for p in operation.get("parameters", ()) if p["in"] == "path"} == set(
            re.findall(r"\{\w+\}", path)
        )
        assert operation["security"] == [{"HTTPBearer": []}]
        assert {"200", "401", "503"} <= set(operation["responses"])
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        answer = house.client.get(path.replace("{alert_id}", house.alert_id)).json()
        assert _misfits(answer, schema, described) == [], path
        assert _misfits({"total": "one"}, schema, described), "else it fits anything"
    assert described["components"]["securitySchemes"]["HTTPBearer"]["scheme"] == "bearer"


def _resolved(described: Mapping[str, Any], reference: str) -> Mapping[str, Any]:
    assert reference.startswith("#/")
    found = described
    for name in reference.removeprefix("#/").split("/"):
        found = found[name]
    return found


_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool,
    "null": type(None),
}  # fmt: skip


def _misfits(value: Any, schema: Mapping[str, Any], described: Mapping[str, Any], at: str = "") -> list[str]:
    """Return where ``value`` does not fit ``schema``, of what our own schemas use of JSON Schema."""
    if "$ref" in schema:
        return _misfits(value, _resolved(described, schema["$ref"]), described, at)
    if "anyOf" in schema:
        ways = [_misfits(value, one, described, at) for one in schema["anyOf"]]
        return [] if any(not way for way in ways) else ways[0]
    if "type" in schema and not isinstance(value, _TYPES[schema["type"]]):
        return [f"{at}: {value!r} is no {schema['type']}"]
    if ("enum" in schema and value not in schema["enum"]) or ("const" in schema and value != schema["const"]):
        return [f"{at}: {value!r} is none of those told"]
    found = []
    if isinstance(value, dict):
        known = schema.get("properties", {})
        found += [f"{at}.{name} lacks" for name in schema.get("required", ()) if name not in value]
        for name, inner in value.items():
            further = known.get(name, schema.get("additionalProperties", True))
            if further is False:
                found.append(f"{at}.{name} is not told of")
            elif isinstance(further, dict):
                found += _misfits(inner, further, described, f"{at}.{name}")
    if isinstance(value, list):
        for number, inner in enumerate(value):
            found += _misfits(inner, schema.get("items", {}), described, f"{at}[{number}]")
    return found


def test_metrics_are_what_prometheus_reads(house: House) -> None:
    answer = house.client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    helped = re.findall(r"^# HELP (\w+) \S", answer.text, re.MULTILINE)
    typed = re.findall(r"^# TYPE (\w+) (?:gauge|counter)$", answer.text, re.MULTILINE)
    samples = re.findall(r'^(\w+)(?:\{(?:\w+="[^"\n]*",?)+\})? -?[\d.e+]+$', answer.text, re.MULTILINE)
    lines = [line for line in answer.text.splitlines() if not line.startswith("#")]
    assert len(samples) == len(lines), "every line can be read"
    assert helped == typed == list(dict.fromkeys(samples))
    assert set(samples) <= {metric.value[0] for metric in Metric}
    assert 'tocsin_alerts_open{severity="normal"} 1' in answer.text
    assert 'tocsin_watch_keys{state="firing"} 1' in answer.text
    assert 'tocsin_feeds{state="failing"} 1' in answer.text


def test_names_of_metrics_are_typed_once() -> None:
    names = [metric.value[0] for metric in Metric]
    assert len(set(names)) == len(names)
    for metric in Metric:
        name, kind, words = metric.value
        assert re.fullmatch(r"tocsin_[a-z_]+", name)
        assert (kind == "counter") == name.endswith("_total"), name
        assert words.endswith(".")


def test_ready_means_caught_up_with_the_ledger(house: House, empty_house: House) -> None:
    assert house.client.get("/readyz").status_code == 200
    assert empty_house.client.get("/healthz").status_code == 200
