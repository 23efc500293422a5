"""The product's verbs (see `automl_magics.contracts.verbs`), done by a server."""

from uuid import UUID

from automl_magics.client import AutoMLClient
from automl_magics.contracts.http import LogQuery
from automl_magics.contracts.lists import NEWEST, TrainingJobFilter, TrainingJobPage
from automl_magics.contracts.training import AutoMLTrainingRequest, LogLine, TrainingJob, Trial


class RemoteTrainingJobs:
    """Training jobs of a server, as whole records (see `TrainingJobs`)."""

    def __init__(self, client: AutoMLClient) -> None:
        self._calls = client.training_jobs

    def create(self, request: AutoMLTrainingRequest) -> TrainingJob:
        """Check a request against its data and accept it; `InvalidInput` says what is wrong."""
        return self.get(self._calls.create(request).job_id)

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

    def delete(self, job_id: UUID) -> None:
        """Delete a job that is not running, with its log, trials and snapshot."""
        self._calls.delete(job_id)

    def logs(self, job_id: UUID, *, after: int = 0, limit: int = 1000) -> list[LogLine]:
        """Return log lines with ``seq > after``, oldest first."""
        return self._calls.logs(job_id, LogQuery(after=after, limit=limit)).logs

    def trials(self, job_id: UUID) -> list[Trial]:
        """Return a job's trials in the order of fitting."""
        return self._calls.trials(job_id).trials
