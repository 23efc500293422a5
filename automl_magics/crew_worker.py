"""The crew's process: it proposes, or it makes an approved table, and tells the store how it went.

It is a process of its own, since the crew takes minutes and gigabytes. It needs nobody: whoever
started it may go away. As many work at once as training jobs do; the others wait their turn.
"""

import logging
import os
import shutil
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import UUID

import filelock

from automl_magics.contracts.enums import LogLevel
from automl_magics.contracts.errors import AutoMLError, Conflict, NotFound, first_line
from automl_magics.contracts.features import (
    CrewName,
    CrewProgress,
    FeatureEngineeringJob,
    FeatureEngineeringStatus,
    FeatureRecipe,
    RecipeEdits,
)
from automl_magics.service.approval import (
    SOURCES,
    STAGED,
    frozen_tables,
    training_request,
    validated,
)
from automl_magics.settings import Settings
from automl_magics.store import Store
from automl_magics.store.jobs import utc_now

TRACEBACK = "traceback.log"
"""Where an unexpected failure is told in full, in the job's folder."""

HEARTBEAT = 2.0
SLOT_SECONDS = 0.5

logger = logging.getLogger(__name__)


def main(words: list[str]) -> None:
    """Do what a job's state asks for."""
    settings = Settings()
    store = Store.open(settings)
    job_id, attempt = UUID(words[0]), int(words[1])
    reporter = Reporter(store, job_id, attempt)
    try:
        job = store.feature_jobs.get(job_id)
    except NotFound:
        return
    if job.attempt != attempt or not job.status.is_at_work:
        return
    with reporter.heart():
        try:
            with _slot(settings):
                if job.approval is None:
                    _propose(settings, store, job, reporter)
                else:
                    _materialize(settings, store, job, reporter, dispatch="--dispatch" in words)
        except AutoMLError as error:
            reporter.failed(str(error))
        except MemoryError:
            reporter.failed("There was not enough memory. Take fewer or smaller source tables.")
        except Exception as error:  # noqa: BLE001 - the job must not be left at work
            with (settings.job_folder(job_id) / TRACEBACK).open("a") as file:
                traceback.print_exc(file=file)
            reporter.failed(f"Unexpected {type(error).__name__}: {first_line(error)}")


