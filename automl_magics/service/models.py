"""The verbs for deployments, done by a scoring process beside this one."""

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import Any
from uuid import UUID

from automl_magics.contracts.enums import LogLevel
from automl_magics.contracts.errors import Conflict, InvalidInput, NotFound
from automl_magics.contracts.models import DEPLOYED_AS, Deployment, ScoringAnswer
from automl_magics.scoring_process import ScoringProcess
from automl_magics.service.caller import Caller
from automl_magics.settings import Settings
from automl_magics.store import Store

JSON = "application/json"


class ModelService:
    """Deploy the models of finished jobs, and predict with them (see `contracts.verbs.Models`).

    The first verb starts the scoring process, which takes seconds; the later ones find it warm.

    Parameters
    ----------
    store
        Where jobs live.
    settings
        Where MLflow is.
    caller
        On whose behalf; the person who runs this process when left out.
    scoring
        The process to use; one of its own when left out.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        *,
        caller: Caller | None = None,
        scoring: ScoringProcess | None = None,
    ) -> None:
        self._store = store
        self._settings = settings
        self._caller = caller or Caller()
        self._scoring = scoring or ScoringProcess(settings)

    def on_behalf_of(self, caller: Caller) -> "ModelService":
        """Return the same service for another caller."""
        return ModelService(self._store, self._settings, caller=caller, scoring=self._scoring)

    def deploy(self, job_id: UUID) -> Deployment:
        """Put a job's model in the place of the one that is deployed under the same name.

        Raises
        ------
        NotFound
            For an unknown job.
        Conflict
            When the job has no model, or the registry no longer has it.
        """
        job = self._store.jobs.get(job_id)
        if not job.has_model:
            raise Conflict(
                f"Job {job.name} is {job.status} and has no model to deploy.",
                hint="Its log says why." if job.status.is_terminal else "Wait for it.",
            )
        try:
            deployed: tuple[Deployment, Deployment | None] = self._scoring.call(
                "deploy",
                job.registered_model_name,
                job.registered_model_version,
                job_id,
                self._caller.name,
            )
        except NotFound as error:
            message = f"The model of job {job.name} is gone: {error.message}"
            raise Conflict(message, hint="Train it anew.") from None
        deployment, replaced = deployed
        which = f"{deployment.name}, version {deployment.version}"
        self._note(job_id, f"Deployed by {self._caller.name} as {which}.", which)
        if replaced is not None:
            self._note(replaced.job_id, f"No longer deployed: {which} took its place.")
        return deployment

    def get(self, name: str) -> Deployment:
        """Return one deployment; `NotFound` when nothing is deployed under this name."""
        deployment: Deployment = self._scoring.call("get", name)
        return deployment

    def undeploy(self, name: str) -> Deployment:
        """End a deployment and return what it was; the model stays registered."""
        deployment: Deployment = self._scoring.call("undeploy", name)
        self._note(deployment.job_id, f"No longer deployed, by {self._caller.name}.")
        return deployment

    def predict(self, name: str, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Predict rows, given by their columns, in their order.

        Raises
        ------
        NotFound
            When nothing is deployed under this name.
        InvalidInput
            For rows that the model cannot take.
        TimedOut
            When it takes longer than the setting ``scoring_timeout``.
        """
        body = json.dumps({"dataframe_records": [dict(row) for row in rows]}, default=str)
        return predictions_of(self.submit(name, body.encode(), JSON).result())

    def submit(self, name: str, body: bytes, content_type: str) -> "Future[ScoringAnswer]":
        """Have a body answered by MLflow's scoring protocol, without waiting for it.

        The future raises what `predict` raises but `InvalidInput`, which is an answer here. Raises
        `Unavailable` when too many predictions wait already.
        """
        return self._scoring.submit("invoke", name, body, content_type)

    def list(self) -> list[Deployment]:
        """Return every deployment, by name."""
        found: list[Deployment] = self._scoring.call("list")
        return found

    def close(self) -> None:
        """End the scoring process; deployments stay."""
        self._scoring.close()

    def _note(self, job_id: UUID, message: str, deployed_as: str | None = None) -> None:
        fields = {DEPLOYED_AS: deployed_as}
        self._store.journal.log(job_id, LogLevel.INFO, message, fields)


def predictions_of(answer: ScoringAnswer) -> list[dict[str, Any]]:
    """Return the predictions of a scoring answer; `InvalidInput` for what the model refused."""
    if answer.status >= 400:
        raise InvalidInput(answer.content)
    predictions: list[dict[str, Any]] = json.loads(answer.content)["predictions"]
    return predictions
