"""The handle of a deployed model: what a notebook holds on to."""

import base64
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from automl_magics.contracts.models import Deployment
from automl_magics.displays.models import deployment_html, deployment_text
from automl_magics.displays.view import MAGIC, View
from automl_magics.session import Session

if TYPE_CHECKING:
    import pandas as pd


class DeployedModel(View):
    """The model that is deployed under a name, whichever version that is when it is asked.

    Attributes
    ----------
    name, version, job_id
        As of the deployment that this handle was made for.
    """

    def __init__(self, session: Session, deployment: Deployment) -> None:
        self._session = session
        self.deployment = deployment
        self.name, self.version = deployment.name, deployment.version
        self.job_id = deployment.job_id

    def predict(self, rows: "pd.DataFrame | Sequence[Mapping[str, Any]]") -> "pd.DataFrame":
        """Predict rows where the model is deployed.

        Parameters
        ----------
        rows
            A DataFrame, or rows by their columns; a picture is the bytes of its file.

        Returns
        -------
        One row to a row, in their order and with their index: ``prediction`` and, for a
        classifier, ``probability_<class>`` for each class.
        """
        import pandas as pd

        frame = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(list(rows))
        text = _sendable(frame).to_json(orient="records", date_format="iso", double_precision=15)
        found = self._session.models.predict(self.name, json.loads(text))
        return pd.DataFrame(found, index=frame.index)

    def undeploy(self) -> None:
        """End the deployment; the model stays registered."""
        self._session.models.undeploy(self.name)

    def text(self, command: str = MAGIC) -> str:
        """Return the deployment as a few lines of text."""
        return deployment_text(self.deployment, command)

    def html(self) -> str:
        """Return the deployment as a table."""
        return deployment_html(self.deployment)

    def data(self) -> dict[str, Any]:
        """Return the deployment as a document."""
        document: dict[str, Any] = self.deployment.model_dump(mode="json")
        return document


def _sendable(frame: "pd.DataFrame") -> "pd.DataFrame":
    """Return a frame with bytes as base 64, which is how JSON holds them."""
    import pandas as pd

    return pd.DataFrame(
        {
            name: values.map(_as_text) if values.dtype == object else values
            for name, values in frame.items()
        },
        index=frame.index,
    )


def _as_text(value: object) -> object:
    return base64.b64encode(value).decode("ascii") if isinstance(value, bytes) else value
