"""Contextual bandits: which action to take, learned from a log of actions taken."""
