"""What runs inside the tasks of an Airflow DAG: freeze the rows, search, select and register.

The same steps as in `automl_magics.worker`, each in a process of its own, perhaps on a machine of
its own. What they leave for each other lies in MLflow; how it goes is told over HTTP.
"""

import logging
import math
import os
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from automl_magics.contracts.airflow import DagSpecification
from automl_magics.contracts.enums import LogLevel, Phase
from automl_magics.contracts.errors import AutoMLError, TrainingError
from automl_magics.contracts.events import TrainingOutcome
from automl_magics.contracts.training import Progress, Snapshot, TrainingJob
from automl_magics.executors.airflow.snapshots import fetch
from automl_magics.freezing import freeze
from automl_magics.memory_guard import memory_bound
from automl_magics.remote_reporting import HttpReporter
from automl_magics.settings import Settings
from automl_magics.store import Store
from automl_magics.training.budget import Budget
from automl_magics.training.task import Task
from automl_magics.worker import RESERVE, in_words, rows_to_train

if TYPE_CHECKING:
    from automl_magics.tracking import Tracking

MARGIN = 1800.0
"""Seconds that a task may take beyond thrice the time limit, before it ends itself.

Airflow's own time-out does not end what runs in another interpreter.
"""


@dataclass(frozen=True)
class _Task:
    """What every task of a job has."""

    told: DagSpecification
    job: TrainingJob
    settings: Settings
    reporter: HttpReporter
    folder: Path
    """Empty, and gone after the task."""

    @property
    def limit(self) -> float:
        """The job's time limit in seconds; infinite where a number of trials ends it."""
        return self.job.request.time_limit or math.inf

    @property
    def threads(self) -> int:
        """How many threads to train with."""
        return self.told.threads or self.settings.threads(None)

    @property
    def whole(self) -> Task:
        """What is to be trained."""
        return replace(Task.from_request(self.job.request), networks=self.told.networks)

    def part(self, families: list[str]) -> Task:
        """Return what is to be trained, confined to some of the families of models."""
        whole = self.whole
        others = [
            name for name in whole.of(self.job.problem_type).algorithms if name not in families
        ]
        return replace(whole, exclude_algorithms=whole.exclude_algorithms.union(others))

    def rows(self) -> Snapshot:
        """Return the frozen rows, on this machine."""
        found = fetch(self.settings, self.job, self.folder)
        if found is None:
            raise TrainingError(
                "The job's rows are not to be found where its worker runs.",
                hint="Share AUTOML_HOME with Airflow's workers, or set AUTOML_AIRFLOW_STORAGE_URL.",
            )
        return found

    def tracking(self) -> "Tracking":
        """Return the job's experiment."""
        from automl_magics.tracking import Tracking

        name = self.job.mlflow_experiment_name or f"automl-{self.job.domain}"
        return Tracking.open(self.settings, name)


def prepare(specification: dict[str, Any]) -> list[dict[str, Any]]:
    """Freeze the job's rows, and return the shards of its search."""
    with _task(specification, "prepare") as task:
        task.reporter.progress(
            Progress(phase=Phase.READING, time_limit=task.job.request.time_limit)
        )
        snapshot = fetch(task.settings, task.job, task.folder) or _freeze_here(task)
        task.reporter.snapshot(snapshot)
        task.reporter.log(
            LogLevel.INFO,
            f"Read {snapshot.rows:,} rows and {snapshot.columns} columns.",
            sha256=snapshot.sha256,
        )
        shards = _shards(task.job, task.told.shards)
        return [
            {"index": index, "of": len(shards), "families": families}
            for index, families in enumerate(shards)
        ]


def search(specification: dict[str, Any], shard: dict[str, Any]) -> None:
    """Train on a shard's families of models, and leave the best model in MLflow."""
    index, count = int(shard["index"]), int(shard["of"])
    with _task(specification, f"search-{index}", shard=(index, count)) as task:
        from automl_magics.shard_tracking import FITS, keep_shard
        from automl_magics.training.engine import train

        budget = Budget(
            task.limit, reserve=min(RESERVE, 0.2 * task.limit), stop=task.reporter.unwanted
        )
        rows = rows_to_train(task.job, task.rows())
        kept = task.folder / "shard"
        kept.mkdir()
        try:
            outcome = train(
                rows,
                task.part(shard["families"]),
                budget=budget,
                reporter=task.reporter,
                threads=task.settings.threads(task.job.request.hardware),
                keep=kept / FITS if count > 1 else None,
            )
        except TrainingError as error:
            if count == 1 or task.reporter.superseded():
                raise
            task.reporter.log(LogLevel.WARNING, f"Shard {index + 1}: {error}")
            return
        task.reporter.flush()
        if task.reporter.superseded():
            raise SystemExit(1)
        experiment = task.tracking().experiment_id
        keep_shard(
            task.job,
            experiment,
            index=index,
            outcome=outcome,
            trials=task.reporter.trials,
            folder=kept,
        )


