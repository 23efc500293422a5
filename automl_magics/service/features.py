"""The verbs for feature engineering jobs, done on the store.

The crew works in a process of its own (`automl_magics.crew_worker`), which needs nobody: this
service starts it, and tells when it has died.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from automl_magics.contracts.enums import LogLevel
from automl_magics.contracts.errors import Conflict, InvalidInput, NotFound, did_you_mean
from automl_magics.contracts.features import (
    NEWEST_FEATURE_JOBS,
    FeatureEngineeringApproval,
    FeatureEngineeringJob,
    FeatureEngineeringPage,
    FeatureEngineeringRequest,
    FeatureEngineeringStatus,
    FeatureJobFilter,
    RecipeEdits,
)
from automl_magics.contracts.training import LogLine
from automl_magics.data.profile import profile_source
from automl_magics.data.staging import adopt_staged, discard_staged, stage_source
from automl_magics.service import crew
from automl_magics.service.approval import (
    STAGED,
    edited_recipe,
    training_request,
    validated,
)
from automl_magics.service.caller import Caller
from automl_magics.service.source_of import source_of_table
from automl_magics.settings import Settings
from automl_magics.store import Store
from automl_magics.store.jobs import utc_now

DIED = "The crew's process ended without a word: it was killed, or the machine went down."


class FeatureService:
    """Start the crew, review and approve what it proposes (see `contracts.verbs.FeatureJobs`).

    Parameters
    ----------
    store, settings
        Where jobs live.
    caller
        On whose behalf; the person who runs this process when left out.
    detached
        Whether nobody here will dispatch the training job that an approval asks for.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        *,
        caller: Caller | None = None,
        detached: bool = False,
    ) -> None:
        self._store = store
        self._settings = settings
        self._caller = caller or Caller()
        self._detached = detached

    def on_behalf_of(self, caller: Caller) -> "FeatureService":
        """Return the same service for another caller."""
        return FeatureService(self._store, self._settings, caller=caller, detached=self._detached)

    def create(self, request: FeatureEngineeringRequest) -> FeatureEngineeringJob:
        """Check a request against its tables' columns and start the crew on it.

        Raises
        ------
        InvalidInput
            With the request's field; nothing is left behind then.
        """
        with self._staged(request) as staged_request:
            self._check(staged_request)
            now, job_id = utc_now(), uuid4()
            owner = staged_request.owner or self._caller.name
            accepted = staged_request.model_copy(
                update={"crew": staged_request.crew or self._settings.crew, "owner": owner}
            )
            place = self._settings.folder("jobs", str(job_id), STAGED)
            for number, text in enumerate(accepted.source_tables):
                if (staged := accepted.staged_sources.get(text)) is not None:
                    adopt_staged(self._settings, staged, place / str(number))
        job = FeatureEngineeringJob(
            job_id=job_id,
            target_table_name=accepted.target_table_name,
            description=accepted.description,
            domain=accepted.domain,
            owner=owner,
            request=accepted,
            status=FeatureEngineeringStatus.RUNNING,
            correlation_id=self._caller.correlation_id,
            created_at=now,
            updated_at=now,
            started_at=now,
            heartbeat_at=now,
        )
        note = f"Created by {self._caller.name}."
        try:
            job = self._store.feature_jobs.create(job, source_root=self._caller.root, note=note)
        except Exception:
            shutil.rmtree(self._settings.job_folder(job_id), ignore_errors=True)
            raise
        return self._set_to_work(job)

    def get(self, job_id: UUID) -> FeatureEngineeringJob:
        """Return one job."""
        return self._seen(self._store.feature_jobs.get(job_id))

    def find(self, wanted: FeatureJobFilter = NEWEST_FEATURE_JOBS) -> FeatureEngineeringPage:
        """Return a page of jobs, newest first."""
        self.recover()
        return self._store.feature_jobs.find(wanted)

    def approve(self, job_id: UUID, approval: FeatureEngineeringApproval) -> FeatureEngineeringJob:
        """Check the edits and have the table made, in a process of its own.

        Raises
        ------
        InvalidInput
            For edits that do not fit the recipe or do not run, or a training request that cannot
            be; its field is a place in the approval.
        Conflict
            Unless the job is pending approval.
        """
        job = self.get(job_id)
        if job.status is not FeatureEngineeringStatus.PENDING_APPROVAL:
            # the store knows how to say it
            self._store.feature_jobs.transition(
                job_id, FeatureEngineeringStatus.APPROVED, note="", attempt=job.attempt
            )
        recipe = edited_recipe(job, approval.edits)
        if approval.auto_train:
            training_request(approval.train_request, recipe, job_id)
        edited = self._edited(job, approval.edits) if approval.edits != RecipeEdits() else {}
        approved = self._store.feature_jobs.transition(
            job_id,
            FeatureEngineeringStatus.APPROVED,
            note=f"Approved by {self._caller.name}.",
            attempt=job.attempt,
            approval=approval.model_dump(mode="json", exclude_unset=True),
            **edited,
            **self._tied(),
        )
        return self._set_to_work(approved)

    def edit(self, job_id: UUID, edits: RecipeEdits) -> FeatureEngineeringJob:
        """Change a proposal, which is validated anew and goes on waiting for approval.

        Raises
        ------
        InvalidInput
            For edits that do not fit the recipe, or that do not run.
        Conflict
            Unless the job is pending approval.
        """
        job = self.get(job_id)
        if job.status is not FeatureEngineeringStatus.PENDING_APPROVAL or job.plan is None:
            raise Conflict(f"A feature engineering job that is {job.status} cannot be edited.")
        return self._store.feature_jobs.revise(
            job_id,
            seen=job.updated_at,
            note=f"Edited by {self._caller.name}.",
            **self._edited(job, edits),
            **self._tied(),
        )

    def retry(self, job_id: UUID) -> FeatureEngineeringJob:
        """Start a failed job anew: the crew, or the making of the table that was approved."""
        self.get(job_id)
        note = f"Retried by {self._caller.name}."
        job = self._store.feature_jobs.transition(
            job_id, FeatureEngineeringStatus.RUNNING, note=note, **self._tied()
        )
        return self._set_to_work(job)

    def delete(self, job_id: UUID) -> None:
        """Delete a job that nothing works on; a table that it made stays in the workspace."""
        self.get(job_id)
        self._store.feature_jobs.delete(job_id)
        shutil.rmtree(self._settings.job_folder(job_id), ignore_errors=True)

    def logs(self, job_id: UUID, *, after: int = 0, limit: int = 1000) -> list[LogLine]:
        """Return log lines with ``seq > after``, oldest first."""
        self.get(job_id)
        return self._store.feature_jobs.lines(job_id, after=after, limit=limit)

    def recover(self) -> None:
        """Mark the jobs whose process has died as failed."""
        for job in self._store.feature_jobs.at_work():
            self._seen(job)

    def _edited(self, job: FeatureEngineeringJob, edits: RecipeEdits) -> dict[str, Any]:
        """Return the columns of a proposal with edits, which have been tried."""
        from automl_magics.features.author import write_sql

        recipe, summary = validated(self._settings, job, edits)
        return {
            "recipe": recipe.model_dump(mode="json"),
            "sql": None if job.plan is None else write_sql(recipe, job.plan),
            "validation": summary.model_dump(mode="json"),
        }

    def _set_to_work(self, job: FeatureEngineeringJob) -> FeatureEngineeringJob:
        def ended() -> None:
            with suppress(NotFound):
                self._seen(self._store.feature_jobs.get(job.job_id), is_over=job.attempt)

        try:
            place = crew.start(self._settings, job, detached=self._detached, ended=ended)
        except OSError as error:
            self._fail(job, f"The crew's process could not be started: {error.strerror}.")
        else:
            self._store.feature_jobs.describe(
                job.job_id, job.attempt, worker=place.model_dump(mode="json")
            )
        return self._store.feature_jobs.get(job.job_id)

    def _seen(
        self, job: FeatureEngineeringJob, *, is_over: int | None = None
    ) -> FeatureEngineeringJob:
        """Return a job as it is, failed when its process has died."""
        if not job.status.is_at_work or (is_over is not None and job.attempt != is_over):
            return job
        if crew.is_alive(job):
            return job
        return self._fail(job, DIED)

    def _fail(self, job: FeatureEngineeringJob, reason: str) -> FeatureEngineeringJob:
        with suppress(Conflict):  # it has ended by itself in between
            return self._store.feature_jobs.transition(
                job.job_id,
                FeatureEngineeringStatus.FAILED,
                note=reason,
                level=LogLevel.ERROR,
                attempt=job.attempt,
                error=reason,
            )
        return self._store.feature_jobs.get(job.job_id)

    def _tied(self) -> dict[str, Any]:
        """Return the columns that tie a job to the request that changes it."""
        given = self._caller.correlation_id
        return {} if given is None else {"correlation_id": given}

    @contextmanager
    def _staged(self, request: FeatureEngineeringRequest) -> Iterator[FeatureEngineeringRequest]:
        """Set a person's own sources aside; drop what is staged when the request is refused."""
        staged = dict(request.staged_sources)
        try:
            if self._caller.root is None:
                for text in request.source_tables:
                    if text not in staged:
                        staged[text] = stage_source(
                            self._settings, text, namespace={}, folder=Path.cwd()
                        )
            yield request.model_copy(update={"staged_sources": staged})
        except Exception:
            for one in staged.values():
                discard_staged(self._settings, one)
            raise

    def _check(self, request: FeatureEngineeringRequest) -> None:
        """Refuse a request whose tables, grain or label are not there."""
        from automl_magics.features.publish import check_free

        columns: set[str] = set()
        for text in request.source_tables:
            staged = request.staged_sources.get(text)
            folder = None if staged is None else self._settings.staged_folder(staged)
            source = source_of_table(self._settings, text, root=self._caller.root, staged=folder)
            try:
                columns |= {name.lower() for name in profile_source(source, None).columns}
            except InvalidInput as error:
                raise InvalidInput(error.message, hint=error.hint, field="source_tables") from None
        named = [("entity_grain", name) for name in request.entity_grain]
        named += [("label", request.label.column)] if request.label.column else []
        named += [("time_column", request.time_column)] if request.time_column else []
        for field, name in named:
            plain = name.rpartition(".")[2]
            if plain.lower() not in columns:
                raise InvalidInput(
                    f"No source table has a column {plain!r}.",
                    hint=did_you_mean(plain, sorted(columns)),
                    field=field,
                )
        check_free(self._settings.workspace_path, request.target_table_name)
