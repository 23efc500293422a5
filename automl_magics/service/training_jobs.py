"""The verbs for training jobs, done on the store.

The same signatures as `automl_magics.client` (see `automl_magics.contracts.verbs`). Everything
here blocks for milliseconds to half a second: a server calls it in a thread.
"""

import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from uuid import UUID, uuid4

from automl_magics.contracts.documents import JobDocument
from automl_magics.contracts.enums import ExecutorName, JobStatus, LogLevel, ProblemType
from automl_magics.contracts.events import TrainingEvents, TrainingEventsAccepted
from automl_magics.contracts.http import AutoMLTrainingStatusUpdate, TrainingCheck
from automl_magics.contracts.lists import NEWEST, TrainingJobFilter, TrainingJobPage
from automl_magics.contracts.shown import ShownJob, ShownPage
from automl_magics.contracts.training import (
    MAX_TEXT,
    AutoMLTrainingRequest,
    LogLine,
    TrainingJob,
    Trial,
)
from automl_magics.data.formats import is_file_name
from automl_magics.data.profile import profile_source
from automl_magics.data.sources.references import dotted
from automl_magics.data.staging import adopt_staged, discard_staged, stage_source
from automl_magics.executors.airflow.render import placed_in_airflow, render_job
from automl_magics.executors.airflow.snapshots import discard as discard_snapshot
from automl_magics.executors.airflow.upload import remove as remove_uploaded
from automl_magics.executors.airflow.upload import upload
from automl_magics.service.caller import Caller
from automl_magics.service.documents import notebook_document, report_document
from automl_magics.service.extension import check_extendable, extended
from automl_magics.service.offer import chosen_executor
from automl_magics.service.row_checks import check_rows, look_at_contents
from automl_magics.service.source_of import STAGED, source_of_request
from automl_magics.settings import PRESET_SECONDS, Settings
from automl_magics.store import Store
from automl_magics.store.jobs import utc_now
from automl_magics.training.contents import network_kinds, predictor_type_of
from automl_magics.training.networks.checks import check_networks
from automl_magics.training.problems import SUPERVISED, problem_of, reason_of
from automl_magics.training.task import Task
from automl_magics.training.task_checks import default_algorithm


