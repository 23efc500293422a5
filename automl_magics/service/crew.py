"""Starts the crew's process, and tells whether it lives."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import psutil

from automl_magics.contracts.features import FeatureEngineeringJob
from automl_magics.contracts.training import WorkerPlace
from automl_magics.settings import Settings, environment
from automl_magics.store.jobs import utc_now
from automl_magics.store.queue import Process

WORKER = "automl_magics.crew_worker"
"""The module that the process runs."""

SILENCE = timedelta(seconds=60)
"""How long nothing is heard of a crew on another host, or of one that starts, until it is dead."""


def start(
    settings: Settings,
    job: FeatureEngineeringJob,
    *,
    detached: bool,
    ended: Callable[[], None],
) -> WorkerPlace:
    """Start the crew on a job and return where it works.

    Parameters
    ----------
    detached
        Whether the process is to see to it that somebody dispatches the training job.
    ended
        Called in a thread once the process has ended.
    """
    words = [str(job.job_id), str(job.attempt), *(["--dispatch"] if detached else [])]
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", WORKER, *words],
        env={**os.environ, **environment(settings), **_crew_environment(settings)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )

    def reap() -> None:
        process.wait()
        with suppress(Exception):  # an interpreter on its way out
            ended()

    threading.Thread(target=reap, name="automl-crew", daemon=True).start()
    here = Process.current()
    try:
        started = psutil.Process(process.pid).create_time()
    except psutil.NoSuchProcess:
        started = 0.0
    return WorkerPlace(host=here.host, pid=process.pid, process_started=started)


def is_alive(job: FeatureEngineeringJob) -> bool:
    """Return whether somebody is at work on a job."""
    if job.worker is not None:
        process = Process(job.worker.host, job.worker.pid, job.worker.process_started)
        if process.is_local:
            return process.is_alive()
    return job.heartbeat_at is not None and utc_now() - job.heartbeat_at < SILENCE


def _crew_environment(settings: Settings) -> dict[str, str]:
    """Return what the language model's designer reads, its key included, for that process only."""
    values = {
        "AUTOML_CREW_MODEL": settings.crew_model or "",
        "AUTOML_CREW_URL": settings.crew_url or "",
        "AUTOML_CREW_TIMEOUT": str(settings.crew_timeout),
        "AUTOML_CREW_SEES_VALUES": str(settings.crew_sees_values),
    }
    if settings.crew_key is not None:
        values["AUTOML_CREW_KEY"] = settings.crew_key.get_secret_value()
    return values
