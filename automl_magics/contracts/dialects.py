"""How the one job record reads in each published API.

Dialect A is ``/api/automl`` (snake_case). Its vocabulary is smaller than the record's: a stopped
job reads ``failed`` there, and the preset ``high_quality`` reads ``best_quality``.

Dialect B is ``/api/v1/automl`` (camelCase). A ready job reads ``queued`` there; presets have other
names, and models to exclude go by AutoGluon's names.
"""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, get_args
from uuid import UUID

from pydantic.alias_generators import to_camel

from automl_magics.contracts import http, http_b
from automl_magics.contracts.data import Dataset
from automl_magics.contracts.enums import (
    AlgorithmName,
    AutoMLAlgorithm,
    ExecutorName,
    JobStatus,
    ModelFamily,
    PredictorType,
    Preset,
)
from automl_magics.contracts.errors import InvalidInput, did_you_mean
from automl_magics.contracts.hardware import HardwareProfile
from automl_magics.contracts.lists import SortColumn, TrainingJobPage
from automl_magics.contracts.models import Deployment
from automl_magics.contracts.shown import ShownJob, ShownPage
from automl_magics.contracts.sources import ListedSource
from automl_magics.contracts.training import AutoMLTrainingRequest, LogLine, TrainingJob

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
_STATUSES_B = {
    JobStatus.READY: http_b.AutoMLJobStatus.QUEUED,
    JobStatus.QUEUED: http_b.AutoMLJobStatus.QUEUED,
    JobStatus.RUNNING: http_b.AutoMLJobStatus.RUNNING,
    JobStatus.COMPLETE: http_b.AutoMLJobStatus.COMPLETED,
    JobStatus.FAILED: http_b.AutoMLJobStatus.FAILED,
    JobStatus.STOPPED: http_b.AutoMLJobStatus.STOPPED,
}
_PRESETS_B = {
    Preset.FAST: http_b.PresetB.MEDIUM_QUALITY,
    Preset.BALANCED: http_b.PresetB.GOOD_QUALITY,
    Preset.HIGH_QUALITY: http_b.PresetB.HIGH_QUALITY,
    Preset.BEST_QUALITY: http_b.PresetB.BEST_QUALITY,
}
_FAMILIES: Mapping[str, str | None] = {  # AutoGluon's names; None where we have no such model
    "GBM": "lightgbm",
    "GBM_PREP": "lightgbm",
    "LIGHTGBM": "lightgbm",
    "XGB": "xgboost",
    "XGBOOST": "xgboost",
    "VW": "vw",
    "KNN": "nearest_neighbors",
    "RF": "random_forest",
    "XT": "extra_trees",
    "LR": "linear",
    **dict.fromkeys(("NN_TORCH", "FASTAI"), "neural_network"),
    **dict.fromkeys(("CAT", "CATBOOST"), "catboost"),
    **dict.fromkeys(("TABM", "REALMLP", "TABPFNV2", "TABICL", "MITRA", "EBM"), None),
    **dict.fromkeys(("AG_AUTOMM", "FT_TRANSFORMER", "IM_RULEFIT", "IM_FIGS", "DUMMY"), None),
}
"""Models by the names that clients of dialect B know them by."""

_COLUMNS_B: Mapping[str, SortColumn] = {to_camel(column): column for column in get_args(SortColumn)}
_LONGEST_NAME = 240
_FIELDS_B = {"source_table": "dataset", "label_column": "targetColumn"}
_FIELDS_A = tuple(http.AutoMLTrainingJobResponse.model_fields)


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


def job_a(job: TrainingJob | ShownJob) -> http.AutoMLTrainingJobResponse:
    """Return the record as dialect A publishes it; what it holds has been checked before."""
    shared = {name: getattr(job, name) for name in _FIELDS_A}
    shared |= {"status": status_a(job.status), "preset": preset_a(job.preset)}
    return http.AutoMLTrainingJobResponse.model_construct(**shared)


def page_a(page: TrainingJobPage | ShownPage) -> http.AutoMLTrainingJobList:
    """Return a page of records as dialect A publishes it."""
    return http.AutoMLTrainingJobList(
        jobs=[job_a(job) for job in page.jobs],
        count=page.count,
        limit=page.limit,
        offset=page.offset,
    )


def status_b(status: JobStatus) -> http_b.AutoMLJobStatus:
    """Return a status as dialect B reads it."""
    return _STATUSES_B[status]


