"""Where the rows of a request or of a job come from."""

from dataclasses import replace
from pathlib import Path

from automl_magics.contracts.training import AutoMLTrainingRequest, TrainingJob
from automl_magics.data.source import Source
from automl_magics.data.sources.configured import configured_sources
from automl_magics.data.staging import open_staged
from automl_magics.settings import Settings
from automl_magics.store import Store

STAGED = "source"
"""The folder within a job's own that its staged source is moved to."""


def source_of_request(
    settings: Settings, request: AutoMLTrainingRequest, root: Path | None
) -> Source:
    """Return the source of a request that is not a job yet, staged or confined to ``root``."""
    if request.staged_source is not None:
        place = settings.staged_folder(request.staged_source)
        return open_staged(place, request.source_table, settings)
    return _confined(settings, request.source_table, root)


def source_of_job(settings: Settings, store: Store, job: TrainingJob) -> Source:
    """Return a job's source, as its worker reads it: with half of the memory that it may use."""
    if job.request.staged_source is not None:
        place = settings.job_folder(job.job_id) / STAGED
        source = open_staged(place, job.source_table, settings)
    else:
        source = _confined(settings, job.source_table, store.jobs.source_root(job.job_id))
    limit = settings.profile(job.request.hardware).memory_limit
    return source if limit is None else replace(source, memory_limit=limit // 2)


def source_of_table(
    settings: Settings, text: str, *, root: Path | None, staged: Path | None
) -> Source:
    """Return one source table of a feature engineering job, staged in a folder or confined."""
    if staged is not None:
        return open_staged(staged, text, settings)
    return _confined(settings, text, root)


def _confined(settings: Settings, text: str, root: Path | None) -> Source:
    if root is None:
        msg = "a source that is not staged is confined to a root"
        raise ValueError(msg)
    return Source(
        text,
        root,
        root=root,
        workspace=settings.workspace_path,
        sources=configured_sources(settings),
    )
