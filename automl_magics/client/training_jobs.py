"""The calls of dialect A for training jobs."""
# mypy: disable-error-code="empty-body"

from uuid import UUID

from automl_magics.client.call import Calls, Credential, Mode, call
from automl_magics.client.pages import Pages
from automl_magics.contracts.airflow import TrainingPreview
from automl_magics.contracts.documents import JobDocument
from automl_magics.contracts.events import TrainingEvents, TrainingEventsAccepted
from automl_magics.contracts.http import (
    AutoMLTrainingJobList,
    AutoMLTrainingJobResponse,
    AutoMLTrainingStatusUpdate,
    JobLogs,
    JobTrials,
    LogQuery,
    SourceLook,
    SourceQuestion,
    TrainingCheck,
    TrainingExtension,
)
from automl_magics.contracts.lists import MAX_PAGE, NEWEST, TrainingJobFilter, TrainingJobPage
from automl_magics.contracts.training import AutoMLTrainingRequest, TrainingJob

PATH = "/api/automl/train"
JOB = f"{PATH}/jobs/{{job_id}}"


class TrainingJobCalls(Calls[Mode]):
    """Create, watch and end training jobs."""

    @call("POST", PATH, patience=300)  # a request is checked against its data, which may be much
    def create(self, body: AutoMLTrainingRequest) -> AutoMLTrainingJobResponse:
        """Check a request against its data and accept it; `InvalidInput` says what is wrong."""

    @call("POST", f"{PATH}/preview", patience=300)
    def preview(self, body: AutoMLTrainingRequest) -> TrainingPreview:
        """Render the DAG of a request without keeping anything."""

    @call("POST", f"{PATH}/check", patience=300)
    def check(self, body: AutoMLTrainingRequest) -> TrainingCheck:
        """Check a request against its data as `create` does, without keeping anything."""

    @call("POST", f"{PATH}/source", patience=60)
    def look_at_source(self, body: SourceQuestion) -> SourceLook:
        """Return the columns and the first rows of what one could train on."""

    @call("GET", f"{PATH}/jobs", polled=True)
    def find(self, query: TrainingJobFilter = NEWEST) -> AutoMLTrainingJobList:
        """Return a page of jobs, newest first unless sorted otherwise."""

    @call("GET", f"{PATH}/jobs", polled=True, always={"details": "true"})
    def find_details(self, query: TrainingJobFilter = NEWEST) -> TrainingJobPage:
        """Return a page of whole records."""

    iterate = Pages(find_details, TrainingJob, TrainingJobFilter(limit=MAX_PAGE))
    """Every job that is wanted, as whole records, page by page."""

    @call("GET", JOB, polled=True)
    def get(self, job_id: UUID) -> AutoMLTrainingJobResponse:
        """Return one job."""

    @call("GET", f"{JOB}/details", polled=True)
    def details(self, job_id: UUID) -> TrainingJob:
        """Return the whole record of one job."""

    @call("DELETE", JOB)
    def delete(self, job_id: UUID) -> None:
        """Delete a job that is not running; `Conflict` for one that is."""

    @call("POST", f"{JOB}/trigger")
    def trigger(self, job_id: UUID) -> AutoMLTrainingJobResponse:
        """Queue a job that is ready; `Conflict` in any other state."""

    @call("POST", f"{JOB}/stop")
    def stop(self, job_id: UUID) -> AutoMLTrainingJobResponse:
        """Stop a queued or running job; `Conflict` in any other state."""

    @call("POST", f"{JOB}/extend")
    def extend(self, job_id: UUID, body: TrainingExtension) -> AutoMLTrainingJobResponse:
        """Train a job that has a model for longer; `Conflict` for one under way or without."""

    @call("GET", f"{JOB}/logs", polled=True)
    def logs(self, job_id: UUID, query: LogQuery | None = None) -> JobLogs:
        """Return log lines with ``seq > after``, oldest first."""

    @call("GET", f"{JOB}/trials", polled=True)
    def trials(self, job_id: UUID) -> JobTrials:
        """Return a job's trials in the order of fitting."""

    @call("GET", f"{JOB}/notebook", patience=60)
    def notebook(self, job_id: UUID) -> JobDocument:
        """Return a notebook that rebuilds a job's model with plain libraries."""

    @call("GET", f"{JOB}/report", patience=60)
    def report_document(self, job_id: UUID) -> JobDocument:
        """Return a job's report, one HTML file."""

    @call("PUT", f"{JOB}/status", credential=Credential.PSK)
    def write_status(
        self, job_id: UUID, body: AutoMLTrainingStatusUpdate
    ) -> AutoMLTrainingJobResponse:
        """Write a job's status back, as a worker; a repeat changes nothing."""

    @call("POST", f"{JOB}/events", credential=Credential.PSK)
    def report(self, job_id: UUID, body: TrainingEvents) -> TrainingEventsAccepted:
        """Tell what a remote worker does; what was told before is passed over."""
