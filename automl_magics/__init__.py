"""AutoML for Jupyter: ``%load_ext automl_magics``."""

from typing import Any

__version__ = "0.1.0"


def load_ipython_extension(shell: Any) -> None:
    """Make ``%automl`` and ``%%automl`` available; says nothing and imports next to nothing."""
    from automl_magics.magics.extension import load

    load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """Take the magics away again; running jobs go on."""
    from automl_magics.magics.extension import unload

    unload(shell)
