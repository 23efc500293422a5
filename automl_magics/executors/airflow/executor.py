"""Training in Airflow: DAGs uploaded, triggered, and watched until their runs end.

What a run's tasks report is a hint; what Airflow says of the run is the truth.
"""

import asyncio
import logging
import os
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from automl_magics.contracts.airflow import dag_id_of, run_id_of
from automl_magics.contracts.enums import JobStatus, LogLevel, Phase
from automl_magics.contracts.errors import (
    AutoMLError,
    Conflict,
    NotFound,
    TrainingError,
    Unavailable,
)
from automl_magics.contracts.training import Progress, TrainingJob
from automl_magics.executors.airflow.render import specification_of
from automl_magics.executors.airflow.rest import ACTIVE, AirflowApi, TaskTry
from automl_magics.executors.airflow.upload import upload
from automl_magics.settings import Settings, environment
from automl_magics.store import Store

NUDGE_AFTER = 5.0
"""Seconds until Airflow is told to look for new DAGs."""

KEEPING = 300.0
"""Seconds that a stopped run has to register what it has found: Airflow starts tasks for that."""

GRACE = 15.0
"""Seconds that a run's last words may take after its end."""

LAST_LINES = 20
"""How much of a failed task's log is put into the job's."""

BROUGHT = {"job", "shards", "threads", "memory_limit"}
"""What a run of the shared DAG brings of its specification."""

PARSES = "Waiting for Airflow to parse the DAG."
_WAITING = " Waiting for it."
GONE = "absent"

logger = logging.getLogger(__name__)


@dataclass
class _Run:
    job: TrainingJob
    state: str | None = None
    ended_at: float | None = None


@dataclass
class _Look:
    """The last look at all open runs."""

    at: float = 0.0
    task: "asyncio.Task[None] | None" = None
    failures: int = 0
    runs: dict[UUID, _Run] = field(default_factory=dict)