class Reporter:
    """The crew's words, written to the store. Implements `features.crew.Listener`."""

    def __init__(self, store: Store, job_id: UUID, attempt: int) -> None:
        self._jobs = store.feature_jobs
        self._job_id = job_id
        self._attempt = attempt

    @contextmanager
    def heart(self) -> Iterator[None]:
        """Beat until the end."""
        done = threading.Event()

        def beat() -> None:
            while not done.wait(HEARTBEAT):
                with suppress(Exception):  # a busy store is no reason to stop
                    if not self._describe(heartbeat_at=utc_now()):
                        os._exit(1)  # deleted, or another attempt's

        thread = threading.Thread(target=beat, name="automl-heartbeat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()

    def step(self, name: str, message: str) -> None:
        """Say which step begins."""
        self._jobs.log(self._job_id, LogLevel.INFO, message, {"step": name})
        self._describe(progress=CrewProgress(step=name).model_dump(mode="json"))

    def fraction(self, share: float) -> None:
        """Say how much of the table is made."""
        progress = CrewProgress(step="materializing", fraction=share)
        self._describe(progress=progress.model_dump(mode="json"))

    def failed(self, reason: str) -> None:
        """Say that the job has failed."""
        with suppress(Conflict, NotFound):
            self._jobs.transition(
                self._job_id,
                FeatureEngineeringStatus.FAILED,
                note=reason,
                level=LogLevel.ERROR,
                attempt=self._attempt,
                error=reason,
            )

    def _describe(self, **values: object) -> bool:
        return self._jobs.describe(self._job_id, self._attempt, **values)


def _propose(
    settings: Settings, store: Store, job: FeatureEngineeringJob, reporter: Reporter
) -> None:
    from automl_magics.features.crew import BuiltinDesigner, Designer, propose, short_names

    designer: Designer = BuiltinDesigner(reporter)
    if job.request.crew is CrewName.LLM:
        from automl_magics.features.llm import LanguageModelDesigner

        designer = LanguageModelDesigner(settings, reporter)
    folder = settings.job_folder(job.job_id)
    sources = short_names(job.request.source_tables)
    reporter.step("freezing", f"Freezing the rows of {len(sources)} source tables.")
    tables = _freeze(settings, store, job, sources)
    proposal = propose(
        job.request,
        tables,
        sources,
        scratch=folder / "scratch",
        designer=designer,
        listener=reporter,
    )
    store.feature_jobs.transition(
        job.job_id,
        FeatureEngineeringStatus.PENDING_APPROVAL,
        note=f"Proposed {len(proposal.recipe.features)} features.",
        attempt=job.attempt,
        recipe=proposal.recipe.model_dump(mode="json"),
        plan=proposal.plan.model_dump(mode="json"),
        sql=proposal.sql,
        validation=proposal.validation.model_dump(mode="json"),
    )


def _freeze(
    settings: Settings, store: Store, job: FeatureEngineeringJob, sources: dict[str, str]
) -> dict[str, Path]:
    """Write the rows of each source table to Parquet, and return the files by short name."""
    from automl_magics.data.snapshot import take_snapshot
    from automl_magics.service.source_of import source_of_table

    folder = settings.folder("jobs", str(job.job_id), SOURCES)
    root = store.feature_jobs.source_root(job.job_id)
    staged = settings.home / "jobs" / str(job.job_id) / STAGED
    tables = {}
    for number, (name, text) in enumerate(sources.items()):
        place = staged / str(number)
        known = place if place.exists() else None
        source = source_of_table(settings, text, root=root, staged=known)
        tables[name] = folder / f"{name}.parquet"
        take_snapshot(source, tables[name])
    return tables


def _materialize(
    settings: Settings,
    store: Store,
    job: FeatureEngineeringJob,
    reporter: Reporter,
    *,
    dispatch: bool,
) -> None:
    from automl_magics.features.publish import materialize, publish

    folder, tables = settings.job_folder(job.job_id), frozen_tables(settings, job)
    plan, approval = job.plan, job.approval
    if plan is None or approval is None:
        raise Conflict("The job has no approved recipe.")
    reporter.step("validating", "Validating the approved recipe.")
    recipe, summary = validated(settings, job, RecipeEdits())
    store.feature_jobs.transition(
        job.job_id,
        FeatureEngineeringStatus.MATERIALIZING,
        note=f"Making {recipe.target_table} with {len(recipe.features)} features.",
        attempt=job.attempt,
        validation=summary.model_dump(mode="json"),
    )
    database = folder / "table.duckdb"
    rows = materialize(
        recipe,
        plan,
        tables,
        scratch=folder / "scratch",
        database=database,
        progress=reporter.fraction,
    )
    reporter.step("publishing", f"Putting {rows} rows into the workspace.")
    publish(database, settings.workspace_path, recipe, plan, job.job_id)
    database.unlink(missing_ok=True)
    shutil.rmtree(folder / "scratch", ignore_errors=True)
    training_job_id = None
    if approval.auto_train:
        training_job_id = _train(settings, store, job, recipe, dispatch=dispatch)
    store.feature_jobs.transition(
        job.job_id,
        FeatureEngineeringStatus.COMPLETE,
        note=f"{recipe.target_table} has {rows} rows.",
        attempt=job.attempt,
        training_table=recipe.target_table,
        training_rows=rows,
        training_job_id=training_job_id,
    )


def _train(
    settings: Settings,
    store: Store,
    job: FeatureEngineeringJob,
    recipe: FeatureRecipe,
    *,
    dispatch: bool,
) -> UUID | None:
    """Create the training job that the approval asked for; None when it was refused."""
    from automl_magics.service.caller import Caller
    from automl_magics.service.training_jobs import TrainingService

    given = job.approval.train_request if job.approval else None
    request = training_request(given, recipe, job.job_id)
    request = request.model_copy(
        update={"owner": request.owner or job.owner, "domain": _domain(job, given)}
    )
    root = store.feature_jobs.source_root(job.job_id)
    caller = Caller(name=job.owner, correlation_id=job.correlation_id, root=root)
    try:
        created = TrainingService(store, settings, caller=caller).create(request)
    except AutoMLError as error:
        note = f"The table is there, but its training was refused: {error}"
        store.feature_jobs.log(job.job_id, LogLevel.ERROR, note)
        return None
    note = f"Created the training job {created.name} ({created.job_id})."
    store.feature_jobs.log(job.job_id, LogLevel.INFO, note)
    if dispatch:
        from automl_magics.dispatcher import spawn

        spawn(settings)
    return created.job_id


def _domain(job: FeatureEngineeringJob, given: object) -> str:
    asked = getattr(given, "domain", None)
    return asked if asked and "domain" in getattr(given, "model_fields_set", ()) else job.domain


@contextmanager
def _slot(settings: Settings) -> Iterator[None]:
    """Wait for one of the places that crews may work in at once."""
    folder = settings.folder("crew")
    locks = [
        filelock.FileLock(folder / f"slot-{number}.lock")
        for number in range(max(1, settings.max_jobs))
    ]
    while True:
        for lock in locks:
            with suppress(filelock.Timeout):
                lock.acquire(timeout=SLOT_SECONDS / len(locks))
                try:
                    yield
                finally:
                    lock.release()
                return


if __name__ == "__main__":
    main(sys.argv[1:])
