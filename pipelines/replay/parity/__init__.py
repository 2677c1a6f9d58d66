"""A live ledger against a replay of its articles: the same crossings, or each difference with its cause."""
