"""The handle of a deployed model: what a notebook holds on to."""

import base64
import json
import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from automl_magics.contracts.errors import Conflict, NotFound
from automl_magics.contracts.models import Deployment
from automl_magics.contracts.pictures import BYTES, PATH, done_without
from automl_magics.contracts.training import TrainingJob
from automl_magics.displays.models import deployment_html, deployment_text
from automl_magics.displays.view import MAGIC, View
from automl_magics.session import Session

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

logger = logging.getLogger(__name__)

LARGEST_BODY = 8 * 2**20
"""Characters of JSON that go to a server at once."""


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

    @property
    def pictures(self) -> list[str]:
        """The columns that may hold the bytes of picture files: dates are not told from them."""
        return [column.name for column in self.deployment.inputs if column.type == "any"]

    def predict(
        self, rows: "pd.DataFrame | pa.Table | Sequence[Mapping[str, Any]]"
    ) -> "pd.DataFrame":
        """Predict rows where the model is deployed.

        Parameters
        ----------
        rows
            A DataFrame, an Arrow table, or rows by their columns; a picture is the bytes of its
            file.

        Returns
        -------
        One row to a row, in their order and with their index: ``prediction`` and, for a
        classifier, ``probability_<class>`` for each class.
        """
        import pandas as pd
        import pyarrow as pa

        if isinstance(rows, pa.Table):
            rows = rows.to_pandas()
        frame = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(list(rows))
        for name in filter(frame.columns.__contains__, self.pictures):
            _tell_of_missing(name, frame[name])
        predict = self._session.models.predict
        found = [one for part in _parts(frame) for one in predict(self.name, part)]
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


def is_elsewhere(session: Session, job: TrainingJob) -> bool:
    """Return whether a job's model can only be had where a server has deployed it.

    A registry of our own may have another model by that name, and is not asked then.
    """
    settings = session.settings
    if session.way.is_local or settings.mlflow_tracking_uri is not None:
        return False
    return not (settings.home / "jobs" / str(job.job_id)).exists()


def deployed_model_of(session: Session, job: TrainingJob) -> DeployedModel:
    """Return the deployment of a job's model; `Conflict` where another one or none is deployed."""
    try:
        found = session.models.get(str(job.registered_model_name))
    except NotFound:
        found = None
    if found is None or (found.job_id, found.version) != (
        job.job_id,
        job.registered_model_version,
    ):
        raise Conflict(
            f"The model of {job.name} is on {session.place} and is not deployed there.",
            hint=f"Say deploy {job.job_id.hex[:8]} first; its deployment then predicts.",
        )
    return DeployedModel(session, found)


def _parts(frame: "pd.DataFrame") -> Iterator[list[dict[str, Any]]]:
    """Yield the rows as JSON has them, in pieces that a server takes."""
    text = _sendable(frame).to_json(orient="records", date_format="iso", double_precision=15)
    rows: list[dict[str, Any]] = json.loads(text)
    step = math.ceil(len(rows) / math.ceil(len(text) / LARGEST_BODY)) or 1
    for start in range(0, len(rows), step):
        yield rows[start : start + step]


def _tell_of_missing(column: str, values: "pd.Series[Any]") -> None:
    """Tell of pictures that are not there: a server gets no paths and cannot name them."""
    named = [value for value in values if isinstance(value, dict) and value.get(PATH) is not None]
    gone = [f"{value[PATH]!r} is not there" for value in named if not value.get(BYTES)]
    if gone:
        logger.warning(done_without(column, gone, int(values.notna().sum())))


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
    if isinstance(value, dict) and BYTES in value:  # a picture beside its path
        value = value[BYTES] or None
    return base64.b64encode(value).decode("ascii") if isinstance(value, bytes) else value
