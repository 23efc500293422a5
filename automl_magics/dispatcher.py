"""Claims queued jobs from the store, hands them to an executor and sees them through.

A dispatcher lives in a Jupyter server, in a notebook's kernel (`BackgroundDispatcher`) or in a
process of its own that ends with the queue (``python -m automl_magics.dispatcher``). Any number of
them may share a store.
"""

import asyncio
import logging
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

from automl_magics.contracts.enums import ExecutorName, JobStatus, LogLevel
from automl_magics.contracts.errors import (
    AutoMLError,
    Conflict,
    NotFound,
    Unavailable,
    first_line,
)
from automl_magics.contracts.training import TrainingJob
from automl_magics.executors.base import Executor
from automl_magics.settings import Settings, environment
from automl_magics.store import Store

POLL = 1.0
"""Seconds between two looks at the store; `Dispatcher.wake` makes it look at once."""

GIVE_UP = 30
"""Looks in a row that fail until a process that only dispatches ends."""

logger = logging.getLogger(__name__)


class Dispatcher:
    """Sees jobs from queued to their end; all on one event loop.

    Parameters
    ----------
    executors
        Where jobs can run, by the name that a job asks for.
    """

    def __init__(
        self, store: Store, settings: Settings, *, executors: Mapping[ExecutorName, Executor]
    ) -> None:
        self._store = store
        self._settings = settings
        self._executors = executors
        self._id: UUID | None = None
        self._mine: dict[UUID, TrainingJob] = {}
        self._launching: set[UUID] = set()
        self._aside: set[asyncio.Task[None]] = set()
        self._woken = asyncio.Event()
        self._idle = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._running: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to claim jobs."""
        self._loop = asyncio.get_running_loop()
        self._id = await asyncio.to_thread(self._store.queue.register)
        self._running = asyncio.create_task(self._run(), name="automl-dispatcher")

    async def stop(self, *, requeue: bool = False, reason: str = "") -> None:
        """Claim no more.

        Parameters
        ----------
        requeue
            Give the jobs under way back to the queue and end their workers; otherwise they go on,
            to be watched by the next dispatcher.
        reason
            Why, for the jobs' logs.
        """
        if self._running is None or self._id is None:
            return
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)
        self._running = None
        if self._aside:
            await asyncio.wait(self._aside, timeout=5.0)
        if requeue:
            await asyncio.gather(
                *[
                    self._give_back(job, reason)
                    for job in self._mine.values()
                    if not self._executors[job.executor].outlives_dispatcher
                ]
            )
        await asyncio.to_thread(self._store.queue.unregister, self._id)

    def wake(self) -> None:
        """Look at the store now; may be called from any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._woken.set)

    async def drained(self) -> None:
        """Return when no job is under way here and none waits."""
        await self._idle.wait()

    @property
    def is_busy(self) -> bool:
        """True while jobs are under way here."""
        return bool(self._mine)

    async def _run(self) -> None:
        failures = 0
        while True:
            self._woken.clear()
            try:
                await self._look()
            except Exception as error:  # a dispatcher that ends leaves every queued job waiting
                await asyncio.sleep(POLL)  # an interpreter on its way out is gone after that
                logger.error("the dispatcher will look again", exc_info=error)
                failures += 1
                if failures >= GIVE_UP:
                    self._idle.set()
            else:
                failures = 0
            try:
                await asyncio.wait_for(self._woken.wait(), POLL)
            except TimeoutError:
                continue

    async def _look(self) -> None:
        me = self._registered()
        await asyncio.to_thread(self._store.queue.beat, me)
        for job in await asyncio.to_thread(self._store.queue.take_over, me, list(self._executors)):
            self._mine[job.job_id] = job
        for job in list(self._mine.values()):
            if job.job_id not in self._launching:
                await self._look_at(job)
        for name, executor in self._executors.items():
            while claimed := await asyncio.to_thread(
                self._store.queue.claim, me, [name], executor.max_jobs
            ):
                self._mine[claimed.job_id] = claimed
                self._launching.add(claimed.job_id)
                self._do_aside(self._launch(claimed))
        if not self._mine and not self._aside and not await self._is_any_waiting():
            self._idle.set()

    async def _is_any_waiting(self) -> bool:
        return await asyncio.to_thread(self._store.queue.has_waiting, list(self._executors))

    async def _launch(self, job: TrainingJob) -> None:
        try:
            await self._executors[job.executor].start(job)
        except Unavailable as error:
            await self._leave(job, str(error))
        except AutoMLError as error:
            await self._fail(job, str(error))
        except Exception as error:
            logger.exception("job %s could not be started", job.job_id)
            await self._fail(job, f"It could not be started: {first_line(error)}.")
        finally:
            self._launching.discard(job.job_id)
            self._woken.set()

    async def _look_at(self, known: TrainingJob) -> None:
        try:
            job = await asyncio.to_thread(self._store.jobs.get, known.job_id)
        except NotFound:
            self._end(known, grace=0)
            return
        is_back = known.status is JobStatus.RUNNING and job.status is JobStatus.QUEUED
        if is_back or job.attempt != known.attempt or job.status.is_terminal:
            # A stopped worker ends by itself within moments, and keeps what it has found.
            self._end(known if is_back else job, grace=self._settings.stop_grace)
            return
        self._mine[job.job_id] = job
        if (reason := await self._executors[job.executor].watch(job)) is not None:
            now = await asyncio.to_thread(self._store.jobs.get, job.job_id)
            if not now.status.is_terminal:
                await self._fail(job, reason)
            self._end(job, grace=0)

    def _end(self, job: TrainingJob, *, grace: float) -> None:
        self._mine.pop(job.job_id, None)
        self._do_aside(self._finish(job, grace))

    async def _finish(self, job: TrainingJob, grace: float) -> None:
        """End a job's worker; what it wrote after the job's deletion is removed."""
        await self._executors[job.executor].end(job, grace=grace)
        try:
            await asyncio.to_thread(self._store.jobs.get, job.job_id)
        except NotFound:
            folder = self._settings.home / "jobs" / str(job.job_id)
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def _leave(self, job: TrainingJob, reason: str) -> None:
        """Let a job that was triggered be triggered again; one that starts by itself fails."""
        if job.request.auto_trigger or job.is_extension:
            await self._fail(job, reason)
            return
        self._mine.pop(job.job_id, None)
        await self._give_up(job, JobStatus.READY, f"{reason} Trigger the job again.")

    async def _fail(self, job: TrainingJob, reason: str) -> None:
        await self._give_up(job, JobStatus.FAILED, reason)

    async def _give_up(self, job: TrainingJob, to: JobStatus, reason: str) -> None:
        try:
            await asyncio.to_thread(
                self._store.jobs.transition,
                job.job_id,
                to,
                note=reason,
                level=LogLevel.ERROR,
                attempt=job.attempt,
                error_message=reason,
            )
        except (Conflict, NotFound):
            logger.info("job %s had ended before: %s", job.job_id, reason)

    async def _give_back(self, job: TrainingJob, reason: str) -> None:
        note = f"Back to the queue: {reason}."
        try:
            now = await asyncio.to_thread(self._store.jobs.get, job.job_id)
            if now.status is JobStatus.RUNNING:
                await asyncio.to_thread(
                    self._store.jobs.transition,
                    job.job_id,
                    JobStatus.QUEUED,
                    note=note,
                    level=LogLevel.WARNING,
                    attempt=job.attempt,
                )
            elif now.status is JobStatus.QUEUED:
                await asyncio.to_thread(
                    self._store.queue.release, job.job_id, self._registered(), note
                )
        except (Conflict, NotFound):
            logger.info("job %s ended before it was given back", job.job_id)
        await self._executors[job.executor].end(job, grace=0)

    def _do_aside(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._aside.add(task)  # or it may be collected while it runs
        task.add_done_callback(self._aside.discard)

    def _registered(self) -> UUID:
        if self._id is None:
            msg = "the dispatcher is not started"
            raise RuntimeError(msg)
        return self._id


class BackgroundDispatcher:
    """A dispatcher in a thread of this process, with kernels of its own."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings
        self._dispatcher: Dispatcher | None = None
        self._ended: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._main, name="automl-dispatcher", daemon=True)

    def start(self) -> None:
        """Start the thread; returns at once."""
        self._thread.start()

    def wake(self) -> None:
        """Look at the store now."""
        if self._started.is_set() and self._dispatcher is not None:
            self._dispatcher.wake()

    def close(self) -> None:
        """Claim no more; jobs under way go on in their kernels."""
        if self._thread.is_alive() and self._started.wait(10) and self._loop and self._ended:
            self._loop.call_soon_threadsafe(self._ended.set)
            self._thread.join(10)

    def _main(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop, self._ended = asyncio.get_running_loop(), asyncio.Event()
        self._dispatcher = _with_own_kernels(self._store, self._settings)
        await self._dispatcher.start()
        self._started.set()
        await self._ended.wait()
        await self._dispatcher.stop()


def spawn(settings: Settings) -> None:
    """Start a process that dispatches until the queue is empty, and outlives this one."""
    subprocess.Popen(
        [sys.executable, "-m", "automl_magics.dispatcher"],
        env={**os.environ, **environment(settings)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


async def drain(settings: Settings) -> None:
    """Dispatch until the queue is empty."""
    store = await asyncio.to_thread(Store.open, settings)
    dispatcher = _with_own_kernels(store, settings)
    await dispatcher.start()
    await dispatcher.drained()
    await dispatcher.stop()


def executors_of(store: Store, settings: Settings, *, kernels: Any) -> dict[ExecutorName, Executor]:
    """Return the executors that are set up.

    Parameters
    ----------
    kernels
        The kernel manager that background kernels belong to.
    """
    from automl_magics.executors.airflow.executor import AirflowExecutor
    from automl_magics.executors.kernel import KernelExecutor

    found: dict[ExecutorName, Executor] = {
        ExecutorName.KERNEL: KernelExecutor(kernels=kernels, settings=settings)
    }
    if settings.airflow_url:
        found[ExecutorName.AIRFLOW] = AirflowExecutor(store=store, settings=settings)
    return found


def _with_own_kernels(store: Store, settings: Settings) -> Dispatcher:
    from jupyter_client.multikernelmanager import AsyncMultiKernelManager
    from jupyter_core.paths import jupyter_runtime_dir

    connections = Path(jupyter_runtime_dir())
    connections.mkdir(mode=0o700, parents=True, exist_ok=True)
    kernels = AsyncMultiKernelManager(connection_dir=str(connections))
    return Dispatcher(store, settings, executors=executors_of(store, settings, kernels=kernels))


if __name__ == "__main__":
    asyncio.run(drain(Settings()))
