"""Timeline tests of rules: a quiet background, what is pushed into it, and what the real engine makes of it."""
