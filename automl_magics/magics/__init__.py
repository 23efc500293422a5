"""Floor 6: ``%automl`` and ``%%automl``, and the grammar that the shell shares with them."""
