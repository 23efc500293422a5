"""What the dispatcher asks of a place where training runs."""

from typing import Protocol

from automl_magics.contracts.training import TrainingJob


class Executor(Protocol):
    """Starts workers, sees whether they live, and ends them."""

    @property
    def outlives_dispatcher(self) -> bool:
        """True when workers go on elsewhere while no dispatcher is there, and are left to."""
        ...

    @property
    def max_jobs(self) -> int:
        """How many jobs it runs at once."""
        ...

    async def start(self, job: TrainingJob) -> None:
        """Start the worker of a claimed job and return when it is under way.

        Raises
        ------
        Unavailable
            When it cannot be started now and nothing was; a job that was triggered by somebody is
            ready again then, any other one has failed.
        AutoMLError
            When it cannot be started; the job has failed then, with that reason.
        """
        ...

    async def watch(self, job: TrainingJob) -> str | None:
        """Return why a queued or running job can get no further, or None while all is well."""
        ...

    async def end(self, job: TrainingJob, *, grace: float) -> None:
        """Free what a job holds, after giving its worker ``grace`` seconds to end by itself."""
        ...
