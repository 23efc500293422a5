"""The calls of dialect A for feature engineering jobs."""
# mypy: disable-error-code="empty-body"

from uuid import UUID

from automl_magics.client.call import Calls, Mode, call
from automl_magics.client.pages import Pages
from automl_magics.contracts.features import (
    NEWEST_FEATURE_JOBS,
    FeatureEngineeringApproval,
    FeatureEngineeringApprovalResponse,
    FeatureEngineeringJob,
    FeatureEngineeringList,
    FeatureEngineeringPage,
    FeatureEngineeringProposal,
    FeatureEngineeringRequest,
    FeatureJobFilter,
    RecipeEdits,
)
from automl_magics.contracts.http import JobLogs, LogQuery
from automl_magics.contracts.lists import MAX_PAGE

PATH = "/api/automl/feature-engineering"
JOB = f"{PATH}/jobs/{{job_id}}"


class FeatureCalls(Calls[Mode]):
    """Ask the crew for a training table, review its proposal, have the table made."""

    @call("POST", PATH, patience=300)  # a request is checked against its tables' columns
    def create(self, body: FeatureEngineeringRequest) -> FeatureEngineeringProposal:
        """Start the crew; `InvalidInput` says what is wrong with the request."""

    @call("GET", f"{PATH}/jobs", polled=True)
    def find(self, query: FeatureJobFilter = NEWEST_FEATURE_JOBS) -> FeatureEngineeringList:
        """Return a page of proposals, newest first."""

    @call("GET", f"{PATH}/jobs", polled=True, always={"details": "true"})
    def find_details(self, query: FeatureJobFilter = NEWEST_FEATURE_JOBS) -> FeatureEngineeringPage:
        """Return a page of whole records."""

    iterate = Pages(find_details, FeatureEngineeringJob, FeatureJobFilter(limit=MAX_PAGE))
    """Every job that is wanted, as whole records, page by page."""

    @call("GET", JOB, polled=True)
    def get(self, job_id: UUID) -> FeatureEngineeringProposal:
        """Return one proposal."""

    @call("GET", f"{JOB}/details", polled=True)
    def details(self, job_id: UUID) -> FeatureEngineeringJob:
        """Return the whole record of one job."""

    @call("POST", f"{JOB}/edit", patience=300)  # the recipe is tried on a sample
    def edit(self, job_id: UUID, body: RecipeEdits) -> FeatureEngineeringProposal:
        """Change a proposal that waits for approval; it is validated anew."""

    @call("POST", f"{JOB}/approve", patience=300)  # edits are tried on a sample
    def approve(
        self, job_id: UUID, body: FeatureEngineeringApproval
    ) -> FeatureEngineeringApprovalResponse:
        """Apply edits and make the table; `Conflict` unless it is pending approval."""

    @call("POST", f"{JOB}/retry")
    def retry(self, job_id: UUID) -> FeatureEngineeringProposal:
        """Start the crew on a failed job anew; `Conflict` in any other state."""

    @call("DELETE", JOB)
    def delete(self, job_id: UUID) -> None:
        """Delete a job that nothing works on; `Conflict` otherwise."""

    @call("GET", f"{JOB}/logs", polled=True)
    def logs(self, job_id: UUID, query: LogQuery | None = None) -> JobLogs:
        """Return log lines with ``seq > after``, oldest first."""
