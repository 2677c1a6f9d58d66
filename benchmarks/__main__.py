"""`python -m benchmarks bench [NAME]` and `evaluate [NAME]`: runs one measurement by its name, or all of them one by one.

`--seeds N` behind a name asks for its long form, with intervals from so many seeds, where it has one (`with_seeds`).
Evaluation data lie in the folder that TOCSIN_EVALUATION_DATA names; what cannot do without them is loudly not run.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path

from benchmarks.figures import heading

DATA_VARIABLE = "TOCSIN_EVALUATION_DATA"

_FOLDER = Path(__file__).parent
_KINDS = {
    "bench": "speed, each figure a ratio against a named reference of the same run",
    "evaluate": "quality against what people have judged",
}


def names_of(kind: str, folder: Path = _FOLDER) -> list[str]:
    """Return the names of the measurements of ``kind``, sorted."""
    return sorted(path.stem.removeprefix(f"{kind}_") for path in folder.glob(f"{kind}_*.py"))


def data_folder(environment: Mapping[str, str]) -> Path | None:
    """Return the folder of evaluation data; None, with a loud line, where it is not named or not there."""
    named = environment.get(DATA_VARIABLE)
    if named and Path(named).is_dir():
        return Path(named).resolve()
    why = f"{named} is no folder" if named else f"{DATA_VARIABLE} is not set"
    print(f"no evaluation data: {why}", file=sys.stderr)
    print(f"  → set {DATA_VARIABLE} to the folder that holds them", file=sys.stderr)
    return None


def main(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> int:
    """Run what is named; return 0 all reached, 1 something was not, 2 wrong usage or something could not be run."""
    words, seeds = _words_and_seeds(arguments)
    if not words or words[0] not in _KINDS or len(words) > 2 or "--help" in arguments:
        print(_usage(), file=sys.stderr)
        return 0 if "--help" in arguments else 2
    kind, *wanted = words
    chosen = _chosen(kind, wanted[0]) if wanted else names_of(kind)
    if not chosen:
        print(f"unknown name: {wanted[0]}\n  → one of: {' '.join(names_of(kind))}", file=sys.stderr)
        return 2
    data = data_folder(environment)
    if kind == "bench":
        heading()
    codes = {name: _run(kind, name, data, seeds) for name in chosen}
    for name, code in codes.items():
        if code:
            print(f"{kind} {name}: {'not run' if code == 2 else 'not reached'}", file=sys.stderr)
    return 1 if 1 in codes.values() else max(codes.values())


def _chosen(kind: str, wanted: str) -> list[str]:
    """Return the name itself, or the only one that begins so ("extract" for "extraction")."""
    names = names_of(kind)
    alike = [wanted] if wanted in names else [name for name in names if name.startswith(wanted)]
    return alike if len(alike) == 1 else []


def _words_and_seeds(arguments: Sequence[str]) -> tuple[list[str], int]:
    """Return what is named, and the number behind ``--seeds``, which comes last and needs a name: 0 without it."""
    words = list(arguments)
    if len(words) == 4 and words[2] == "--seeds" and words[3].isdecimal() and int(words[3]) >= 2:
        return words[:2], int(words[3])
    return words, 0


def _run(kind: str, name: str, data: Path | None, seeds: int) -> int:
    print(f"── {kind} {name}", file=sys.stderr, flush=True)
    module = import_module(f"benchmarks.{kind}_{name}")
    if not seeds:
        return int(module.main(data))
    if not hasattr(module, "with_seeds"):
        print(f"{kind} {name} has no long form\n  → leave --seeds out", file=sys.stderr)
        return 2
    return int(module.with_seeds(seeds))


def _usage() -> str:
    lines = [
        "usage: ./run bench [NAME] | ./run evaluate [NAME [--seeds N]]     for example: ./run bench extraction",
        "",
    ]
    lines += [f"  {kind:9} {' '.join(names_of(kind))}\n            {text}" for kind, text in _KINDS.items()]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
