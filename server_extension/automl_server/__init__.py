"""Floor 5: training jobs over HTTP, as an extension of the Jupyter server."""

from typing import Any

from automl_magics import __version__

__all__ = ["__version__"]


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    from automl_server.app import AutoMLServer

    return [{"module": "automl_server.app", "app": AutoMLServer}]
