"""One pure module a detector: counts and exposures in, scores out."""
