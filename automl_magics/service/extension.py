"""Which jobs can be trained for longer, and what is asked of them then."""

from pydantic import ValidationError

from automl_magics.contracts.enums import ExecutorName
from automl_magics.contracts.errors import Conflict, InvalidInput
from automl_magics.contracts.training import AutoMLTrainingRequest, TrainingJob


def check_extendable(job: TrainingJob) -> None:
    """Raise `Conflict` unless a job has ended, with a model and fits to go on from."""
    if job.executor is not ExecutorName.KERNEL:
        raise Conflict(
            f"Job {job.name} ran in Airflow, which keeps no fits to go on from.",
            hint="Create a new job with a longer time limit.",
        )
    if job.is_ending or not job.status.is_terminal:
        raise Conflict(f"Job {job.name} has not ended.", hint="Wait for it, or stop it.")
    if not job.has_model or job.result is None:
        raise Conflict(
            f"Job {job.name} is {job.status} and has no model to go on from.",
            hint="Create a new job.",
        )


def extended(job: TrainingJob, seconds: float) -> AutoMLTrainingRequest:
    """Return a job's request with so many seconds beyond those that it has used.

    A number of trials, where it had one, no longer ends it. Raises `InvalidInput`.
    """
    used = 0.0 if job.result is None else job.result.seconds
    asked = job.request.model_dump() | {"time_limit": used + seconds, "max_trials": None}
    if seconds > 0:
        try:
            return AutoMLTrainingRequest.model_validate(asked)
        except ValidationError:
            pass  # the only field that is new is the time limit
    raise InvalidInput(
        f"A job cannot be extended by {seconds:g} s.",
        hint="Give more than 0 s; a job may train for a week in all.",
        field="seconds",
    )
