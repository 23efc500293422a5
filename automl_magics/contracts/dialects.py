"""How the one job record reads in each published API."""
