"""Training in background Jupyter kernels, one per job.

In a Jupyter server the kernels are the server's own, so that they show under "Running kernels";
elsewhere they belong to this process's kernel manager. Either way they are started independent:
they live on when their starter is gone.
"""

import asyncio
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psutil

from automl_magics.contracts.errors import TrainingError
from automl_magics.contracts.training import TrainingJob, WorkerPlace
from automl_magics.settings import Settings, environment
from automl_magics.store.jobs import utc_now
from automl_magics.store.queue import SILENCE, Process

READY_TIMEOUT = 60.0
"""Seconds that a kernel may take to answer."""

WATCHDOG = (
    "import os, threading; automl_watchdog = threading.Timer(120, os._exit, args=(1,)); "
    "automl_watchdog.daemon = True; automl_watchdog.start()"
)
"""Ends a kernel that is never given its job, since whoever started it was killed before."""

VANISH = 3.0
"""Seconds in which a kernel that was shut down by somebody leaves its manager."""

SHUT_DOWN = "The kernel was shut down."
INTERRUPTED = "The kernel was interrupted."
DIED = "The kernel died; it was killed or ran out of memory."

OUTPUT = "kernel.log"
"""What a kernel's process prints, in the job's folder."""

SECRETS = frozenset(
    {"AUTOML_PSK", "AUTOML_SERVER_TOKEN", "AUTOML_AIRFLOW_PASSWORD", "AUTOML_AIRFLOW_TOKEN"}
)
NOT_ITS_PARENT = frozenset({"JPY_PARENT_PID"})
"""A notebook's kernel has its own server's pid there; the job's kernel would end with that one."""


@dataclass
class _Run:
    kernel_id: str
    client: Any
    reply: "asyncio.Task[Mapping[str, Any]]"


class KernelExecutor:
    """Runs each job in a kernel of its own.

    Parameters
    ----------
    kernels
        An asynchronous multi-kernel manager: the Jupyter server's, or one of this process.
    """

    outlives_dispatcher = False
    """At an orderly end the kernels end too, with the server whose they are."""

    def __init__(self, *, kernels: Any, settings: Settings) -> None:
        self.max_jobs = settings.max_jobs
        self._kernels = kernels
        self._settings = settings
        self._runs: dict[UUID, _Run] = {}
        self._ending: dict[UUID, float] = {}

    async def start(self, job: TrainingJob) -> None:
        """Start a kernel and the worker in it."""
        from jupyter_client.kernelspec import NoSuchKernel

        folder = self._settings.job_folder(job.job_id)
        try:
            with (folder / OUTPUT).open("ab") as output:
                kernel_id: str = await self._kernels.start_kernel(
                    kernel_name=self._settings.kernel_name,
                    independent=True,
                    cwd=str(folder),
                    env=self._environment(),
                    extra_arguments=[f"--IPKernelApp.exec_lines={WATCHDOG}"],
                    stdout=output,
                    stderr=output,
                )
        except NoSuchKernel:
            raise TrainingError(
                f"There is no kernelspec {self._settings.kernel_name!r}.",
                hint="Set AUTOML_KERNEL_NAME to one that `jupyter kernelspec list` shows.",
            ) from None
        client = self._kernels.get_kernel(kernel_id).client()
        client.start_channels()
        try:
            await client.wait_for_ready(timeout=READY_TIMEOUT)
        except BaseException as error:  # a cancellation too: nobody else knows of this kernel
            client.stop_channels()
            await self._shut_down(kernel_id)
            if isinstance(error, RuntimeError):
                raise TrainingError("The background kernel did not start.") from None
            raise
        code = (
            "automl_watchdog.cancel()\n"
            "from automl_magics.worker import run\n"
            f"run({str(job.job_id)!r}, {job.attempt:d}, {str(UUID(kernel_id))!r})"
        )
        message = client.execute(code, store_history=False, allow_stdin=False)
        reply = asyncio.create_task(_reply(client, message))
        self._runs[job.job_id] = _Run(kernel_id, client, reply)

    async def watch(self, job: TrainingJob) -> str | None:
        """Return why the worker can get no further, or None."""
        run = self._runs.get(job.job_id)
        if run is not None and run.kernel_id not in self._kernels:
            return SHUT_DOWN
        if run is not None and run.reply.done():
            why: str | None = _why(run.reply)
        else:
            why = None if await self._lives(job, run) else DIED
        if why not in (DIED, INTERRUPTED) or run is None:
            self._ending.pop(job.job_id, None)
            return why
        # Somebody may be shutting the kernel down, which begins with an interrupt.
        since = self._ending.setdefault(job.job_id, time.monotonic())
        return why if time.monotonic() - since > VANISH else None

    async def end(self, job: TrainingJob, *, grace: float) -> None:
        """Shut the job's kernel down."""
        run = self._runs.pop(job.job_id, None)
        self._ending.pop(job.job_id, None)
        if run is None:
            if job.worker is not None:
                await asyncio.to_thread(_end_process, job.worker, grace)
            return
        await asyncio.wait([run.reply], timeout=grace)
        run.reply.cancel()
        run.client.stop_channels()
        await self._shut_down(run.kernel_id)

    def _environment(self) -> dict[str, str]:
        kept_back = SECRETS | NOT_ITS_PARENT
        inherited = {name: value for name, value in os.environ.items() if name not in kept_back}
        return {**inherited, **environment(self._settings)}

    async def _lives(self, job: TrainingJob, run: _Run | None) -> bool:
        if job.worker is not None:
            process = _process(job.worker)
            return process.is_alive() if process.is_local else _is_heard_of(job)
        if run is None:
            return False
        alive: bool = await self._kernels.get_kernel(run.kernel_id).is_alive()
        return alive

    async def _shut_down(self, kernel_id: str) -> None:
        if kernel_id in self._kernels:
            await self._kernels.shutdown_kernel(kernel_id, now=True)


async def _reply(client: Any, message: str) -> Mapping[str, Any]:
    """Return the content of the reply to a request; waits as long as the job takes."""
    while True:
        answer = await client.get_shell_msg(timeout=None)
        if answer["parent_header"].get("msg_id") == message:
            content: Mapping[str, Any] = answer["content"]
            return content


def _why(reply: "asyncio.Task[Mapping[str, Any]]") -> str:
    """Tell why a worker has ended while its job has not."""
    if reply.cancelled() or reply.exception() is not None:
        return DIED
    content = reply.result()
    if content.get("status") == "error":
        if content.get("ename") == "KeyboardInterrupt":
            return INTERRUPTED
        if content.get("ename") == "ModuleNotFoundError":
            return (
                f"The kernel lacks a module: {content.get('evalue')}. "
                "Install automl-magics there, or set AUTOML_KERNEL_NAME."
            )
        return f"The worker failed: {content.get('ename')}: {content.get('evalue')}"
    return "The worker ended without saying how."


def _is_heard_of(job: TrainingJob) -> bool:
    """Return whether a worker on another host has shown a sign of life of late."""
    return job.heartbeat_at is not None and utc_now() - job.heartbeat_at < SILENCE


def _process(place: WorkerPlace) -> Process:
    return Process(place.host, place.pid, place.process_started)


def _end_process(place: WorkerPlace, grace: float) -> None:
    """End a worker that another process had started."""
    process = _process(place)
    if not process.is_local or not process.is_alive():
        return
    try:
        found = psutil.Process(place.pid)
        try:
            found.wait(timeout=grace)
        except psutil.TimeoutExpired:
            found.kill()
    except psutil.NoSuchProcess:
        return
