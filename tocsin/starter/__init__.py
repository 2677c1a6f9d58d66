"""Lists of feeds to begin with, as tables for tocsin.toml: ``caucasus`` (the first domain) and ``world``."""
