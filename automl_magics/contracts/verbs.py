"""The product's verbs for training jobs.

`automl_magics.service` does them, `automl_magics.client` asks a server to do them. Both have these
signatures, so a surface never knows which one it holds.
"""

from collections.abc import Collection
from typing import Protocol
from uuid import UUID

from automl_magics.contracts.enums import JobStatus
from automl_magics.contracts.training import (
    AutoMLTrainingRequest,
    LogLine,
    TrainingJob,
    TrainingJobPage,
    Trial,
)


class TrainingJobs(Protocol):
    """Create, watch and end training jobs.

    Every verb may raise `NotFound` for an unknown id and `Unavailable` when the way in is closed.
    """

    def create(self, request: AutoMLTrainingRequest) -> TrainingJob:
        """Check a request against its data and accept it; `InvalidInput` says what is wrong."""
        ...

    def get(self, job_id: UUID) -> TrainingJob:
        """Return one job."""
        ...

    def find(
        self,
        *,
        status: JobStatus | Collection[JobStatus] | None = None,
        domain: str | None = None,
        owner: str | None = None,
        name: str | None = None,
        search: str | None = None,
        limit: int = 20,
        offset: int = 0,
    ) -> TrainingJobPage:
        """Return a page of jobs, newest first.

        ``name`` matches exactly, ``search`` any part of the name or the source, or the start of
        the id.
        """
        ...

    def trigger(self, job_id: UUID) -> TrainingJob:
        """Queue a job that is ready; `Conflict` in any other state."""
        ...

    def stop(self, job_id: UUID) -> TrainingJob:
        """Stop a queued or running job; `Conflict` in any other state."""
        ...

    def delete(self, job_id: UUID) -> None:
        """Delete a job that is not running, with its log, trials and snapshot."""
        ...

    def logs(self, job_id: UUID, *, after: int = 0, limit: int = 1000) -> list[LogLine]:
        """Return log lines with ``seq > after``, oldest first."""
        ...

    def trials(self, job_id: UUID) -> list[Trial]:
        """Return a job's trials in the order of fitting."""
        ...