def statuses_read_as_b(published: http_b.AutoMLJobStatus) -> frozenset[JobStatus]:
    """Return every status of the record that dialect B reads as this one."""
    return frozenset(stored for stored in JobStatus if status_b(stored) is published)


def preset_b(preset: Preset) -> http_b.PresetB:
    """Return a preset as dialect B reads it."""
    return _PRESETS_B[preset]


def preset_of_b(published: http_b.PresetB) -> Preset:
    """Return the preset that dialect B calls so."""
    return next(preset for preset, name in _PRESETS_B.items() if name is published)


def job_b(job: TrainingJob | ShownJob) -> http_b.AutoMLJob:
    """Return the record as dialect B publishes it."""
    return http_b.AutoMLJob(
        **_summary_b(job),
        time_limit=math.ceil(job.request.time_limit or 0),
        error=job.error_message,
    )


def page_b(page: TrainingJobPage | ShownPage) -> http_b.AutoMLJobList:
    """Return a page of records as dialect B publishes it."""
    return http_b.AutoMLJobList(
        count=page.count,
        limit=page.limit,
        offset=page.offset,
        jobs=[http_b.AutoMLJobSummary(**_summary_b(job)) for job in page.jobs],
    )


def _summary_b(job: TrainingJob | ShownJob) -> dict[str, Any]:
    return {
        "id": job_id_b(job.job_id),
        "name": job.name,
        "status": status_b(job.status),
        "description": job.description,
        "dataset": job.request.dataset or job.source_table,
        "problem_type": job.problem_type,
        "predictor_type": job.request.predictor_type or PredictorType.TABULAR,
        "owner": job.owner,
        "organization_id": job.organization_id,
        "target_column": job.request.label_column,
        "preset": preset_b(job.preset),
        "started_at": job.started_at,
        "finished_at": job.finished_at,
        "created_at": job.created_at,
        "updated_at": job.updated_at,
    }


def created_b(job: TrainingJob) -> http_b.AutoMLJobCreated:
    """Return what dialect B answers when a job was created."""
    return http_b.AutoMLJobCreated(
        id=job_id_b(job.job_id),
        name=job.name,
        status=status_b(job.status),
        created_at=job.created_at,
    )


def stopped_b(job: TrainingJob) -> http_b.AutoMLJobStopped:
    """Return what dialect B answers when a job was stopped."""
    return http_b.AutoMLJobStopped(id=job_id_b(job.job_id), status=status_b(job.status))


def deployed_b(deployment: Deployment) -> http_b.AutoMLJobDeployed:
    """Return what dialect B answers when a job's model was deployed."""
    return http_b.AutoMLJobDeployed(
        id=job_id_b(deployment.job_id),
        model_id=model_id_b(deployment.job_id),
        model_name=deployment.name,
    )


def model_id_b(job_id: UUID) -> str:
    """Return the id of a job's model."""
    return f"model_{job_id.hex}"


def model_b(deployment: Deployment, url: str) -> http_b.AutoMLModel:
    """Return a deployment as dialect B tells of it; ``url`` is where it takes rows."""
    told = deployment.model_dump() | {
        "id": model_id_b(deployment.job_id),
        "job_id": job_id_b(deployment.job_id),
        "url": url,
    }
    return http_b.AutoMLModel.model_validate(told)


def deployment_of_b(model: http_b.AutoMLModel) -> Deployment:
    """Return the deployment that dialect B tells of."""
    told = model.model_dump() | {"job_id": parse_job_id(model.job_id)}
    return Deployment.model_validate(told)


def logs_b(job_id: UUID, lines: list[LogLine]) -> http_b.AutoMLJobLogs:
    """Return a stretch of a log as dialect B publishes it."""
    shown = [
        http_b.AutoMLLogLine(timestamp=line.timestamp, level=line.level, message=line.message)
        for line in lines
    ]
    return http_b.AutoMLJobLogs(job_id=job_id_b(job_id), logs=shown)


def stats_b(counts: Mapping[JobStatus, int]) -> http_b.AutoMLStats:
    """Return the numbers of jobs by status as dialect B publishes them."""
    read = {
        published.value: sum(counts.get(stored, 0) for stored in statuses_read_as_b(published))
        for published in http_b.AutoMLJobStatus
    }
    return http_b.AutoMLStats(
        total=sum(counts.values()),
        running=read["running"],
        completed=read["completed"],
        failed=read["failed"],
        queued=read["queued"],
    )


