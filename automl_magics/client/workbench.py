"""The calls of dialect B."""
# mypy: disable-error-code="empty-body"

from uuid import UUID

from automl_magics.client.call import Calls, Mode, call
from automl_magics.client.pages import Pages
from automl_magics.contracts.http_b import (
    AutoMLDatasetList,
    AutoMLHardwareList,
    AutoMLJob,
    AutoMLJobCreate,
    AutoMLJobCreated,
    AutoMLJobDeployed,
    AutoMLJobList,
    AutoMLJobListQuery,
    AutoMLJobLogs,
    AutoMLJobStopped,
    AutoMLJobSummary,
    AutoMLLogQuery,
    AutoMLSourceList,
    AutoMLStats,
)
from automl_magics.contracts.lists import MAX_PAGE

PATH = "/api/v1/automl"
JOB = f"{PATH}/jobs/{{id}}"
JobId = UUID | str
"""A job's id, or ``aml_`` and its hex digits."""


class WorkbenchCalls(Calls[Mode]):
    """Jobs as the workbench sees them: an access key does where the token does."""

    @call("POST", f"{PATH}/jobs", patience=300)
    def create(self, body: AutoMLJobCreate) -> AutoMLJobCreated:
        """Create a job; `InvalidInput` says what is wrong."""

    @call("GET", f"{PATH}/jobs", polled=True)
    def find(self, query: AutoMLJobListQuery | None = None) -> AutoMLJobList:
        """Return a page of jobs, newest first unless sorted otherwise."""

    iterate = Pages(find, AutoMLJobSummary, AutoMLJobListQuery(limit=MAX_PAGE))
    """Every job that is wanted, page by page."""

    @call("GET", JOB, polled=True)
    def get(self, job_id: JobId) -> AutoMLJob:
        """Return one job."""

    @call("DELETE", JOB)
    def delete(self, job_id: JobId) -> None:
        """Delete a job that is not running; `Conflict` for one that is."""

    @call("POST", f"{JOB}/stop")
    def stop(self, job_id: JobId) -> AutoMLJobStopped:
        """Stop a queued or running job; `Conflict` in any other state."""

    @call("POST", f"{JOB}/trigger")
    def trigger(self, job_id: JobId) -> AutoMLJob:
        """Queue a job that waits to be triggered; `Conflict` in any other state."""

    @call("POST", f"{JOB}/deploy", patience=300)
    def deploy(self, job_id: JobId) -> AutoMLJobDeployed:
        """Deploy the best model of a completed job; `Conflict` in any other state."""

    @call("GET", f"{JOB}/logs", polled=True)
    def logs(self, job_id: JobId, query: AutoMLLogQuery | None = None) -> AutoMLJobLogs:
        """Return a job's last log lines, or the first ones after a moment."""

    @call("GET", f"{PATH}/stats", polled=True)
    def stats(self) -> AutoMLStats:
        """Return how many jobs there are."""

    @call("GET", f"{PATH}/datasets", patience=120)
    def datasets(self) -> AutoMLDatasetList:
        """Return what can be trained on."""

    @call("GET", f"{PATH}/sources")
    def sources(self) -> AutoMLSourceList:
        """Return the configured sources, by name."""

    @call("GET", f"{PATH}/hardware")
    def hardware(self) -> AutoMLHardwareList:
        """Return the hardware profiles that jobs can be trained on."""
