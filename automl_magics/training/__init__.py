"""Floor 2: the training engine. It knows Arrow tables and models, and nothing of Jupyter or SQL."""