class AirflowExecutor:
    """Runs each job as a DAG run."""

    outlives_dispatcher = True

    def __init__(self, *, store: Store, settings: Settings) -> None:
        self.max_jobs = settings.airflow_max_jobs
        self._store = store
        self._settings = settings
        self._api = AirflowApi(settings)
        self._look = _Look()

    async def start(self, job: TrainingJob) -> None:
        """Upload the job's DAG where that is not done yet, wait for Airflow, trigger a run."""
        dag_id, _ = self._ids(job)
        if self._settings.airflow_storage_url:
            await self._freeze(job)
        await asyncio.to_thread(upload, self._settings, job)
        if not await self._until_parsed(job, dag_id):
            return
        conf = {}
        if self._settings.airflow_dag == "shared":
            told = specification_of(job, self._settings)
            conf = told.model_dump(mode="json", include=BROUGHT)
        is_new = await self._trigger(job, dag_id, conf)
        if is_new is None:
            return
        self._look.runs[job.job_id] = _Run(job)
        message = "Triggered in Airflow." if is_new else "Airflow has its run already."
        await self._say(job, LogLevel.INFO, message, dag_id=dag_id)

    async def watch(self, job: TrainingJob) -> str | None:
        """Return why the run can get no further, or None."""
        run = self._look.runs.setdefault(job.job_id, _Run(job))
        run.job = job
        self._look_again()
        if run.state is None or run.state in ACTIVE:
            run.ended_at = None
            return None
        run.ended_at = run.ended_at or time.monotonic()
        if time.monotonic() - run.ended_at < GRACE:
            return None
        if run.state == "success":
            return await self._complete(job)
        if run.state == GONE:
            return "The run is gone from Airflow; its DAG was deleted."
        return f"The Airflow run failed{_in_tasks(await self._failed_tasks(job))}."

    async def end(self, job: TrainingJob, *, grace: float) -> None:
        """End the run of a job that was stopped, has failed or was deleted.

        The run of a stopped job that has tried something ends by itself, with a model.
        """
        dag_id, run_id = self._ids(job)
        try:
            status = (await asyncio.to_thread(self._store.jobs.get, job.job_id)).status
        except NotFound:
            status = JobStatus.STOPPED
        if status is JobStatus.STOPPED and grace > 0:
            await self._until_kept(job)
        self._look.runs.pop(job.job_id, None)
        if status not in (JobStatus.FAILED, JobStatus.STOPPED):
            return
        try:
            await self._end_run(dag_id, run_id)
            if status is JobStatus.FAILED:
                await self._keep_logs(job)
        except AutoMLError as error:
            logger.warning("the run of job %s: %s", job.job_id, error)
        await self._mark_ended(job)

    async def _end_run(self, dag_id: str, run_id: str) -> None:
        """End a run where it is under way, again and again while Airflow is busy."""
        begun = time.monotonic()
        while True:
            try:
                if await self._api.state(dag_id, run_id) in ACTIVE:
                    await self._api.end_run(dag_id, run_id)
                return
            except Unavailable:
                if time.monotonic() - begun > self._settings.airflow_patience:
                    raise
            await asyncio.sleep(1.0)

    async def _until_kept(self, job: TrainingJob) -> None:
        """Return when a stopped job has brought what it has found, or cannot or will not."""
        if not await asyncio.to_thread(self._store.journal.trials, job.job_id):
            return
        run = self._look.runs.setdefault(job.job_id, _Run(job))
        deadline = time.monotonic() + KEEPING
        while time.monotonic() < deadline:
            self._look_again()
            await asyncio.sleep(0.5)
            if run.state not in (None, *ACTIVE):
                return
            try:
                await asyncio.to_thread(self._store.jobs.get, job.job_id)
            except NotFound:
                return

    async def _mark_ended(self, job: TrainingJob) -> None:
        """Note that a stopped job's run is over, so that nobody waits for its model."""
        with suppress(NotFound):
            now = await asyncio.to_thread(self._store.jobs.get, job.job_id)
            known = now.progress or Progress()
            done = known.model_copy(update={"phase": Phase.DONE}).model_dump(mode="json")
            await asyncio.to_thread(self._store.jobs.keep, job.job_id, now.attempt, progress=done)

    def _ids(self, job: TrainingJob) -> tuple[str, str]:
        dag_id = job.airflow_dag_id or dag_id_of(job.job_id)
        return dag_id, run_id_of(job.job_id)

    async def _until_parsed(self, job: TrainingJob, dag_id: str) -> bool:
        """Wait until Airflow knows the DAG; False when nobody wants the job any more."""
        begun, said, nudged = time.monotonic(), "", False
        while (waiting_for := await self._waiting_for(dag_id)) is not None:
            waited = time.monotonic() - begun
            if said != waiting_for:
                said = waiting_for
                await self._say(job, LogLevel.INFO, said)
            if said == PARSES and waited > NUDGE_AFTER and not nudged:
                nudged = True
                with suppress(AutoMLError):  # Airflow looks by itself, in minutes
                    await self._api.nudge()
            if waited > self._settings.airflow_patience:
                if said != PARSES:
                    raise Unavailable(said.removesuffix(_WAITING))
                raise Unavailable(
                    f"Airflow has not found the DAG in {self._settings.airflow_patience:g} s.",
                    hint="Is AUTOML_AIRFLOW_DAGS_URL the folder that it reads?",
                )
            await asyncio.sleep(0.5)
            if not await self._is_wanted(job):
                return False
        return await self._is_wanted(job)

    async def _trigger(self, job: TrainingJob, dag_id: str, conf: dict[str, Any]) -> bool | None:
        """Start the run, again and again while Airflow cannot; None when nobody wants the job.

        An Airflow that is busy answers 500 now and then, and may have started the run all the same.
        """
        begun, said = time.monotonic(), False
        while True:
            try:
                return await self._api.trigger(dag_id, run_id_of(job.job_id), conf)
            except Unavailable as error:
                if time.monotonic() - begun > self._settings.airflow_patience:
                    if await self._is_active(dag_id, run_id_of(job.job_id)):
                        return True
                    raise
                if not said:
                    said = True
                    await self._say(job, LogLevel.WARNING, f"{error.message} Trying again.")
            await asyncio.sleep(1.0)
            if not await self._is_wanted(job):
                return None

    async def _is_active(self, dag_id: str, run_id: str) -> bool:
        """Return whether a run whose start was never confirmed is under way all the same."""
        try:
            return await self._api.state(dag_id, run_id) in ACTIVE
        except AutoMLError:
            return False

    async def _waiting_for(self, dag_id: str) -> str | None:
        """Return what has to happen before the DAG can be triggered, or None."""
        try:
            return None if await self._api.knows_dag(dag_id) else PARSES
        except Unavailable as error:
            return f"{error.message}{_WAITING}"

    async def _is_wanted(self, job: TrainingJob) -> bool:
        try:
            now = await asyncio.to_thread(self._store.jobs.get, job.job_id)
        except NotFound:
            return False
        return not now.status.is_terminal and now.attempt == job.attempt

    async def _freeze(self, job: TrainingJob) -> None:
        """Freeze the rows here, in a process of its own, and put them where workers find them."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "automl_magics.freezing",
            str(job.job_id),
            env={
                **os.environ,
                **environment(self._settings),
                "AUTOML_AIRFLOW_STORAGE_URL": self._settings.airflow_storage_url or "",
            },
            stderr=asyncio.subprocess.PIPE,
        )
        _, said = await process.communicate()
        if process.returncode:
            lines = said.decode(errors="replace").strip().splitlines() or ["no reason given"]
            raise TrainingError(f"The rows could not be frozen: {lines[-1]}")

    # ------------------------------------------------------------ looking at runs

    def _look_again(self) -> None:
        """Look at all open runs beside the dispatcher, if it is time."""
        look = self._look
        is_due = time.monotonic() - look.at >= self._settings.airflow_poll
        if is_due and (look.task is None or look.task.done()):
            look.at = time.monotonic()
            look.task = asyncio.create_task(self._look_at_all())

    async def _look_at_all(self) -> None:
        runs = dict(self._look.runs)
        try:
            active = await self._api.active_runs({self._ids(run.job)[0] for run in runs.values()})
            for run in runs.values():
                dag_id, run_id = self._ids(run.job)
                found = active.get(run_id) or await self._api.state(dag_id, run_id)
                run.state = found or GONE
        except AutoMLError as error:
            self._look.failures += 1
            if self._look.failures == 1:
                await self._tell_all(LogLevel.WARNING, f"{error} The run goes on unseen.")
            return
        except Exception:  # an answer that nobody foresaw must not end the looking
            logger.exception("the look at Airflow's runs failed")
            return
        if self._look.failures:
            self._look.failures = 0
            await self._tell_all(LogLevel.INFO, "Airflow answers again.")

    async def _tell_all(self, level: LogLevel, message: str) -> None:
        for run in list(self._look.runs.values()):
            await self._say(run.job, level, message)

    async def _complete(self, job: TrainingJob) -> str | None:
        """Complete a job whose run has succeeded; return why when nothing is known of its model."""
        now = await asyncio.to_thread(self._store.jobs.get, job.job_id)
        if now.status.is_terminal:
            return None
        if now.result is None:
            return "The Airflow run succeeded, but its result never arrived."
        try:
            await asyncio.to_thread(
                self._store.jobs.transition,
                job.job_id,
                JobStatus.COMPLETE,
                note="Complete, as Airflow says.",
                attempt=job.attempt,
            )
        except Conflict:
            logger.info("job %s had ended before", job.job_id)
        return None

    async def _failed_tasks(self, job: TrainingJob) -> list[TaskTry]:
        try:
            return await self._api.failed_tasks(*self._ids(job))
        except AutoMLError:
            return []

    async def _keep_logs(self, job: TrainingJob) -> None:
        """Put the last lines of failed tasks into the job's log."""
        for task in await self._failed_tasks(job):
            fields = {"task": task.task_id, "try": task.try_number}
            for line in _output(await self._api.log(*self._ids(job), task))[-LAST_LINES:]:
                await self._say(job, LogLevel.DEBUG, f"Airflow: {line[:1000]}", **fields)

    async def _say(self, job: TrainingJob, level: LogLevel, message: str, **fields: object) -> None:
        await asyncio.to_thread(self._store.journal.log, job.job_id, level, message, fields)


def _output(lines: list[str]) -> list[str]:
    """Return what a task itself has printed: Airflow's own lines tell paths of its machine."""
    begin = max((at for at, line in enumerate(lines) if line == "Output:"), default=len(lines))
    return [line for line in lines[begin + 1 :] if line.strip()]


def _in_tasks(failed: list[TaskTry]) -> str:
    names = dict.fromkeys(task.task_id.replace("_", " ") for task in failed)
    return f" in {' and '.join(names)}" if names else ""