def hardware_b(profiles: Mapping[str, HardwareProfile]) -> http_b.AutoMLHardwareList:
    """Return hardware profiles, in which nothing is left open, as dialect B lists them."""
    shown = [
        http_b.AutoMLHardware(
            id=name,
            description=profile.description,
            executor=profile.executor or ExecutorName.KERNEL,
            threads=profile.threads or 1,
            memory_limit_bytes=profile.memory_limit,
            gpu=profile.gpu,
            airflow_pool=profile.airflow_pool,
            airflow_queue=profile.airflow_queue,
        )
        for name, profile in profiles.items()
    ]
    return http_b.AutoMLHardwareList(hardware=shown)


def sources_b(sources: Sequence[ListedSource]) -> http_b.AutoMLSourceList:
    """Return the sources as dialect B lists them: their addresses stay where they are set."""
    shown = [http_b.AutoMLSource(id=one.name, kind=one.kind, error=one.error) for one in sources]
    return http_b.AutoMLSourceList(sources=shown)


def datasets_b(datasets: list[Dataset]) -> http_b.AutoMLDatasetList:
    """Return the datasets as dialect B publishes them."""
    shown = [
        http_b.AutoMLDataset(
            id=dataset.dataset_id,
            name=dataset.name,
            rows=dataset.rows,
            columns=dataset.columns,
            size_bytes=dataset.size_bytes,
            format=dataset.format,
            created_at=dataset.created_at,
        )
        for dataset in datasets
    ]
    return http_b.AutoMLDatasetList(datasets=shown)


def request_of_b(asked: http_b.AutoMLJobCreate, source_table: str) -> AutoMLTrainingRequest:
    """Return the request that dialect B's body makes.

    ``source_table`` is what its dataset stands for. Raises `InvalidInput` for a model that nobody
    knows.
    """
    options = asked.advanced.model_dump(exclude={"exclude_models"})
    return AutoMLTrainingRequest(
        source_table=source_table,
        dataset=asked.dataset,
        label_column=asked.label_column or asked.target_column,
        feature_columns=asked.feature_columns,
        problem_type=asked.problem_type,
        predictor_type=asked.predictor_type,
        preset=preset_of_b(asked.preset),
        name=asked.name,
        description=asked.description,
        time_limit=asked.time_limit,
        metric=asked.metric,
        hardware=asked.hardware,
        registered_model_name=model_name_b(asked.name),
        exclude_algorithms=excluded_by_b(asked.advanced.exclude_models),
        **options,
    )


def model_name_b(job_name: str) -> str:
    """Return what dialect B calls a job's model, in letters that MLflow's registry takes."""
    return re.sub(r"[/:.]", "-", job_name)[:_LONGEST_NAME] + " - Best"


def excluded_by_b(models: list[str]) -> list[AlgorithmName]:
    """Return the algorithms and families that dialect B's names of models stand for.

    A model that we do not have excludes nothing. Raises `InvalidInput` for a name that nobody
    knows, which is a typing error more often than not.
    """
    ours: dict[str, AlgorithmName] = {
        **{name.value: name for name in ModelFamily},
        **{name.value: name for name in AutoMLAlgorithm},
    }
    excluded: dict[AlgorithmName, None] = {}
    for model in models:
        if model.lower() in ours:
            excluded[ours[model.lower()]] = None
        elif model.upper() in _FAMILIES:
            family = _FAMILIES[model.upper()]
            members = [name for value, name in ours.items() if family and value.startswith(family)]
            excluded.update(dict.fromkeys(members))
        else:
            raise InvalidInput(
                f"There is no model {model!r}.",
                hint=did_you_mean(model, [*_FAMILIES, *ours]),
                field="exclude_algorithms",
            )
    return list(excluded)


def place_in_b(field: str) -> tuple[str, ...]:
    """Return where a field of the request stands in dialect B's body."""
    if field == "exclude_algorithms":
        return ("advanced", "excludeModels")
    name = _FIELDS_B.get(field, to_camel(field))
    advanced = {to_camel(option) for option in http_b.AdvancedOptions.model_fields}
    return ("advanced", name) if name in advanced else (name,)


def sort_of_b(sort: str) -> tuple[SortColumn, bool]:
    """Return the column that dialect B sorts by, and whether it goes down."""
    name, _, direction = sort.partition(":")
    return _COLUMNS_B[name], direction == "desc"
