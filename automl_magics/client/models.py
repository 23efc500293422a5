"""The calls of dialect B for deployments."""
# mypy: disable-error-code="empty-body"

from collections.abc import Mapping
from typing import Any

from automl_magics.client.call import Calls, Mode, call
from automl_magics.contracts.http_b import AutoMLModel, AutoMLModelList
from automl_magics.contracts.models import Predictions

PATH = "/api/v1/automl/models"
PATIENCE = 300
"""Seconds: the server's scoring process may have to start first."""


class ModelCalls(Calls[Mode]):
    """List deployed models, predict with them, end them; `WorkbenchCalls.deploy` makes them."""

    @call("GET", PATH, patience=PATIENCE)
    def find(self) -> AutoMLModelList:
        """Return every deployed model, by name."""

    @call("GET", f"{PATH}/{{name}}", patience=PATIENCE)
    def get(self, name: str) -> AutoMLModel:
        """Return one deployed model."""

    @call("DELETE", f"{PATH}/{{name}}", patience=PATIENCE)
    def undeploy(self, name: str) -> None:
        """End a deployment; the model stays registered."""

    @call("POST", f"{PATH}/{{name}}/invocations", patience=PATIENCE)
    def invoke(self, name: str, body: Mapping[str, Any]) -> Predictions:
        """Predict rows by MLflow's scoring protocol.

        ``body`` has one of ``dataframe_records``, ``dataframe_split``, ``inputs``, ``instances``.
        """
