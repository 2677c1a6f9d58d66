"""What rules would have done on history, scored against what really happened: pure parts, and one pass that feeds them."""