class TrainingService:
    """Create, watch and end training jobs.

    Parameters
    ----------
    store, settings
        Where jobs live.
    caller
        On whose behalf; the person who runs this process when left out.
    wake
        Called when there is something for a dispatcher to do, from the thread of the caller.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        *,
        caller: Caller | None = None,
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        self.store = store
        self._settings = settings
        self._caller = caller or Caller()
        self._wake = wake

    def on_behalf_of(self, caller: Caller) -> "TrainingService":
        """Return the same service for another caller."""
        return TrainingService(self.store, self._settings, caller=caller, wake=self._wake)

    def create(self, request: AutoMLTrainingRequest) -> TrainingJob:
        """Check a request against its data and accept it.

        Raises
        ------
        InvalidInput
            With the request's field; nothing is left behind then.
        """
        request = self._staged(request)
        try:
            job, reason = self._checked(request)
        except Exception:
            if request.staged_source is not None:
                discard_staged(self._settings, request.staged_source)
            raise
        if request.staged_source is not None:
            place = self._settings.job_folder(job.job_id) / STAGED
            adopt_staged(self._settings, request.staged_source, place)
        try:
            if job.executor is ExecutorName.AIRFLOW:
                upload(self._settings, job)
            job = self.store.jobs.create(
                job,
                source_root=self._caller.root,
                note=f"Created by {self._caller.name}. {reason}".strip(),
            )
        except Exception:
            self._forget(job)
            raise
        self._wake()
        return job

    def preview(self, request: AutoMLTrainingRequest) -> str:
        """Return the DAG that a request would be rendered to; nothing is kept.

        Raises `InvalidInput` as `create` does.
        """
        return str(self._looked_at(request)[0].rendered_dag)

    def check(self, request: AutoMLTrainingRequest) -> TrainingCheck:
        """Return what a request would be as a job; nothing is kept.

        Raises `InvalidInput` as `create` does.
        """
        job, reason = self._looked_at(request)
        return TrainingCheck(
            name=job.name,
            problem_type=job.problem_type,
            reason=reason,
            time_limit=job.request.time_limit,
        )

    def get(self, job_id: UUID) -> TrainingJob:
        """Return one job."""
        return self.store.jobs.get(job_id)

    def find(self, wanted: TrainingJobFilter = NEWEST) -> TrainingJobPage:
        """Return a page of jobs, newest first unless sorted otherwise."""
        return self.store.jobs.find(wanted)

    def shown(self, job_id: UUID) -> ShownJob:
        """Return what the published APIs show of one job."""
        return self.store.shown_jobs.get(job_id)

    def find_shown(self, wanted: TrainingJobFilter = NEWEST) -> ShownPage:
        """Return a page of what the published APIs show of jobs."""
        return self.store.shown_jobs.find(wanted)

    def trigger(self, job_id: UUID) -> TrainingJob:
        """Queue a job that is ready."""
        note = f"Triggered by {self._caller.name}."
        job = self.store.jobs.transition(
            job_id, JobStatus.QUEUED, only_from=JobStatus.READY, note=note
        )
        self._wake()
        return job

    def stop(self, job_id: UUID) -> TrainingJob:
        """Stop a queued or running job; its worker registers what it has found and ends."""
        note = f"Stopped by {self._caller.name}"
        job = self.store.jobs.transition(
            job_id, JobStatus.STOPPED, note=f"{note}.", level=LogLevel.WARNING, error_message=note
        )
        self._wake()
        return job

    def extend(self, job_id: UUID, seconds: float) -> TrainingJob:
        """Queue a job that has a model again, to go on from its fits for so many seconds more.

        Its model stays until the new version is registered.

        Raises
        ------
        Conflict
            When it is under way, has no model, or does not run in kernels.
        InvalidInput
            When that is no time to train.
        """
        job = self.store.jobs.get(job_id)
        check_extendable(job)
        request = extended(job, seconds)
        job = self.store.jobs.transition(
            job_id,
            JobStatus.QUEUED,
            only_from=job.status,
            note=f"Extended by {seconds:g} s by {self._caller.name}.",
            request=request.model_dump(mode="json"),
        )
        self._wake()
        return job

    def delete(self, job_id: UUID) -> None:
        """Delete a job that is not running; its MLflow run and its registered model stay."""
        job = self.store.jobs.get(job_id)
        self.store.jobs.delete(job_id)
        self._forget(job)

    def logs(self, job_id: UUID, *, after: int = 0, limit: int = 1000) -> list[LogLine]:
        """Return log lines with ``seq > after``, oldest first."""
        self.store.jobs.get(job_id)
        return self.store.journal.lines(job_id, after=after, limit=limit)

    def recent_logs(
        self, job_id: UUID, *, lines: int = 100, since: datetime | None = None
    ) -> list[LogLine]:
        """Return the last lines, or the first ones after a moment; oldest first either way."""
        self.store.jobs.get(job_id)
        if since is None:
            return self.store.journal.last_lines(job_id, lines)
        return self.store.journal.lines_since(job_id, since, lines)

    def counts(self) -> dict[JobStatus, int]:
        """Return how many jobs are in each status."""
        return self.store.jobs.counts()

    def trials(self, job_id: UUID) -> list[Trial]:
        """Return a job's trials in the order of fitting."""
        self.store.jobs.get(job_id)
        return self.store.journal.trials(job_id)

    def notebook(self, job_id: UUID) -> JobDocument:
        """Return a notebook that rebuilds a job's model with plain libraries."""
        return notebook_document(self._settings, self.store.jobs.get(job_id))

    def report(self, job_id: UUID) -> JobDocument:
        """Return a job's report, one HTML file; `Conflict` for a job without a model."""
        return report_document(self.store.jobs.get(job_id))

    def write_status(
        self, job_id: UUID, update: AutoMLTrainingStatusUpdate, *, wait: bool = True
    ) -> ShownJob:
        """Take a DAG's writeback: a repeat changes nothing, a step backwards is only noted.

        Without ``wait`` it takes less than a millisecond, or raises `Busy` and has done nothing.
        """
        changes = update.model_dump(exclude={"status"}, exclude_none=True)
        wanted = JobStatus(update.status.value)
        return self.store.writebacks.take(job_id, wanted, wait=wait, **changes)

    def take_events(self, job_id: UUID, batch: TrainingEvents) -> TrainingEventsAccepted:
        """Take what a worker on another machine says; what was taken before is passed over."""
        return self.store.inbox.take(job_id, batch)

    def _forget(self, job: TrainingJob) -> None:
        """Remove a job's files, here and where they were uploaded."""
        shutil.rmtree(self._settings.job_folder(job.job_id), ignore_errors=True)
        if job.executor is ExecutorName.AIRFLOW:
            remove_uploaded(self._settings, job.job_id)
            discard_snapshot(self._settings, job.job_id)

    def _staged(self, request: AutoMLTrainingRequest) -> AutoMLTrainingRequest:
        """Return the request with its source set aside, where that is not done yet."""
        if request.staged_source is not None or self._caller.root is not None:
            return request
        staged = stage_source(self._settings, request.source_table, namespace={}, folder=Path.cwd())
        return request.model_copy(update={"staged_source": staged})

    def _looked_at(self, request: AutoMLTrainingRequest) -> tuple[TrainingJob, str]:
        """Check a request of which nothing is kept."""
        request = self._staged(request)
        try:
            return self._checked(request)
        finally:
            if request.staged_source is not None:
                discard_staged(self._settings, request.staged_source)

    def _checked(self, request: AutoMLTrainingRequest) -> tuple[TrainingJob, str]:
        """Return the job that a request asks for, or raise `InvalidInput`.

        Beside it stands why its problem type and its predictor type were chosen, empty where the
        request names them.
        """
        executor = chosen_executor(self._settings, request)
        source = source_of_request(self._settings, request, self._caller.root)
        profile = profile_source(source, request.label_column)
        task = Task.from_request(request)
        problem_type = problem_of(task, profile.columns, profile.label)
        check_rows(source, task, problem_type)
        contents = look_at_contents(source, profile.columns, task)
        predictor_type, kind = predictor_type_of(task, problem_type, contents)
        looked_at = network_kinds(replace(task, predictor_type=predictor_type), contents)
        check_networks(self._settings.networks, looked_at)
        name = request.name or _default_name(request, problem_type)
        now = utc_now()
        accepted = request.model_copy(
            update={
                "name": name,
                "problem_type": request.problem_type
                or (None if problem_type in SUPERVISED else problem_type),
                "predictor_type": predictor_type,
                "owner": request.owner or self._caller.name,
                "executor": executor,
                "time_limit": _time_limit(request),
                "mlflow_experiment_name": request.mlflow_experiment_name
                or f"automl-{request.domain}"[:MAX_TEXT],
                "registered_model_name": request.registered_model_name
                or _registry_name(f"{request.domain}-{name}"),
            }
        )
        job = TrainingJob(
            job_id=uuid4(),
            name=name,
            description=accepted.description,
            domain=accepted.domain,
            owner=accepted.owner or self._caller.name,
            organization_id=self._settings.organization_id,
            source_table=accepted.source_table,
            request=accepted,
            problem_type=problem_type,
            algorithm=accepted.algorithm or default_algorithm(problem_type),
            preset=accepted.preset,
            executor=executor,
            status=JobStatus.QUEUED if accepted.auto_trigger else JobStatus.READY,
            correlation_id=self._caller.correlation_id,
            created_at=now,
            updated_at=now,
            mlflow_experiment_name=accepted.mlflow_experiment_name,
            registered_model_name=accepted.registered_model_name,
            feature_engineering_job_id=accepted.feature_engineering_job_id,
        )
        job = job.model_copy(update=placed_in_airflow(job, self._settings))
        reason = "" if request.problem_type else reason_of(task, problem_type, profile.label)
        reason = f"{reason} {kind}".strip()
        return job.model_copy(update={"rendered_dag": render_job(job, self._settings)}), reason


def _time_limit(request: AutoMLTrainingRequest) -> float | None:
    """Return a job's budget in seconds; None where a number of trials stands in its place."""
    if request.max_trials is not None and request.time_limit is None:
        return None
    return request.time_limit or PRESET_SECONDS[request.preset]


def _default_name(request: AutoMLTrainingRequest, problem_type: ProblemType) -> str:
    """Return e.g. ``churn-churned`` for the label churned of data/churn.csv or a query on it."""
    named = re.search(r"\bfrom\s+['\"]?([^\s'\"();,]+)", request.source_table, re.IGNORECASE)
    source = named[1] if named else request.source_table
    if dotted(source) and not is_file_name(source):
        source = source.rpartition(".")[2]
    source = Path(source).name.split(".")[0]
    about = request.label_column or request.action_column or problem_type
    return _slug(f"{source}-{about}")[:80] or "job"


def _registry_name(name: str) -> str:
    return re.sub(r"[/:.]", "-", name)[:MAX_TEXT]


def _slug(text: str) -> str:
    return re.sub(r"[^\w-]+", "-", text).strip("-")
