"""Where to look at a job's run in MLflow."""

import shlex
from urllib.parse import urlsplit, urlunsplit

from automl_magics.displays.view import render

_HERE = "http://127.0.0.1:5000"
"""Where ``mlflow ui`` listens unless told otherwise."""


def mlflow_run_html(tracking_uri: str, run_id: str) -> str:
    """Return a link to the run, and, where MLflow is a file, the command that shows it first.

    Parameters
    ----------
    tracking_uri
        MLflow's tracking store; a password in it is left out.
    """
    parts = urlsplit(tracking_uri)
    is_served = parts.scheme in ("http", "https")
    name, _, host = parts.netloc.rpartition("@")
    place = urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))
    store = (
        tracking_uri.replace(f"{name}@", f"{name.partition(':')[0]}@", 1) if name else tracking_uri
    )
    return render(
        "mlflow_run.html",
        url=f"{place if is_served else _HERE}/#/runs/{run_id}",
        run_id=run_id,
        command="" if is_served else f"mlflow ui --backend-store-uri {shlex.quote(store)}",
    )
