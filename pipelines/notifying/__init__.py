"""What is told to whom, in which words, and when again; the jobs ``notify`` and ``watchdog`` stand on it."""
