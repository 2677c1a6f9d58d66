"""The diff of a rule file is taken by `git apply` and by `patch -p1`, whatever its name and however its lines end."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.services.not_run import not_run
from tocsin.patches import patch

_TOOLS = {"git": ["git", "apply"], "patch": ["patch", "-p1", "--no-backup-if-mismatch", "-s"]}
_BEFORE = "# The desk's.\nrules:\n  - name: one\n    when: spike\n"
_AFTER = _BEFORE.replace("when: spike", "when: {spike: {sensitivity: low}}")


@pytest.mark.parametrize("tool", list(_TOOLS))
@pytest.mark.parametrize("name", ["rules.yaml", "rules/of the desk.yaml", "regeln/füße.yaml"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("last", [True, False], ids=["ended", "open"])
@pytest.mark.parametrize("absolute", [False, True])
def test_it_is_taken(
    tool: str, name: str, end: str, last: bool, absolute: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if shutil.which(_TOOLS[tool][0]) is None:
        not_run(f"the diff of a rule file by {tool}", f"{tool} is not installed", required_in_ci=tool == "git")
    monkeypatch.chdir(tmp_path)
    before, after = (text if last else text.rstrip("\n") for text in (_BEFORE, _AFTER))
    path = Path(name)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(before.replace("\n", end).encode())
    diff = patch(path.absolute() if absolute else path, before, after)
    (tmp_path / "a.diff").write_bytes(diff.encode())
    done = subprocess.run(
        _TOOLS[tool], stdin=(tmp_path / "a.diff").open("rb"), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, (done.stdout, done.stderr, diff)
    assert path.read_bytes() == after.replace("\n", end).encode()


def test_what_is_the_same_has_no_diff() -> None:
    assert patch(Path("rules.yaml"), _BEFORE, _BEFORE) == ""
