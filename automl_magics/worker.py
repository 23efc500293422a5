"""What runs inside a background kernel: read, train, track, report.

The worker is given a job's id and needs nobody listening. It snapshots the rows, trains within the
time limit, registers the model in MLflow and writes to the store how it went.
"""

import logging
import math
import os
import shutil
import threading
import traceback
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from automl_magics.contracts.enums import LogLevel, Phase
from automl_magics.contracts.errors import AutoMLError, Conflict, NotFound, first_line
from automl_magics.contracts.hardware import LOCAL
from automl_magics.contracts.training import Progress, Snapshot, TrainingJob
from automl_magics.data.snapshot import SNAPSHOT_FILE, describe_snapshot, take_snapshot
from automl_magics.job_networks import networks_of
from automl_magics.memory_guard import memory_bound
from automl_magics.reporting import StoreReporter
from automl_magics.service.source_of import source_of_job
from automl_magics.settings import Settings
from automl_magics.store import Store
from automl_magics.tracking import MODEL_FOLDER, Example
from automl_magics.tracking_process import TrackingProcess
from automl_magics.training.budget import Budget
from automl_magics.training.task import Task

if TYPE_CHECKING:
    import pyarrow as pa

    from automl_magics.training.batches import StoredRows

RESERVE = 2.0
"""Seconds of the budget kept for saving and registering, at most a fifth of it."""

SLOW_SHARE = 0.35
"""Of the budget, at most, for saving and registering where the machine is slow or busy."""

ABANDONED = 20.0
"""Seconds after which a finished worker that nobody has ended ends its own process."""

FITS_FOLDER = "fits"
"""Where a job keeps its finished fits, in its own folder, so that it can go on from them."""

UNREGISTERED_FOLDER = "unregistered"
"""Where a model lies, in the job's folder, until MLflow has it."""

TRACEBACK = "traceback.log"
"""Where an unexpected failure is told in full, in the job's folder; logs are read by others too."""

logger = logging.getLogger(__name__)


def run(job_id: str, attempt: int, kernel_id: str | None = None) -> None:
    """Do one attempt at a job; how it ended stands in the store."""
    settings = Settings()
    store = Store.open(settings)
    reporter = StoreReporter(store, UUID(job_id), attempt, ends_process=kernel_id is not None)
    try:
        job = reporter.started(kernel_id)
    except (Conflict, NotFound) as error:
        logger.info("job %s is not to be started: %s", job_id, error)
    else:
        _work(settings, store, job, reporter, ends_process=kernel_id is not None)
    if kernel_id is not None:
        _end_when_abandoned()


def _work(
    settings: Settings,
    store: Store,
    job: TrainingJob,
    reporter: StoreReporter,
    *,
    ends_process: bool,
) -> None:
    """Train, and write down whatever goes wrong."""

    def over() -> None:
        reporter.failed(_too_much_memory(settings, job))
        if ends_process:  # at once, lest the machine runs out of memory meanwhile
            os._exit(1)

    with reporter:
        try:
            with memory_bound(settings.profile(job.request.hardware).memory_limit, over):
                _train(settings, store, job, reporter)
        except Exception as error:  # noqa: BLE001 - the job must not be left running
            if not isinstance(error, AutoMLError | MemoryError):
                with (settings.job_folder(job.job_id) / TRACEBACK).open("a") as file:
                    traceback.print_exc(file=file)
            reporter.failed(in_words(error))


def _too_much_memory(settings: Settings, job: TrainingJob) -> str:
    name = job.request.hardware or LOCAL
    limit = settings.profile(name).memory_limit
    allowed = limit.human_readable(decimal=True) if limit is not None else "memory"
    return (
        f"Training took more than the {allowed} that the hardware profile {name!r} allows. "
        "Train on fewer rows or columns, or on another profile."
    )


def in_words(error: Exception) -> str:
    """Return what is told of an error that ended a job."""
    if isinstance(error, AutoMLError):
        return str(error)
    if isinstance(error, MemoryError):
        return "There was not enough memory. Train on fewer rows or columns."
    return f"Unexpected {type(error).__name__}: {first_line(error)}"


