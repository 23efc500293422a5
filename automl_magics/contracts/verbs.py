"""The product's verbs for training jobs, feature engineering jobs, deployments and data.

`automl_magics.service` does them, `automl_magics.client.verbs` asks a server to do them. Both have
these signatures, so a surface never knows which one it holds.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar
from uuid import UUID

from automl_magics.contracts.documents import JobDocument
from automl_magics.contracts.features import (
    NEWEST_FEATURE_JOBS,
    FeatureEngineeringApproval,
    FeatureEngineeringJob,
    FeatureEngineeringPage,
    FeatureEngineeringRequest,
    FeatureJobFilter,
    RecipeEdits,
)
from automl_magics.contracts.http_b import AutoMLDataset, AutoMLHardware, AutoMLSource
from automl_magics.contracts.lists import NEWEST, TrainingJobFilter, TrainingJobPage
from automl_magics.contracts.models import Deployment
from automl_magics.contracts.training import AutoMLTrainingRequest, LogLine, TrainingJob, Trial

Verb = TypeVar("Verb", bound=Callable[..., Any])


def reads(verb: Verb) -> Verb:
    """Mark a verb that changes nothing, so that it may be done again."""
    verb.reads = True  # type: ignore[attr-defined]
    return verb


class TrainingJobs(Protocol):
    """Create, watch and end training jobs.

    Every verb may raise `NotFound` for an unknown id and `Unavailable` when the way in is closed.
    """

    def create(self, request: AutoMLTrainingRequest) -> TrainingJob:
        """Check a request against its data and accept it; `InvalidInput` says what is wrong."""
        ...

    @reads
    def preview(self, request: AutoMLTrainingRequest) -> str:
        """Return the Airflow DAG that a request would be rendered to; nothing is kept."""
        ...

    @reads
    def get(self, job_id: UUID) -> TrainingJob:
        """Return one job."""
        ...

    @reads
    def find(self, wanted: TrainingJobFilter = NEWEST) -> TrainingJobPage:
        """Return a page of jobs, newest first unless sorted otherwise."""
        ...

    def trigger(self, job_id: UUID) -> TrainingJob:
        """Queue a job that is ready; `Conflict` in any other state."""
        ...

    def stop(self, job_id: UUID) -> TrainingJob:
        """Stop a queued or running job, which keeps the model that it has found by then.

        `Conflict` in any other state.
        """
        ...

    def extend(self, job_id: UUID, seconds: float) -> TrainingJob:
        """Train a job that has a model for so many more seconds, for a new version of it.

        It goes on from its finished fits. `Conflict` for a job that is under way or has no model.
        """
        ...

    def delete(self, job_id: UUID) -> None:
        """Delete a job that is not running, with its log, trials and snapshot."""
        ...

    @reads
    def logs(self, job_id: UUID, *, after: int = 0, limit: int = 1000) -> list[LogLine]:
        """Return log lines with ``seq > after``, oldest first."""
        ...

    @reads
    def trials(self, job_id: UUID) -> list[Trial]:
        """Return a job's trials in the order of fitting."""
        ...

    @reads
    def notebook(self, job_id: UUID) -> JobDocument:
        """Return a notebook that rebuilds a job's model with plain libraries.

        `Conflict` for a job without a model, or with one that no notebook can be made of.
        """
        ...

    @reads
    def report(self, job_id: UUID) -> JobDocument:
        """Return a job's report, one HTML file; `Conflict` for a job without a model."""
        ...


class Models(Protocol):
    """Deploy the models of finished jobs, and predict with them.

    Every verb may raise `Unavailable` when the way in or MLflow is closed.
    """

    def deploy(self, job_id: UUID) -> Deployment:
        """Put a job's model in the place of the one that is deployed under the same name.

        `NotFound` for an unknown job, `Conflict` for one that has no model.
        """
        ...

    @reads
    def get(self, name: str) -> Deployment:
        """Return one deployment; `NotFound` when nothing is deployed under this name."""
        ...

    def undeploy(self, name: str) -> Deployment:
        """End a deployment and return what it was; the model stays registered."""
        ...

    @reads
    def predict(self, name: str, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Predict rows, given by their columns, in their order.

        `NotFound` when nothing is deployed under this name, `InvalidInput` for rows that the model
        cannot take, `TimedOut` when it takes too long.
        """
        ...

    @reads
    def list(self) -> list[Deployment]:
        """Return every deployment, by name."""
        ...


class FeatureJobs(Protocol):
    """Ask the crew for a training table, review what it proposes and have it made."""

    def create(self, request: FeatureEngineeringRequest) -> FeatureEngineeringJob:
        """Start the crew; `InvalidInput` says what is wrong with the request."""
        ...

    @reads
    def get(self, job_id: UUID) -> FeatureEngineeringJob:
        """Return one job."""
        ...

    @reads
    def find(self, wanted: FeatureJobFilter = NEWEST_FEATURE_JOBS) -> FeatureEngineeringPage:
        """Return a page of jobs, newest first."""
        ...

    def edit(self, job_id: UUID, edits: RecipeEdits) -> FeatureEngineeringJob:
        """Change a proposal that waits for approval; it is validated anew."""
        ...

    def approve(self, job_id: UUID, approval: FeatureEngineeringApproval) -> FeatureEngineeringJob:
        """Apply edits and make the table; `Conflict` unless it is pending approval."""
        ...

    def retry(self, job_id: UUID) -> FeatureEngineeringJob:
        """Start a failed job anew; `Conflict` in any other state.

        The crew proposes once more, or makes the table that was approved, edits and all.
        """
        ...

    def delete(self, job_id: UUID) -> None:
        """Delete a job that nothing works on; a table that it made stays."""
        ...

    @reads
    def logs(self, job_id: UUID, *, after: int = 0, limit: int = 1000) -> list[LogLine]:
        """Return log lines with ``seq > after``, oldest first."""
        ...


class Data(Protocol):
    """Say what can be trained on, and where."""

    @reads
    def datasets(self) -> list[AutoMLDataset]:
        """Return files and tables to train on, with their counts."""
        ...

    @reads
    def sources(self) -> list[AutoMLSource]:
        """Return the configured sources, by name."""
        ...

    @reads
    def hardware(self) -> list[AutoMLHardware]:
        """Return the hardware profiles that jobs can be trained on."""
        ...


class Verbs(Protocol):
    """Everything that can be done, in groups."""

    @property
    def jobs(self) -> TrainingJobs:
        """Training jobs."""
        ...

    @property
    def models(self) -> Models:
        """Deployments."""
        ...

    @property
    def features(self) -> FeatureJobs:
        """Feature engineering jobs."""
        ...

    @property
    def data(self) -> Data:
        """Datasets, sources and hardware profiles."""
        ...
