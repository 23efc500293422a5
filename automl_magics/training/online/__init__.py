"""Learning in one pass over more rows than memory holds, by Vowpal Wabbit."""
