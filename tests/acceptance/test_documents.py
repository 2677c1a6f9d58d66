"""What the pages say can be followed: links lead somewhere, files and tests they name are there, rules in them are right."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from alerts.rules.load import RulesError, load_rules
from alerts.rules.timeline_grammar import load_timelines
from pipelines.actor_directory import actor_directory
from pipelines.extraction.actors.actor_yaml import read_actor_file
from pipelines.extraction.topics import topic_ids
from tests.acceptance.documents import PAGES, ROOT, anchors, blocks, links
from tocsin.cli import COMMANDS
from tocsin.settings import parse_settings

NAMES = actor_directory()
TOPICS = topic_ids()


def shown(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def test_the_pages_people_look_for_are_there() -> None:
    wanted = {"README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/architecture.md", "docs/rules.md",
              "docs/commands.md", "docs/settings.md", "docs/adr/README.md"}  # fmt: skip
    assert wanted <= {shown(page) for page in PAGES}


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_every_link_within_the_repository_leads_somewhere(page: Path) -> None:
    for line, target in links(page):
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), f"{shown(page)}:{line}: there is no {target}"
        if anchor:
            assert anchor in anchors(there), f"{shown(page)}:{line}: {shown(there)} has no heading #{anchor}"


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_every_test_and_module_that_is_named_is_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for path in re.findall(
        r"`((?:schemas|connectors|alerts|pipelines|tocsin|tests|docs|examples|deploy|benchmarks)/[^`\s]*)`", text
    ):
        file, _, name = path.partition("::")
        assert list(ROOT.glob(file.rstrip("/"))), f"{shown(page)}: there is no {file}"
        if name:
            assert re.search(rf"def {re.escape(name)}\b", (ROOT / file).read_text()), (
                f"{shown(page)}: {file} has no {name}"
            )


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_rules_settings_and_actors_that_are_shown_are_right(page: Path) -> None:
    beside = {name: block.text for block in blocks(page, "yaml") if (name := _shared_file(block.text))}
    included: set[str] = set()

    def read(name: str) -> str:
        included.add(name)
        return beside[name]

    for block in blocks(page, "yaml"):
        if _shared_file(block.text):
            continue
        if block.text.startswith("actors:"):
            assert read_actor_file(block.text, block.place)[1] == []
            continue
        try:
            if re.search(r"^tests:", block.text, re.MULTILINE):
                load_timelines(block.text, block.place, NAMES, rules=["azerbaijan-russia"], topics=TOPICS)
                continue
            load_rules(_whole_file(block.text), block.place, NAMES, topics=TOPICS, included=read)
        except RulesError as error:
            pytest.fail(f"{block.place}: {error}")
    assert included == beside.keys(), "a file that is shown to be included is included by another that is shown"
    for block in blocks(page, "toml"):
        parse_settings(block.text, block.place, {})


def _shared_file(text: str) -> str:
    """Return the name by which the file shown in ``text`` is included, "" where it is no such file."""
    found = re.match(r"# rules/(shared/\S+\.yaml)\n", text)
    return found[1] if found else ""


def _whole_file(text: str) -> str:
    """Return ``text`` as a rule file: pages also show a single rule, watches line by line, or detectors line by line."""
    if re.match(r"(rules|sets|defaults):", text) or text.startswith("#"):
        return text
    if text.startswith("- name:"):
        return "rules:\n" + "\n".join(f"  {line}" for line in text.splitlines())
    rules = []
    for number, line in enumerate(line for line in text.splitlines() if line.strip()):
        other = "when: spike" if line.startswith("watch:") else "watch: {pair: [AZE, RUS]}"
        rules.append(f"  - name: shown-{number}\n    {line}\n    {other}")
    return "rules:\n" + "\n".join(rules)


def test_the_words_of_run_are_those_the_pages_use() -> None:
    words = set(
        re.findall(
            r"^  ([a-z]+)\b",
            subprocess.run([ROOT / "run"], capture_output=True, text=True, check=True).stdout,
            re.MULTILINE,
        )
    )
    for page in PAGES:
        used = set(re.findall(r"\./run ([a-z]+)", page.read_text(encoding="utf-8")))
        assert used <= words, f"{shown(page)}: ./run has no {used - words}"


def test_every_command_is_on_the_page_of_commands_and_every_one_in_the_readme_exists() -> None:
    page = (ROOT / "docs/commands.md").read_text(encoding="utf-8")
    for name in COMMANDS:
        assert f"\n## tocsin {name}\n" in page
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"(?:`|^\$ |\| )(?:\./run )?tocsin ([a-z][a-z-]+)", readme, re.MULTILINE))
    assert named <= set(COMMANDS), f"README names commands that are not there: {named - set(COMMANDS)}"
    assert {"init", "run", "rules", "alerts", "verify"} <= named
