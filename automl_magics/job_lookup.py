"""Which job a person means: by name (the newest of that name), by id, or by the id's start."""

import re
from uuid import UUID

from automl_magics.contracts.errors import NotFound, UsageError, did_you_mean
from automl_magics.contracts.lists import MAX_PAGE, TrainingJobFilter
from automl_magics.contracts.training import TrainingJob
from automl_magics.contracts.verbs import TrainingJobs

PREFIX = 8
"""The least characters of an id that name a job."""

_ID = re.compile(rf"(?:aml_)?([0-9a-f]{{{PREFIX},32}})", re.IGNORECASE)


def find_job(jobs: TrainingJobs, text: str) -> TrainingJob:
    """Return the job that ``text`` names.

    Raises
    ------
    NotFound
        No such job; the nearest names are in the hint.
    UsageError
        More than one job's id begins so.
    """
    text = text.strip()
    named = jobs.find(TrainingJobFilter(name=text, limit=1)).jobs if text else []
    if named:
        return named[0]
    digits = _ID.fullmatch(text.replace("-", ""))
    if digits and (found := _by_id(jobs, digits[1].lower())) is not None:
        return found
    known = dict.fromkeys(job.name for job in jobs.find(TrainingJobFilter(limit=MAX_PAGE)).jobs)
    raise NotFound(
        f"There is no job {text!r}.",
        hint=did_you_mean(text, known) or "There are no jobs yet.",
    )


def _by_id(jobs: TrainingJobs, digits: str) -> TrainingJob | None:
    if len(digits) == 32:
        try:
            return jobs.get(UUID(digits))
        except NotFound:
            return None
    near = jobs.find(TrainingJobFilter(search=digits[:PREFIX], limit=MAX_PAGE)).jobs
    found = [job for job in near if job.job_id.hex.startswith(digits)]
    if len(found) > 1:
        message = f"{len(found)} jobs' ids begin with {digits}."
        raise UsageError(message, hint="Give more of the id.")
    return found[0] if found else None
