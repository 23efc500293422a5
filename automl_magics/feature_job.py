"""The handle of a feature engineering job: what a notebook holds on to while it reviews."""

import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from automl_magics.contracts.errors import (
    AutoMLError,
    Conflict,
    NotFound,
    WaitInterrupted,
    did_you_mean,
)
from automl_magics.contracts.features import (
    FeatureEngineeringApproval,
    FeatureEngineeringJob,
    FeatureEngineeringRequest,
    FeatureEngineeringStatus,
    FeatureJobFilter,
    LabelSpec,
    RecipeEdits,
    TrainRequest,
    proposal_of,
)
from automl_magics.contracts.training import TrainingJob
from automl_magics.displays.progress import progress_display, seen_features
from automl_magics.displays.proposals import proposal_html, proposal_text
from automl_magics.displays.tables import JobLog
from automl_magics.displays.view import MAGIC, View
from automl_magics.session import Session

if TYPE_CHECKING:
    import pyarrow as pa

    from automl_magics.features.apply import KeptRecipe

INTERVAL = 0.3


class FeatureJobFailed(AutoMLError):
    """A feature engineering job that was waited for has failed; `job` is its handle."""

    def __init__(self, job: "FeatureJobHandle", message: str) -> None:
        super().__init__(message, hint="Its log says more; retry starts it anew.")
        self.job = job


class FeatureJobHandle(View):
    """A feature engineering job, seen through whatever way in there is."""

    def __init__(self, session: Session, record: FeatureEngineeringJob) -> None:
        self._session = session
        self.record = record
        """The whole record, as of the last look."""

    @property
    def id(self) -> UUID:
        """The job's id."""
        return self.record.job_id

    @property
    def status(self) -> FeatureEngineeringStatus:
        """The job's state now."""
        return self.refresh().record.status

    def refresh(self) -> "FeatureJobHandle":
        """Look at the job again."""
        self.record = self._session.features.get(self.id)
        return self

    def wait(self, *, progress: bool = True) -> "FeatureJobHandle":
        """Wait until nobody is at work on the job.

        Parameters
        ----------
        progress
            Show one updating display meanwhile.

        Raises
        ------
        FeatureJobFailed
            It failed, and says why.
        WaitInterrupted
            Interrupt ended the waiting; the job goes on.
        """
        try:
            with progress_display(visible=progress) as display:
                while self.refresh().record.status.is_at_work:
                    display.update(seen_features(self.record))
                    time.sleep(INTERVAL)
                display.update(seen_features(self.record))
        except KeyboardInterrupt:
            name = self.record.target_table_name
            raise WaitInterrupted(
                f"Stopped waiting; {name} goes on. Come back with features show {name} --wait."
            ) from None
        if self.record.status is FeatureEngineeringStatus.FAILED:
            reason = (self.record.error or "").rstrip(".")
            raise FeatureJobFailed(self, f"{self.record.target_table_name} failed: {reason}.")
        return self

    def edit(
        self,
        *,
        remove: list[str] | None = None,
        rename: Mapping[str, str] | None = None,
        label: LabelSpec | None = None,
        notes: str | None = None,
    ) -> "FeatureJobHandle":
        """Change the proposal; it is validated anew."""
        edits = RecipeEdits(
            remove_features=remove or [], rename=dict(rename or {}), label=label, notes=notes
        )
        self.record = self._session.features.edit(self.id, edits)
        return self

    def approve(
        self,
        *,
        edits: RecipeEdits | None = None,
        train: bool = False,
        train_request: TrainRequest | None = None,
    ) -> "FeatureJobHandle":
        """Have the table made, edited where asked, and a model trained on it where asked."""
        approval = FeatureEngineeringApproval(
            edits=edits or RecipeEdits(), auto_train=train, train_request=train_request
        )
        self.record = self._session.features.approve(self.id, approval)
        return self

    def retry(self) -> "FeatureJobHandle":
        """Start a failed job anew: the crew, or the making of the table that was approved."""
        self.record = self._session.features.retry(self.id)
        return self

    def delete(self) -> None:
        """Delete the job; a table that it made stays."""
        self._session.features.delete(self.id)

    def logs(self) -> JobLog:
        """Return the job's log."""
        return JobLog(self._session.features.logs(self.id, limit=10_000))

    def kept(self) -> "KeptRecipe":
        """Return the recipe with its joins; `Conflict` before there is one."""
        from automl_magics.features.apply import KeptRecipe

        if self.record.recipe is None or self.record.plan is None:
            raise Conflict(
                f"{self.record.target_table_name} is {self.record.status}, no recipe yet."
            )
        return KeptRecipe(self.record.recipe, self.record.plan)

    def apply(
        self, sources: Mapping[str, Any] | None = None, *, cutoff: datetime | None = None
    ) -> "pa.Table":
        """Return the features of new rows (see `table_from_sources`)."""
        return table_from_sources(
            self._session, self.kept(), sources or {}, cutoff=cutoff, folder=Path.cwd()
        )

    def text(self, command: str = MAGIC) -> str:
        """Return the proposal as text."""
        return proposal_text(self._newest(), command)

    def html(self) -> str:
        """Return the proposal as a card with its features, its SQL and its validation."""
        return proposal_html(self._newest())

    def data(self) -> dict[str, Any]:
        """Return the proposal as published."""
        document: dict[str, Any] = proposal_of(self._newest()).model_dump(mode="json")
        return document

    def _newest(self) -> FeatureEngineeringJob:
        try:
            return self.refresh().record
        except AutoMLError:
            return self.record


