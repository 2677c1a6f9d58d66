"""Measurements: how good and how fast, each against something said beforehand.

`bench_NAME.py` and `evaluate_NAME.py` each have `main(data: Path | None) -> int`: `data` is the folder of evaluation data, None
where there is none; 0 all reached, 1 something was not, 2 it could not be run (said as "NOT RUN: …" on stderr).
"""
