"""The vocabulary every part of Tocsin speaks: records, ids, reasons, errors, ports. No I/O, stdlib and pydantic only."""
