"""What there is to tell of a job."""

from automl_magics.contracts.errors import Conflict
from automl_magics.contracts.training import TrainingJob, TrainingResult


def result_of(job: TrainingJob) -> TrainingResult:
    """Return what a job has found; `Conflict` where that is nothing yet."""
    if job.result is None:
        raise Conflict(
            f"{job.name} is {job.status} and has no model.",
            hint="Its log says why." if job.status.is_terminal else "Wait for it.",
        )
    return job.result
