"""Floor 5: how jobs, lists, logs and leaderboards look in a notebook, in plain text and as JSON."""
