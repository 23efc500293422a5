"""MLflow in a process of its own.

MLflow takes seconds to import and to make its store. It does so beside the training; a thread
would not do, since a library that looks at half-imported modules fails.
"""

import io
import multiprocessing
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from importlib import import_module
from types import TracebackType
from typing import Any, Self

import automl_magics
from automl_magics.contracts.enums import AutoMLAlgorithm, ProblemType
from automl_magics.contracts.errors import TrainingError
from automl_magics.contracts.training import TrainingJob
from automl_magics.settings import Settings
from automl_magics.tracking import Tracked, Tracking

_KERNEL_ENDS = 6.0
"""Seconds that a kernel which is shut down lives at most after its processes have been ended."""


class TrackingProcess:
    """Prepares one job's MLflow run while the job trains, then takes it.

    Between ``with`` the process lives; it ends with its parent, however that ends.
    """

    def __init__(self, settings: Settings, job: TrainingJob) -> None:
        self._experiment = job.mlflow_experiment_name or f"automl-{job.domain}"
        self._settings = settings
        self._pool = ProcessPoolExecutor(
            1, mp_context=multiprocessing.get_context("spawn"), initializer=_end_with_parent
        )
        self._opened: Future[None] = self._pool.submit(
            _open, settings, self._experiment, job.problem_type, job.algorithm
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def check(self) -> None:
        """Raise `TrainingError` when it is known by now that MLflow will not take the run."""
        if self._opened.done():
            with _told_of_its_end():
                self._opened.result()

    def record(self, **run: Any) -> Tracked:
        """Do `Tracking.record` there and return what it returns."""
        with _told_of_its_end():
            self._opened.result()
            return self._pool.submit(_record, self._settings, self._experiment, run).result()


@contextmanager
def _told_of_its_end() -> Iterator[None]:
    """Raise `TrainingError` where the process was ended.

    A kernel that is shut down loses its processes first: it is to end before it blames them.
    """
    try:
        yield
    except BrokenProcessPool:
        time.sleep(_KERNEL_ENDS)
        raise TrainingError(
            "The process that writes to MLflow was ended from outside.",
            hint="Start the job again; where memory was short, close other programs first.",
        ) from None


def _open(
    settings: Settings, experiment: str, problem_type: ProblemType, algorithm: AutoMLAlgorithm
) -> None:
    """Do now what `Tracking.record` would otherwise wait for."""
    from automl_magics.training.engine import load_libraries

    Tracking.open(settings, experiment)
    for module in ("mlflow.pyfunc", "sklearn.metrics"):
        import_module(module)
    load_libraries(problem_type, algorithm)
    _look_around()


def _look_around() -> None:
    """Draw a first figure, which finds the fonts, and have MLflow list what is installed.

    Together these took more than half of the time that a run took, and are done once a process.
    """
    from matplotlib.figure import Figure
    from mlflow.utils.requirements_utils import warn_dependency_requirement_mismatches

    figure = Figure(layout="constrained")
    figure.subplots().set_title("score")
    figure.savefig(io.BytesIO(), format="png")
    warn_dependency_requirement_mismatches([f"automl-magics=={automl_magics.__version__}"])


def _record(settings: Settings, experiment: str, run: dict[str, Any]) -> Tracked:
    return Tracking.open(settings, experiment).record(**run)


def _end_with_parent() -> None:
    threading.Thread(target=_wait_for_parent, name="automl-parent", daemon=True).start()


def _wait_for_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
