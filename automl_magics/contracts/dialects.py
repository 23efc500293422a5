"""How the one job record reads in each published API.

Dialect A is ``/api/automl`` (snake_case). Its vocabulary is smaller than the record's: a stopped
job reads ``failed`` there, and the preset ``high_quality`` reads ``best_quality``.
"""

import re
from uuid import UUID

from automl_magics.contracts import http
from automl_magics.contracts.enums import JobStatus, Preset
from automl_magics.contracts.errors import InvalidInput
from automl_magics.contracts.training import TrainingJob, TrainingJobPage

_JOB_ID = re.compile(
    r"(?:aml_)?[0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    re.IGNORECASE,
)
_PRESETS_A = {
    Preset.FAST: http.Preset.FAST,
    Preset.BALANCED: http.Preset.BALANCED,
    Preset.HIGH_QUALITY: http.Preset.BEST_QUALITY,
    Preset.BEST_QUALITY: http.Preset.BEST_QUALITY,
}


def parse_job_id(text: str) -> UUID:
    """Return the id that ``text`` writes, as a UUID or as ``aml_`` and its hex.

    Raises `InvalidInput` for anything else.
    """
    if not _JOB_ID.fullmatch(text):
        raise InvalidInput(
            "The job id is malformed.",
            hint="It is a UUID, or aml_ and the UUID's 32 hexadecimal digits.",
            field="job_id",
        )
    return UUID(text[-32:] if "-" not in text else text)


def job_id_b(job_id: UUID) -> str:
    """Return the id as dialect B writes it."""
    return f"aml_{job_id.hex}"


def status_a(status: JobStatus) -> http.AutoMLTrainingJobStatus:
    """Return a status as dialect A reads it."""
    if status is JobStatus.STOPPED:
        return http.AutoMLTrainingJobStatus.FAILED
    return http.AutoMLTrainingJobStatus(status.value)


def statuses_read_as(*published: http.AutoMLTrainingJobStatus) -> frozenset[JobStatus]:
    """Return every status of the record that dialect A reads as one of these."""
    return frozenset(stored for stored in JobStatus if status_a(stored) in published)


def preset_a(preset: Preset) -> http.Preset:
    """Return a preset as dialect A reads it."""
    return _PRESETS_A[preset]


def job_a(job: TrainingJob) -> http.AutoMLTrainingJobResponse:
    """Return the record as dialect A publishes it."""
    shared = {name: getattr(job, name) for name in http.AutoMLTrainingJobResponse.model_fields}
    return http.AutoMLTrainingJobResponse.model_validate(
        {**shared, "status": status_a(job.status), "preset": preset_a(job.preset)}
    )


def page_a(page: TrainingJobPage) -> http.AutoMLTrainingJobList:
    """Return a page of records as dialect A publishes it."""
    return http.AutoMLTrainingJobList(
        jobs=[job_a(job) for job in page.jobs],
        count=page.count,
        limit=page.limit,
        offset=page.offset,
    )
