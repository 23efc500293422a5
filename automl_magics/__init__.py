"""AutoML for Jupyter: ``%load_ext automl_magics``."""

__version__ = "0.1.0"
