"""Ranking: rows of a query in the order of their grades."""
