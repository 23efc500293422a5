"""Floor 2: where training runs."""
