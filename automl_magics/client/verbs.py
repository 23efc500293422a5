"""The product's verbs (see `automl_magics.contracts.verbs`), done by a server."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from automl_magics.client import AutoMLClient
from automl_magics.contracts.dialects import deployment_of_b
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
from automl_magics.contracts.http import LogQuery, TrainingExtension
from automl_magics.contracts.http_b import AutoMLDataset, AutoMLHardware, AutoMLSource
from automl_magics.contracts.lists import NEWEST, TrainingJobFilter, TrainingJobPage
from automl_magics.contracts.models import Deployment
from automl_magics.contracts.training import AutoMLTrainingRequest, LogLine, TrainingJob, Trial


class RemoteVerbs:
    """The verbs of the product, done by a server (see `automl_magics.contracts.verbs.Verbs`)."""

    def __init__(self, client: AutoMLClient) -> None:
        self.jobs = RemoteTrainingJobs(client)
        self.models = RemoteModels(client)
        self.features = RemoteFeatureJobs(client)
        self.data = RemoteData(client)


class RemoteTrainingJobs:
    """Training jobs of a server, as whole records (see `TrainingJobs`)."""

    def __init__(self, client: AutoMLClient) -> None:
        self._calls = client.training_jobs

    def create(self, request: AutoMLTrainingRequest) -> TrainingJob:
        """Check a request against its data and accept it; `InvalidInput` says what is wrong."""
        return self.get(self._calls.create(request).job_id)

    def preview(self, request: AutoMLTrainingRequest) -> str:
        """Return the Airflow DAG that a request would be rendered to; nothing is kept."""
        return self._calls.preview(request).rendered_dag

    def get(self, job_id: UUID) -> TrainingJob:
        """Return one job."""
        return self._calls.details(job_id)

    def find(self, wanted: TrainingJobFilter = NEWEST) -> TrainingJobPage:
        """Return a page of jobs, newest first unless sorted otherwise."""
        return self._calls.find_details(wanted)

    def trigger(self, job_id: UUID) -> TrainingJob:
        """Queue a job that is ready; `Conflict` in any other state."""
        self._calls.trigger(job_id)
        return self.get(job_id)

    def stop(self, job_id: UUID) -> TrainingJob:
        """Stop a queued or running job; `Conflict` in any other state."""
        self._calls.stop(job_id)
        return self.get(job_id)

    def extend(self, job_id: UUID, seconds: float) -> TrainingJob:
        """Train a job that has a model for so many more seconds, for a new version of it."""
        self._calls.extend(job_id, TrainingExtension(seconds=seconds))
        return self.get(job_id)

    def delete(self, job_id: UUID) -> None:
        """Delete a job that is not running, with its log, trials and snapshot."""
        self._calls.delete(job_id)

    def logs(self, job_id: UUID, *, after: int = 0, limit: int = 1000) -> list[LogLine]:
        """Return log lines with ``seq > after``, oldest first."""
        return self._calls.logs(job_id, LogQuery(after=after, limit=limit)).logs

    def trials(self, job_id: UUID) -> list[Trial]:
        """Return a job's trials in the order of fitting."""
        return self._calls.trials(job_id).trials

    def notebook(self, job_id: UUID) -> JobDocument:
        """Return a notebook that rebuilds a job's model with plain libraries."""
        return self._calls.notebook(job_id)

    def report(self, job_id: UUID) -> JobDocument:
        """Return a job's report, one HTML file; `Conflict` for a job without a model."""
        return self._calls.report_document(job_id)


class RemoteModels:
    """Deployments on a server (see `Models`)."""

    def __init__(self, client: AutoMLClient) -> None:
        self._jobs, self._calls = client.workbench, client.models

    def deploy(self, job_id: UUID) -> Deployment:
        """Put a job's model in the place of the one that is deployed under the same name."""
        return self.get(self._jobs.deploy(job_id).model_name)

    def get(self, name: str) -> Deployment:
        """Return one deployment; `NotFound` when nothing is deployed under this name."""
        return deployment_of_b(self._calls.get(name))

    def undeploy(self, name: str) -> Deployment:
        """End a deployment and return what it was; the model stays registered."""
        ended = self.get(name)
        self._calls.undeploy(name)
        return ended

    def predict(self, name: str, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Predict rows, given by their columns, in their order."""
        return self._calls.invoke(name, {"dataframe_records": rows}).predictions

    def list(self) -> list[Deployment]:
        """Return every deployment, by name."""
        return [deployment_of_b(model) for model in self._calls.find().models]


class RemoteFeatureJobs:
    """Feature engineering jobs of a server, as whole records (see `FeatureJobs`)."""

    def __init__(self, client: AutoMLClient) -> None:
        self._calls = client.features

    def create(self, request: FeatureEngineeringRequest) -> FeatureEngineeringJob:
        """Start the crew; `InvalidInput` says what is wrong with the request."""
        return self.get(self._calls.create(request).job_id)

    def get(self, job_id: UUID) -> FeatureEngineeringJob:
        """Return one job."""
        return self._calls.details(job_id)

    def find(self, wanted: FeatureJobFilter = NEWEST_FEATURE_JOBS) -> FeatureEngineeringPage:
        """Return a page of jobs, newest first."""
        return self._calls.find_details(wanted)

    def edit(self, job_id: UUID, edits: RecipeEdits) -> FeatureEngineeringJob:
        """Change a proposal that waits for approval; it is validated anew."""
        self._calls.edit(job_id, edits)
        return self.get(job_id)

    def approve(self, job_id: UUID, approval: FeatureEngineeringApproval) -> FeatureEngineeringJob:
        """Apply edits and make the table; `Conflict` unless it is pending approval."""
        self._calls.approve(job_id, approval)
        return self.get(job_id)

    def retry(self, job_id: UUID) -> FeatureEngineeringJob:
        """Start the crew on a failed job anew; `Conflict` in any other state."""
        self._calls.retry(job_id)
        return self.get(job_id)

    def delete(self, job_id: UUID) -> None:
        """Delete a job that nothing works on; a table that it made stays."""
        self._calls.delete(job_id)

    def logs(self, job_id: UUID, *, after: int = 0, limit: int = 1000) -> list[LogLine]:
        """Return log lines with ``seq > after``, oldest first."""
        return self._calls.logs(job_id, LogQuery(after=after, limit=limit)).logs


class RemoteData:
    """What can be trained on by a server (see `Data`)."""

    def __init__(self, client: AutoMLClient) -> None:
        self._calls = client.workbench

    def datasets(self) -> list[AutoMLDataset]:
        """Return files and tables to train on, with their counts."""
        return self._calls.datasets().datasets

    def sources(self) -> list[AutoMLSource]:
        """Return the configured sources, by name."""
        return self._calls.sources().sources

    def hardware(self) -> list[AutoMLHardware]:
        """Return the hardware profiles that jobs can be trained on."""
        return self._calls.hardware().hardware
