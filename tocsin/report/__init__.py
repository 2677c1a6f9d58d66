"""The report of a backtest as one page that needs nothing else: words, charts, tables, every alert with its evidence."""