def select_and_register(specification: dict[str, Any]) -> dict[str, str]:
    """Register the best model of all shards; return where it is."""
    with _task(specification, "select") as task:
        from automl_magics.shard_ensemble import best_of_all
        from automl_magics.shard_tracking import find_shards, put_under
        from automl_magics.tracking import Example
        from automl_magics.training.batches import StoredRows

        task.reporter.progress(Progress(phase=Phase.REGISTERING))
        tracking = task.tracking()
        shards = find_shards(task.job, tracking.experiment_id, task.folder)
        if not shards:
            raise TrainingError("No shard of the search found a model.", hint="See the job's log.")
        snapshot = task.rows()
        trials = sorted(
            (trial for shard in shards for trial in shard.trials), key=lambda one: one.number
        )
        is_whole = len(shards) == len(_shards(task.job, task.told.shards))
        best = best_of_all(
            shards,
            rows_to_train(task.job, snapshot),
            task.whole.of(task.job.problem_type),
            limit=task.limit,
            threads=task.settings.threads(task.job.request.hardware),
            stop=task.reporter.superseded,
            folder=task.folder,
        )
        tracked = tracking.record(
            job=task.job.model_copy(update={"snapshot": snapshot}),
            result=best.result,
            trials=trials,
            model_folder=best.model_folder,
            test_predictions=best.test_predictions,
            example=Example.of(StoredRows(snapshot.path)),
        )
        put_under(shards, tracked)
        task.reporter.log(LogLevel.INFO, f"Registered {tracked.name} version {tracked.version}.")
        for trial in trials:  # a task that was begun anew may have said others meanwhile
            task.reporter.trial(trial)
        task.reporter.completed(
            TrainingOutcome(
                result=best.result,
                mlflow_run_id=tracked.run_id,
                registered_model_name=tracked.name,
                registered_model_version=tracked.version,
                trials=[trial.number for trial in trials] if is_whole else None,
            )
        )
        return {"mlflow_run_id": tracked.run_id, "registered_model_name": tracked.name}


def _freeze_here(task: _Task) -> Snapshot:
    """Freeze the rows where the home is shared; elsewhere the executor has done so."""
    if not (task.settings.home / "automl.db").exists():
        return task.rows()  # which says that they are not here
    store = Store.open(task.settings)
    try:
        return freeze(task.settings, store, task.job)
    finally:
        store.close()


def _shards(job: TrainingJob, at_most: int) -> list[list[str]]:
    """Deal a job's families of models out, best first."""
    able = [str(name) for name in Task.from_request(job.request).of(job.problem_type).algorithms]
    count = max(1, min(at_most, len(able)))
    return [able[index::count] for index in range(count)]


@contextmanager
def _task(
    specification: dict[str, Any], name: str, *, shard: tuple[int, int] = (0, 1)
) -> Iterator[_Task]:
    """Do a task within its time, and tell whatever goes wrong in words."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    told = DagSpecification.model_validate(specification)
    if told.job is None:
        msg = "the run brought no job"
        raise ValueError(msg)
    settings = Settings()
    reporter = HttpReporter(
        settings.airflow_callback_url or told.callback_url or "",
        settings.psk.get_secret_value() if settings.psk else "",
        told.job.job_id,
        name,
        shard=shard,
    )
    with TemporaryDirectory(prefix="automl-") as folder, reporter:
        task = _Task(told, told.job, settings, reporter, Path(folder))
        if (count := os.environ.get("AUTOML_AIRFLOW_TRY", "1")) != "1":
            reporter.log(LogLevel.WARNING, f"Airflow has begun {name} anew.", number=count)
        longest = min(3 * task.limit + MARGIN, threading.TIMEOUT_MAX)
        timer = threading.Timer(longest, _end_late, args=(reporter,))
        timer.daemon = True
        timer.start()
        try:
            with memory_bound(told.memory_limit, lambda: _end_large(reporter)):
                yield task
        except Exception as error:  # noqa: BLE001 - the job must not be left running
            if not isinstance(error, AutoMLError | MemoryError):
                traceback.print_exc()
            reporter.failed(in_words(error))
            raise SystemExit(1) from None  # the job knows why; Airflow needs no second trace
        finally:
            timer.cancel()


def _end_late(reporter: HttpReporter) -> None:
    reporter.failed("A task took far longer than the time limit and was ended.")
    os._exit(1)


def _end_large(reporter: HttpReporter) -> None:
    reporter.failed(
        "Training took more memory than its hardware profile allows. Train on fewer rows or "
        "columns, or on another profile."
    )
    os._exit(1)  # at once, lest the machine runs out of memory meanwhile