def _train(settings: Settings, store: Store, job: TrainingJob, reporter: StoreReporter) -> None:
    limit = job.request.time_limit
    budget = Budget(
        limit or math.inf,
        reserve=_reserve(limit, 0.0),
        used=job.result.seconds if job.is_extension and job.result is not None else 0.0,
        stop=reporter.unwanted,
    )
    reporter.progress(Progress(phase=Phase.READING, time_limit=limit))
    with TrackingProcess(settings, job) as tracking:
        with budget.spend("reading the data"):
            snapshot = _snapshot(settings, store, job, reporter)
        with budget.spend("loading libraries"):
            from automl_magics.training.batches import StoredRows
            from automl_magics.training.engine import load_libraries, train

            load_libraries(job.problem_type, job.algorithm)
        budget.reserve = _reserve(limit, budget.spent("loading libraries"))
        with budget.spend("reading the data"):
            task = replace(
                Task.from_request(job.request),
                memory_limit=settings.profile(job.request.hardware).memory_limit,
                networks=networks_of(job, settings.networks),
            )
            table = rows_to_train(job, snapshot)
        tracking.check()
        kept = settings.job_folder(job.job_id) / FITS_FOLDER
        outcome = train(
            table,
            task,
            budget=budget,
            reporter=reporter,
            threads=settings.threads(job.request.hardware),
            keep=kept,
        )
        if reporter.superseded():
            return
        reporter.progress(_registering(budget.elapsed, limit, store, job))
        with budget.spend("registering"):
            folder = settings.job_folder(job.job_id) / UNREGISTERED_FOLDER / MODEL_FOLDER
            shutil.rmtree(folder, ignore_errors=True)
            outcome.model.save(folder)
            if reporter.superseded():
                return
            tracked = tracking.record(
                job=job.model_copy(update={"snapshot": snapshot}),
                result=outcome.result,
                trials=store.journal.trials(job.job_id),
                model_folder=folder,
                test_predictions=outcome.test_predictions,
                example=Example.of(StoredRows(snapshot.path)),
            )
    _put_in_place(folder, settings.job_folder(job.job_id) / MODEL_FOLDER)
    result = outcome.result.model_copy(update={"ledger": budget.ledger, "seconds": budget.elapsed})
    reporter.log(LogLevel.INFO, f"Registered {tracked.name} version {tracked.version}.")
    reporter.completed(
        result,
        mlflow_run_id=tracked.run_id,
        registered_model_name=tracked.name,
        registered_model_version=tracked.version,
    )


def _snapshot(
    settings: Settings, store: Store, job: TrainingJob, reporter: StoreReporter
) -> Snapshot:
    """Freeze the job's rows, unless an attempt before this one has done so."""
    path = settings.job_folder(job.job_id) / SNAPSHOT_FILE
    before = describe_snapshot(path) if job.snapshot is not None and path.exists() else None
    if before is not None and job.snapshot is not None and before.sha256 == job.snapshot.sha256:
        return before
    snapshot = take_snapshot(
        source_of_job(settings, store, job), path, pictures=job.request.learns_from_pictures
    )
    reporter.snapshot(snapshot)
    reporter.log(
        LogLevel.INFO,
        f"Read {snapshot.rows:,} rows and {snapshot.columns} columns.",
        sha256=snapshot.sha256,
    )
    return snapshot


def rows_to_train(job: TrainingJob, snapshot: Snapshot) -> "pa.Table | StoredRows":
    """Return a job's frozen rows: in memory, unless its training reads them in batches."""
    import pyarrow.parquet as pq

    from automl_magics.training.batches import StoredRows
    from automl_magics.training.engine import learns_online

    online = learns_online(Task.from_request(job.request), snapshot.rows)
    if online or job.request.learns_from_pictures:
        return StoredRows(snapshot.path)
    return pq.read_table(snapshot.path)


def _reserve(limit: float | None, loading: float) -> float:
    """Return the seconds to keep for saving and registering.

    On a quiet machine these take about as long as loading the libraries: where that took longer,
    they will too.
    """
    if limit is None:
        return 0.0
    return min(max(min(RESERVE, 0.2 * limit), loading), SLOW_SHARE * limit)


def _put_in_place(made: Path, place: Path) -> None:
    """Let a model's folder take the place of an earlier one."""
    shutil.rmtree(place, ignore_errors=True)
    made.rename(place)
    made.parent.rmdir()


def _registering(elapsed: float, limit: float | None, store: Store, job: TrainingJob) -> Progress:
    before = store.jobs.get(job.job_id).progress or Progress()
    return before.model_copy(
        update={"phase": Phase.REGISTERING, "elapsed": elapsed, "time_limit": limit}
    )


def _end_when_abandoned() -> None:
    """End this process in a while: whoever started it does so at once, if it is there still."""
    timer = threading.Timer(ABANDONED, os._exit, args=(0,))
    timer.daemon = True
    timer.start()
