"""The three topics of the log and what lies on them."""

ARTICLES = "articles"
SIGNALS = "signals"
DEAD_LETTERS = "dead-letters"

#: Every topic; ``signals`` and ``dead-letters`` have exactly one partition, ``signals`` because its order is the decision.
ALL_TOPICS = (ARTICLES, SIGNALS, DEAD_LETTERS)