def propose_features(
    session: Session,
    request: FeatureEngineeringRequest,
    *,
    namespace: Mapping[str, Any],
    folder: Path,
) -> FeatureJobHandle:
    """Start the crew; tables and variables are handed over where jobs are kept on this machine."""
    if not session.way.is_local:
        return FeatureJobHandle(session, session.features.create(request))
    from automl_magics.data.staging import discard_staged, stage_source

    staged: dict[str, UUID] = {}
    try:
        for text in request.source_tables:
            staged[text] = stage_source(session.settings, text, namespace=namespace, folder=folder)
        asked = request.model_copy(update={"staged_sources": staged})
        return FeatureJobHandle(session, session.features.create(asked))
    except AutoMLError:
        for one in staged.values():
            discard_staged(session.settings, one)
        raise


def recipe_of_job(session: Session, job: TrainingJob) -> "KeptRecipe":
    """Return the recipe of the table that a job was trained on; `Conflict` where it has none."""
    from automl_magics.features.apply import recipe_of_table

    if job.feature_engineering_job_id is None:
        raise Conflict(
            f"{job.name} was not trained on a table that the crew made.",
            hint="Name the rows to predict.",
        )
    try:
        record = session.features.get(job.feature_engineering_job_id)
        return FeatureJobHandle(session, record).kept()
    except NotFound:  # that job was deleted; the table remembers
        kept = recipe_of_table(session.settings.workspace_path, job.source_table)
        if kept is None:
            raise Conflict(f"The recipe of {job.source_table} is gone.") from None
        return kept


def find_feature_job(session: Session, text: str) -> FeatureJobHandle:
    """Return the newest job of this target table, or the one whose id begins so."""
    text = text.strip()
    found = session.features.find(FeatureJobFilter(name=text, limit=1)).jobs
    plain = text.replace("-", "").lower()
    if not found and len(plain) >= 8:
        near = session.features.find(FeatureJobFilter(search=plain, limit=200)).jobs
        found = [job for job in near if job.job_id.hex.startswith(plain)]
    if found:
        return FeatureJobHandle(session, found[0])
    known = [job.target_table_name for job in session.features.find().jobs]
    raise NotFound(
        f"There is no feature engineering job {text!r}.",
        hint=did_you_mean(text, dict.fromkeys(known)) or "There are none yet.",
    )


def table_from_sources(
    session: Session,
    kept: "KeptRecipe",
    sources: Mapping[str, Any],
    *,
    cutoff: datetime | None = None,
    namespace: Mapping[str, Any] | None = None,
    folder: Path,
) -> "pa.Table":
    """Return the grain and the features that a recipe makes of source tables.

    Parameters
    ----------
    sources
        Where to take a source table from now, by its name: a frame, a table, a file or a SELECT.
        The others are read from where they were.
    cutoff
        The moment to look back from; see `features.apply.apply_recipe`.
    """
    from automl_magics.data.frames import is_frame, to_arrow
    from automl_magics.data.source import read_source
    from automl_magics.features.apply import apply_recipe, needed_sources

    needed = needed_sources(kept)
    unknown = [name for name in sources if name not in {*needed, *needed.values()}]
    if unknown:
        raise NotFound(
            f"The recipe reads no source table {unknown[0]!r}.",
            hint=did_you_mean(unknown[0], needed),
        )
    tables = {}
    for name, text in needed.items():
        given = sources.get(name, sources.get(text, text))
        tables[name] = (
            to_arrow(given, name=name)
            if is_frame(given)
            else read_source(session.settings, str(given), namespace=namespace, folder=folder)
        )
    return apply_recipe(kept, tables, cutoff=cutoff)
